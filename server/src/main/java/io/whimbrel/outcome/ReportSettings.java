package io.whimbrel.outcome;

import io.whimbrel.schedule.RetrySchedule;

/// How failures are retried and reported. Immutable.
///
/// @param hostName `node.name`: Reporting-MTA, and the domain of the postmaster who signs reports
/// @param retry when to try again, and when to give up
public record ReportSettings(String hostName, RetrySchedule retry) {}
