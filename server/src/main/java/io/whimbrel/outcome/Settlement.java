package io.whimbrel.outcome;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolBatch.Report;
import io.whimbrel.spool.SpoolRecord;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Draws every consequence of an attempt: with [Removal], the only place where recipients leave the
/// queue, are retried, bounced, expired, reported about and counted. Thread-safe.
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
    ///
    /// @return what it met, where a recipient is to be tried again
    public Optional<AttemptFacts> settle(Attempt attempt) {
        Instant now = effects.now();
        Consequences consequences =
                Verdicts.decide(attempt, settings.retry(), now, random::nextDouble);
        QueueEntry entry = attempt.entry();
        List<Report> reports =
                new SenderReports(settings, effects, metrics)
                                .write(
                                        entry.message(),
                                        consequences.notices(),
                                        entry.attempts() + 1,
                                        now)
                                .stream()
                                .map(SenderReports.Told::report)
                                .toList();
        List<SpoolBatch> batches = batches(consequences.records(), reports);
        batches.forEach(this::append);
        effects.finished(entry, consequences.retries());
        batches.forEach(batch -> count(metrics, batch));
        return deferral(consequences.records());
    }

    private static Optional<AttemptFacts> deferral(List<SpoolRecord> records) {
        for (SpoolRecord record : records) {
            if (record instanceof SpoolRecord.Deferred deferred) {
                return Optional.of(deferred.facts());
            }
        }
        return Optional.empty();
    }

    /// For a job that takes recipients out of the queue for good.
    ///
    /// @param isBounce return them to their senders; where not, they vanish
    /// @param reason of the operator, for the event log and the sender; may be `""`
    Removal removal(boolean isBounce, String reason) {
        return new Removal(new SenderReports(settings, effects, metrics), isBounce, reason);
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

    /// Counts what is in a batch, once it is on its way.
    static void count(Metrics metrics, SpoolBatch batch) {
        if (!batch.reports().isEmpty()) {
            metrics.reportsWritten.inc(batch.reports().size());
        }
        for (SpoolRecord record : batch.records()) {
            switch (record) {
                case SpoolRecord.Settled settled -> count(metrics, settled);
                case SpoolRecord.Deferred deferred ->
                        metrics.recipientsDeferred.inc(deferred.recipients().size());
                case SpoolRecord.Accepted _,
                        SpoolRecord.Quarantined _,
                        SpoolRecord.Operator _,
                        SpoolRecord.Job _,
                        SpoolRecord.Moved _,
                        SpoolRecord.Notice _ -> {}
            }
        }
    }

    private static void count(Metrics metrics, SpoolRecord.Settled settled) {
        int recipients = settled.recipients().size();
        switch (settled.disposition()) {
            case DELIVERED -> metrics.recipientsDelivered.inc(recipients);
            case BOUNCED, BOUNCED_BY_OPERATOR -> metrics.recipientsBounced.inc(recipients);
            case EXPIRED -> metrics.recipientsExpired.inc(recipients);
            case DELETED_BY_OPERATOR -> metrics.recipientsRemoved.inc(recipients);
        }
    }
}
