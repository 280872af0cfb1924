package io.whimbrel.outcome;

import io.whimbrel.mail.Envelope;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolBatch.Report;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpooledMessage;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// Draws every consequence of an attempt: the only place where recipients leave the queue, are
/// retried, bounced, expired, reported about and counted. Thread-safe.
///
/// [Verdicts] decides, [DsnWriter] writes, and the rest is the order of things:
///
/// 1. records and reports go to the log as one batch, so that a bounce is durable no later than the
///    outcome that it reports. Where outcomes cannot be made durable the spool waits, and delivery
///    stops by itself;
/// 2. then the schedule learns what stays queued: a retry can never be in the log before the
///    deferral that it follows;
/// 3. once the batch is durable, the reports are queued.
public final class Settlement {
    /// Records of one batch; with texts of [Facts#TEXT_MAX] it stays well under 1 MiB.
    private static final int BATCH_RECORDS_MAX = 100;

    private final Effects effects;
    private final Metrics metrics;
    private final RandomGenerator random;
    private volatile ReportSettings settings;

    /// @param random spreads retries; must be thread-safe, as [java.util.Random] is
    public Settlement(
            ReportSettings settings,
            Spool spool,
            Schedule schedule,
            Metrics metrics,
            InstantSource clock,
            RandomGenerator random) {
        this(settings, new NodeEffects(spool, schedule, clock), metrics, random);
    }

    Settlement(ReportSettings settings, Effects effects, Metrics metrics, RandomGenerator random) {
        this.settings = settings;
        this.effects = effects;
        this.metrics = metrics;
        this.random = random;
    }

    /// Takes new settings, for attempts that end from now on.
    public void reconfigure(ReportSettings changed) {
        settings = changed;
    }

    /// Draws every consequence of an attempt: settles, retries, bounces, expires, notifies. Waits
    /// only where the spool does. Where this throws (a bug, or the spool is closed) the entry stays
    /// in flight and is found again at the next start.
    public void settle(Attempt attempt) {
        Instant now = effects.now();
        Consequences consequences =
                Verdicts.decide(attempt, settings.retry(), now, random::nextDouble);
        QueueEntry entry = attempt.entry();
        List<SpoolBatch> batches =
                batches(
                        consequences.records(),
                        reports(entry, consequences.notices(), entry.attempts() + 1, now));
        batches.forEach(this::append);
        effects.finished(entry, consequences.retries());
        batches.forEach(this::count);
    }

    /// Takes recipients out of the queue for good, at an operator's word, and waits until that is
    /// durable.
    ///
    /// @param entries as [Schedule#takeOut] gave them
    /// @param isBounce return them to their senders; where not, they vanish
    /// @param reason of the operator, for the event log and the sender; may be `""`
    /// @return recipients removed
    /// @throws IOException where the last outcome could not be made durable
    public long remove(List<QueueEntry> entries, boolean isBounce, String reason)
            throws IOException {
        long removed = 0;
        for (int i = 0; i < entries.size(); i++) {
            QueueEntry entry = entries.get(i);
            Instant now = effects.now();
            List<SpoolBatch> batches = removal(entry, isBounce, reason, now);
            boolean isLast = i == entries.size() - 1;
            // The log is in order: when the last is durable, all are.
            for (SpoolBatch batch : isLast ? batches.subList(0, batches.size() - 1) : batches) {
                append(batch);
            }
            if (isLast) {
                appendLast(entry, batches.getLast());
            }
            effects.finished(entry, List.of());
            batches.forEach(this::count);
            removed += entry.recipients().size();
        }
        return removed;
    }

    /// @throws IOException where it could not be made durable; the entry stays in the queue then
    private void appendLast(QueueEntry entry, SpoolBatch batch) throws IOException {
        try {
            effects.admit(effects.appendAndWait(batch));
        } catch (IOException e) {
            effects.finished(entry, List.of(entry));
            throw e;
        }
    }

    private List<SpoolBatch> removal(
            QueueEntry entry, boolean isBounce, String reason, Instant now) {
        AttemptFacts facts = Facts.byOperator(isBounce ? "5.0.0" : "", reason);
        var settled =
                new SpoolRecord.Settled(
                        now,
                        entry.message().id(),
                        entry.recipients(),
                        isBounce
                                ? Disposition.BOUNCED_BY_OPERATOR
                                : Disposition.DELETED_BY_OPERATOR,
                        entry.attempts(),
                        facts);
        var notices = new ArrayList<Notice>();
        Envelope envelope = entry.message().envelope();
        for (int i = 0; isBounce && i < entry.recipients().size(); i++) {
            int number = entry.recipients().get(i);
            if (Notice.isWanted(envelope, number, Notice.Kind.RETURNED)) {
                notices.add(new Notice(number, Notice.Kind.RETURNED, facts));
            }
        }
        return batches(List.of(settled), reports(entry, notices, entry.attempts(), now));
    }

    private List<Report> reports(QueueEntry entry, List<Notice> notices, int attempt, Instant now) {
        if (notices.isEmpty()) {
            return List.of();
        }
        SpooledMessage message = entry.message();
        var writer = new DsnWriter(settings, message.id(), message.envelope(), attempt, now);
        if (!writer.canAddress()) {
            metrics.reportsUnaddressable.inc();
            return List.of();
        }
        boolean hasFailure = notices.stream().anyMatch(notice -> notice.kind().isFailure());
        ReturnedContent content =
                ReturnedContent.read(
                        effects.read(message), message.envelope(), message.size(), hasFailure);
        return writer.write(notices, content);
    }

    /// Batches that each stay under the spool's bound. More than one is rare: every report but the
    /// last then goes before the records that it is about.
    private static List<SpoolBatch> batches(List<SpoolRecord> records, List<Report> reports) {
        if (records.size() <= BATCH_RECORDS_MAX && reports.size() <= 1) {
            return List.of(new SpoolBatch(records, reports));
        }
        var batches = new ArrayList<SpoolBatch>();
        for (Report report : reports) {
            batches.add(new SpoolBatch(List.of(), List.of(report)));
        }
        for (int from = 0; from < records.size(); from += BATCH_RECORDS_MAX) {
            int to = Math.min(records.size(), from + BATCH_RECORDS_MAX);
            batches.add(new SpoolBatch(records.subList(from, to), List.of()));
        }
        return batches;
    }

    private void append(SpoolBatch batch) {
        effects.append(batch, effects::admit);
    }

    private void count(SpoolBatch batch) {
        if (!batch.reports().isEmpty()) {
            metrics.reportsWritten.inc(batch.reports().size());
        }
        for (SpoolRecord record : batch.records()) {
            switch (record) {
                case SpoolRecord.Settled settled -> count(settled);
                case SpoolRecord.Deferred deferred ->
                        metrics.recipientsDeferred.inc(deferred.recipients().size());
                case SpoolRecord.Accepted _, SpoolRecord.Operator _ -> {}
            }
        }
    }

    private void count(SpoolRecord.Settled settled) {
        int recipients = settled.recipients().size();
        switch (settled.disposition()) {
            case DELIVERED -> metrics.recipientsDelivered.inc(recipients);
            case BOUNCED, BOUNCED_BY_OPERATOR -> metrics.recipientsBounced.inc(recipients);
            case EXPIRED -> metrics.recipientsExpired.inc(recipients);
            case DELETED_BY_OPERATOR -> metrics.recipientsRemoved.inc(recipients);
        }
    }
}
