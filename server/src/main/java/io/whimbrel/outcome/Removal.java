package io.whimbrel.outcome;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.RecoveredMessage.Waiting;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolBatch.Report;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpoolRecord.Settled;
import io.whimbrel.spool.SpooledMessage;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// Takes recipients that rest out of the queue for good, for a job. Confined to one thread; for one
/// call of [#run].
///
/// Its unit is a piece: some recipients of a message, with the report that tells the sender about
/// just them. A piece is in one batch, so that the disk takes its record and its report or neither;
/// and how far the job is stands in the same batch. So whatever fails, a recipient either is gone,
/// counted, and its sender was told, or rests as before.
final class Removal {
    /// Of one batch: with texts of [Facts#TEXT_MAX] and reports it stays under 1 MiB.
    private static final int RECORDS_MAX = 200;

    /// Of one batch; a single report is never larger.
    private static final int REPORT_BYTES_MAX = 256 << 10;

    private final Effects effects;
    private final Metrics metrics;
    private final SenderReports reports;
    private final Disposition disposition;
    private final AttemptFacts facts;
    private final List<Piece> pending = new ArrayList<>();
    private int pendingBytes;

    private record Piece(Settled record, List<Report> report) {

        int reportBytes() {
            return report.isEmpty() ? 0 : report.getFirst().body().length;
        }
    }

    /// Keeps count of what is removed.
    interface Tally {
        /// The record that says that so many more recipients are removed.
        SpoolRecord record(long more);

        /// That record is durable.
        void removed(long more);
    }

    /// @param isBounce return them to their senders; where not, they vanish
    /// @param reason may be `""`
    Removal(SenderReports reports, boolean isBounce, String reason) {
        this.reports = reports;
        effects = reports.effects();
        metrics = reports.metrics();
        disposition = isBounce ? Disposition.BOUNCED_BY_OPERATOR : Disposition.DELETED_BY_OPERATOR;
        facts = Facts.byOperator(isBounce ? "5.0.0" : "", reason);
    }

    /// Removes.
    ///
    /// @param messages with the recipients to remove, which rest
    /// @throws IOException where the disk refused a batch
    void run(List<RecoveredMessage> messages, Tally tally) throws IOException {
        for (RecoveredMessage message : messages) {
            for (Waiting group : message.waiting()) {
                for (Piece piece : pieces(message.message(), group, effects.now())) {
                    add(piece, tally);
                }
            }
        }
        flush(tally);
    }

    private void add(Piece piece, Tally tally) throws IOException {
        boolean isFull =
                pending.size() == RECORDS_MAX
                        || pendingBytes + piece.reportBytes() > REPORT_BYTES_MAX;
        if (isFull) {
            flush(tally);
        }
        pending.add(piece);
        pendingBytes += piece.reportBytes();
    }

    private void flush(Tally tally) throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        var records = new ArrayList<SpoolRecord>(pending.size() + 1);
        long recipients = 0;
        for (Piece piece : pending) {
            records.add(piece.record());
            recipients += piece.record().recipients().size();
        }
        records.add(tally.record(recipients));
        var batch =
                new SpoolBatch(
                        records,
                        pending.stream().flatMap(piece -> piece.report().stream()).toList());
        List<SpooledMessage> made = effects.appendAndWait(batch);
        tally.removed(recipients);
        pending.clear();
        pendingBytes = 0;
        Settlement.count(metrics, batch);
        effects.admit(made);
    }

    /// One piece for each report, and one for the recipients about whom nobody wants to know.
    private List<Piece> pieces(SpooledMessage message, Waiting group, Instant now) {
        var pieces = new ArrayList<Piece>(1);
        BitSet untold = setOf(group.recipients());
        for (var told : reports.write(message, notices(message, group), group.attempts(), now)) {
            var numbers = new BitSet();
            told.notices().forEach(notice -> numbers.set(notice.number()));
            untold.andNot(numbers);
            pieces.add(piece(message, numbers, group.attempts(), List.of(told.report()), now));
        }
        if (!untold.isEmpty()) {
            pieces.add(piece(message, untold, group.attempts(), List.of(), now));
        }
        return pieces;
    }

    private List<Notice> notices(SpooledMessage message, Waiting group) {
        boolean isBounce = disposition == Disposition.BOUNCED_BY_OPERATOR;
        var notices = new ArrayList<Notice>();
        Envelope envelope = message.envelope();
        for (int i = 0; isBounce && i < group.recipients().size(); i++) {
            int number = group.recipients().get(i);
            if (Notice.isWanted(envelope, number, Notice.Kind.RETURNED)) {
                notices.add(new Notice(number, Notice.Kind.RETURNED, facts));
            }
        }
        return notices;
    }

    private Piece piece(
            SpooledMessage message,
            BitSet numbers,
            int attempts,
            List<Report> report,
            Instant now) {
        var recipients = RecipientNumbers.of(numbers.stream().toArray());
        var record = new Settled(now, message.id(), recipients, disposition, attempts, facts);
        return new Piece(record, report);
    }

    private static BitSet setOf(RecipientNumbers numbers) {
        var set = new BitSet();
        for (int i = 0; i < numbers.size(); i++) {
            set.set(numbers.get(i));
        }
        return set;
    }
}
