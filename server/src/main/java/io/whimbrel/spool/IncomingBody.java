package io.whimbrel.spool;

import io.whimbrel.mail.QueueId;
import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The bytes of a message while they arrive. Confined to one thread.
///
/// Up to one part (256 KiB) is held in memory; beyond it, full parts go into the log as they fill,
/// and [#write] waits while the writer is behind. A body that is never accepted is garbage in the
/// log, reclaimed with its segment; [#close] forgets it.
public final class IncomingBody implements AutoCloseable {
    private static final int FIRST_BYTES = 8192;

    private final Spool spool;
    private final SpooledMessage.Draft draft;
    private final int partBytes;
    private byte[] part;
    private int length;
    private long size;
    private int parts;
    private Optional<Inbox.Submission> underway = Optional.empty();
    private Optional<SmtpReply> trouble = Optional.empty();
    private final List<SpoolRecord.Deferred> past = new ArrayList<>(0);

    IncomingBody(Spool spool, QueueId id, int partBytes) {
        this.spool = spool;
        this.draft = new SpooledMessage.Draft(id);
        this.partBytes = partBytes;
        this.part = new byte[Math.min(FIRST_BYTES, partBytes)];
    }

    /// The id that the message will have when it is accepted; for its Received field.
    public QueueId id() {
        return draft.id();
    }

    /// Adds bytes. Trouble with the disk is remembered, and told by [Spool#accept].
    public void write(byte[] bytes, int from, int count) {
        size += count;
        int at = from;
        int rest = count;
        while (rest > 0 && trouble.isEmpty()) {
            if (length == partBytes) {
                sendPart();
            }
            int some = Math.min(rest, partBytes - length);
            ensure(length + some);
            System.arraycopy(bytes, at, part, length, some);
            length += some;
            at += some;
            rest -= some;
        }
    }

    /// Bytes so far.
    public long size() {
        return size;
    }

    /// The message was queued elsewhere before: recipients of it go on where they stood. Becomes
    /// durable with the message, in the same batch.
    ///
    /// @param record with the id of this message
    public void wasTried(SpoolRecord.Deferred record) {
        past.add(record);
    }

    List<SpoolRecord.Deferred> past() {
        return past;
    }

    /// Forgets what was not accepted. Without effect after [Spool#accept].
    @Override
    public void close() {
        draft.drop();
    }

    SpooledMessage.Draft draft() {
        return draft;
    }

    /// Parts that have been sent.
    int parts() {
        return parts;
    }

    /// Why the message cannot be accepted, once its parts so far are known to be in the log.
    Optional<SmtpReply> trouble() {
        awaitPart();
        return trouble;
    }

    /// The part that was not sent yet; of zero bytes where there is none.
    Inbox.Bytes lastPart() {
        return new Inbox.Bytes(part, 0, length);
    }

    /// The records for `bytes` as the parts of `draft` from number `first` on.
    static List<Inbox.Item> partRecords(
            SpooledMessage.Draft draft, int first, Inbox.Bytes bytes, int partBytes) {
        var records = new ArrayList<Inbox.Item>(2);
        for (int from = 0; from < bytes.length(); from += partBytes) {
            int some = Math.min(partBytes, bytes.length() - from);
            var entry = new LogEntry.BodyPart(draft.id(), first + records.size());
            var slice = new Inbox.Bytes(bytes.array(), bytes.from() + from, some);
            records.add(Inbox.Item.of(entry, slice, draft));
        }
        return records;
    }

    /// At most one part of a body is on its way: a fast client waits here for the disk.
    private void sendPart() {
        awaitPart();
        if (trouble.isPresent()) {
            return;
        }
        List<Inbox.Item> records = partRecords(draft, parts, lastPart(), partBytes);
        underway = Optional.of(spool.submitPart(records));
        parts++;
        part = new byte[partBytes];
        length = 0;
    }

    private void awaitPart() {
        if (underway.isPresent()) {
            trouble = spool.await(underway.get());
            underway = Optional.empty();
        }
    }

    private void ensure(int wanted) {
        if (wanted > part.length) {
            part = Arrays.copyOf(part, Math.min(partBytes, Math.max(wanted, part.length * 2)));
        }
    }
}
