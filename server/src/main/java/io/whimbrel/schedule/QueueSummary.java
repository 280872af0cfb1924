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
/// @param byTenant the largest tenants by name, at most 1000, and `(all others)` where there are
///   more
/// @param byCampaign the largest campaigns, largest first, at most 20
/// @param restrictions holds and suspensions in force
/// @param oldest acceptance of the oldest queued message, rounded down to the minute
/// @param byPath the ready queues, largest first, at most 1000
public record QueueSummary(
        Map<QueuedView.State, Long> byState,
        List<DomainCount> byDomain,
        Map<String, Long> byTenant,
        List<CampaignCount> byCampaign,
        List<OperatorAction> restrictions,
        Optional<Instant> oldest,
        List<PathCount> byPath) {

    /// One domain's share.
    ///
    /// @param site `""` where it is not known
    /// @param inFlight of `recipients`, those that neither wait nor rest
    public record DomainCount(String domain, String site, long recipients, long inFlight) {}

    /// One mailing's share, or that of a tenant's mail of no campaign, `""`.
    public record CampaignCount(String tenant, String campaign, long recipients) {}

    /// One ready queue.
    ///
    /// @param waiting recipients that may be tried now
    public record PathCount(EgressPath path, long waiting, long inFlight) {}

    public long recipients() {
        return byState.values().stream().mapToLong(Long::longValue).sum();
    }
}
