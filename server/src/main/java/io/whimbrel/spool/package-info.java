/// Durable messages and recipient states: an append-only log with group commit.
///
/// Comes in: envelopes, bodies, outcomes, operator actions. Goes out: messages, recovered state,
/// and every durable record in order. Must not know: SMTP sessions, queues, retry rules.
///
/// The log is a row of segments, files of one size that are written in place and used again. One
/// thread writes: it takes what waits in the [Inbox], writes it as one batch, syncs once, applies
/// each record to [LiveMessages], and releases all callers. Recovery reads the same records and
/// applies them to the same class. Another thread keeps the index in step and brings back what is
/// due ([Indexer]): mail that the schedule does not hold is a row there, and no object. Bytes and
/// rules are in `docs/spool-format.md`. How each promise of the design is kept:
///
/// *Accepted means durable.* [Spool#accept] returns `Stored` after the sync of the batch that holds
/// the `accepted` record; all parts of the message are in that batch or in earlier ones, which were
/// synced before it was written. A batch counts as a whole or not at all.
///
/// *A failed sync is final.* [SpoolWriter] leaves the file for good, refuses mail until the next
/// start, and names the last good end in the header of a fresh segment. Outcomes wait in memory
/// until some segment takes them; while none does, [Spool#append] waits, and so deliveries stop.
///
/// *A full disk refuses mail and nothing else.* [SegmentPool] keeps one spare whatever the disk
/// says; mail gets a fresh segment only while the reserve is free. Reclaim needs no new segment:
/// the end of each one is kept for marks.
///
/// *Never lost, bounces before causes.* A recipient leaves the queue by a `settled` record that was
/// synced. Reports stand in the batch of their cause, before it.
///
/// *Duplicates are bounded.* Outcomes ride with the next sync, and get one of their own at the
/// latest after `outcomeSyncMost`; while a sync takes long, [Spool#append] waits.
///
/// *Torn data is told from damage.* Every batch proves what is before it, for the writer syncs each
/// before it writes the next; marks prove the last one ([SpoolSegment.Scan]).
///
/// *No other message's bytes.* A reader checks generation, CRC, id and number of each part; a
/// generation is used once, and half of it is random ([BodyReader]).
///
/// *Events are neither lost nor forged.* [CommittedRecords] reads the log from the reader's own
/// durable position; a segment goes only after the reader released it.
///
/// *The index is never ahead of what it says, nor behind.* Rows hold durable records only; a
/// recovery begins where the last checkpoint says, and records read twice change nothing
/// ([Checkpoints]).
///
/// *Counts are exact.* How many recipients are in a queue is what rows say and what messages in
/// memory have become since ([QueueRows]); nothing is counted on the path of a message.
///
/// *Only the oldest segment goes.* What still matters in it is copied to the end first ([Carrier]);
/// the batch that says that it is gone is synced before its file is used again.
@NullMarked
package io.whimbrel.spool;

import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolSegment;

import org.jspecify.annotations.NullMarked;
