package io.whimbrel.simulator.demo;

import java.util.List;
import java.util.Map;

/// What the event log tells about a run. Immutable.
///
/// @param providers in the order of the simulated internet
/// @param total of all of them
/// @param tenants by name; without replies
/// @param outcomes by recipient
/// @param oddities events that contradict others, the first 20
record Results(
        List<Row> providers,
        Row total,
        List<Row> tenants,
        Map<String, Outcome> outcomes,
        List<String> oddities) {

    /// Where a recipient stands.
    enum Outcome {
        QUEUED,
        DELIVERED,
        BOUNCED
    }

    /// How often attempts failed for one reason.
    record ReplyCount(String reply, long count) {}

    /// Recipients of one provider, one tenant, or all.
    ///
    /// @param deferred attempts, not recipients: each may be deferred many times
    /// @param bounced given up in whatever way: refused, expired or removed by an operator
    /// @param replies most frequent first
    record Row(
            String name,
            long accepted,
            long delivered,
            long deferred,
            long bounced,
            long queued,
            Waits waits,
            List<ReplyCount> replies) {

        Row {
            replies = List.copyOf(replies);
        }
    }

    Results {
        providers = List.copyOf(providers);
        tenants = List.copyOf(tenants);
        outcomes = Map.copyOf(outcomes);
        oddities = List.copyOf(oddities);
    }

    /// The queued recipients.
    List<String> queuedRecipients() {
        return outcomes.entrySet().stream()
                .filter(entry -> entry.getValue() == Outcome.QUEUED)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }
}
