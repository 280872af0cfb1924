package io.whimbrel.outcome;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.spool.SpoolBatch.Report;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Writes what the sender of a message is told about it, with what is returned of the message.
/// Thread-safe.
record SenderReports(ReportSettings settings, Effects effects, Metrics metrics) {

    /// A report, and what it tells.
    record Told(List<Notice> notices, Report report) {}

    /// One report; several only where one would be too large; none where the sender has no address.
    ///
    /// @param attempt number of the attempt that caused it
    List<Told> write(SpooledMessage message, List<Notice> notices, int attempt, Instant now) {
        if (notices.isEmpty()) {
            return List.of();
        }
        var writer = new DsnWriter(settings, message.id(), message.envelope(), attempt, now);
        if (!writer.canAddress()) {
            metrics.reportsUnaddressable.inc();
            return List.of();
        }
        boolean hasFailure = notices.stream().anyMatch(notice -> notice.kind().isFailure());
        ReturnedContent content =
                ReturnedContent.read(
                        effects.read(message), message.envelope(), message.size(), hasFailure);
        var reports = new ArrayList<Told>(1);
        for (List<Notice> group : writer.groups(notices)) {
            reports.add(new Told(group, writer.report(group, content)));
        }
        return reports;
    }
}
