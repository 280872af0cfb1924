package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The queue in numbers. Counts are recipients.
///
/// @param byState recipients by state; every state is there
/// @param byDomain the largest domains, largest first, at most 20
/// @param byTenant all tenants
/// @param restrictions holds and suspensions in force
/// @param oldest acceptance of the oldest queued message, rounded down to the minute
/// @param byPath the ready queues, largest first, at most 1000
public record QueueSummary(
        Map<QueuedView.State, Long> byState,
        List<DomainCount> byDomain,
        Map<String, Long> byTenant,
        List<OperatorAction> restrictions,
        Optional<Instant> oldest,
        List<PathCount> byPath) {

    /// One domain's share.
    ///
    /// @param site `""` where it is not known
    /// @param recipients waiting and in flight
    public record DomainCount(String domain, String site, long recipients, long inFlight) {}

    /// One ready queue.
    ///
    /// @param waiting recipients that may be tried now
    public record PathCount(EgressPath path, long waiting, long inFlight) {}

    /// Without ready queues.
    public QueueSummary(
            Map<QueuedView.State, Long> byState,
            List<DomainCount> byDomain,
            Map<String, Long> byTenant,
            List<OperatorAction> restrictions,
            Optional<Instant> oldest) {
        this(byState, byDomain, byTenant, restrictions, oldest, List.of());
    }

    public long recipients() {
        return byState.values().stream().mapToLong(Long::longValue).sum();
    }
}
