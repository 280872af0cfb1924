package io.whimbrel.outcome;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.spool.AttemptFacts;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Takes recipients out of the queue for good, at an operator's word. Confined to one thread; for
/// one call of [#run].
///
/// Its unit is a piece: some recipients of an entry, with the report that tells the sender about
/// just them. A piece is in one batch, so that the disk takes its record and its report or neither,
/// and a batch is waited for before the schedule learns of it: whatever fails, a recipient either
/// is gone and its sender was told, or waits in the queue as before.
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

    /// What is still in the queue of each entry.
    private final Map<QueueEntry, BitSet> left = new LinkedHashMap<>();

    private final List<Piece> pending = new ArrayList<>();
    private int pendingBytes;
    private long removed;

    private record Piece(QueueEntry entry, Settled record, List<Report> report) {

        int reportBytes() {
            return report.isEmpty() ? 0 : report.getFirst().body().length;
        }
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

    /// Removes; what could not be removed is back in the queue when this returns or throws.
    ///
    /// @param entries in flight
    /// @return recipients removed
    /// @throws IOException where the disk refused a batch
    long run(List<QueueEntry> entries) throws IOException {
        for (QueueEntry entry : entries) {
            left.put(entry, setOf(entry.recipients()));
        }
        try {
            for (QueueEntry entry : entries) {
                for (Piece piece : pieces(entry, effects.now())) {
                    add(piece);
                }
            }
            flush();
        } finally {
            left.forEach((entry, rest) -> effects.finished(entry, List.of(only(entry, rest))));
        }
        return removed;
    }

    private void add(Piece piece) throws IOException {
        boolean isFull =
                pending.size() == RECORDS_MAX
                        || pendingBytes + piece.reportBytes() > REPORT_BYTES_MAX;
        if (isFull) {
            flush();
        }
        pending.add(piece);
        pendingBytes += piece.reportBytes();
    }

    private void flush() throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        var batch =
                new SpoolBatch(
                        pending.stream().<SpoolRecord>map(Piece::record).toList(),
                        pending.stream().flatMap(piece -> piece.report().stream()).toList());
        List<SpooledMessage> made = effects.appendAndWait(batch);
        for (Piece piece : pending) {
            BitSet rest = left.getOrDefault(piece.entry(), new BitSet());
            rest.andNot(setOf(piece.record().recipients()));
            removed += piece.record().recipients().size();
            if (rest.isEmpty()) {
                left.remove(piece.entry());
                effects.finished(piece.entry(), List.of());
            }
        }
        pending.clear();
        pendingBytes = 0;
        Settlement.count(metrics, batch);
        effects.admit(made);
    }

    /// One piece for each report, and one for the recipients about whom nobody wants to know.
    private List<Piece> pieces(QueueEntry entry, Instant now) {
        var pieces = new ArrayList<Piece>(1);
        BitSet untold = setOf(entry.recipients());
        for (var told : reports.write(entry, notices(entry), entry.attempts(), now)) {
            var numbers = new BitSet();
            told.notices().forEach(notice -> numbers.set(notice.number()));
            untold.andNot(numbers);
            pieces.add(piece(entry, numbers, List.of(told.report()), now));
        }
        if (!untold.isEmpty()) {
            pieces.add(piece(entry, untold, List.of(), now));
        }
        return pieces;
    }

    private List<Notice> notices(QueueEntry entry) {
        boolean isBounce = disposition == Disposition.BOUNCED_BY_OPERATOR;
        var notices = new ArrayList<Notice>();
        Envelope envelope = entry.message().envelope();
        for (int i = 0; isBounce && i < entry.recipients().size(); i++) {
            int number = entry.recipients().get(i);
            if (Notice.isWanted(envelope, number, Notice.Kind.RETURNED)) {
                notices.add(new Notice(number, Notice.Kind.RETURNED, facts));
            }
        }
        return notices;
    }

    private Piece piece(QueueEntry entry, BitSet numbers, List<Report> report, Instant now) {
        var record =
                new Settled(
                        now,
                        entry.message().id(),
                        numbersOf(numbers),
                        disposition,
                        entry.attempts(),
                        facts);
        return new Piece(entry, record, report);
    }

    private static QueueEntry only(QueueEntry entry, BitSet recipients) {
        return new QueueEntry(
                entry.message(),
                entry.domain(),
                numbersOf(recipients),
                entry.attempts(),
                entry.dueAt(),
                entry.isDelayNotified());
    }

    private static RecipientNumbers numbersOf(BitSet set) {
        return RecipientNumbers.of(set.stream().toArray());
    }

    private static BitSet setOf(RecipientNumbers numbers) {
        var set = new BitSet();
        for (int i = 0; i < numbers.size(); i++) {
            set.set(numbers.get(i));
        }
        return set;
    }
}
