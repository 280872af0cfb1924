package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.Fate;
import io.whimbrel.simulator.demo.Results.Outcome;
import io.whimbrel.simulator.demo.Results.Row;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/// Compares the event log with what three others counted: the senders, the providers, and the
/// server's own queue. Immutable.
///
/// @param acknowledged messages that got a 250, by provider
/// @param taken recipients that each provider accepted
/// @param queuedByServer recipients that the server says are in its queue; empty where it could not
///   be asked, which is a trouble then
/// @param fates what becomes of each recipient in the end
/// @param troubles met before the comparison
record Reconciliation(
        Map<String, Long> acknowledged,
        Map<String, Long> taken,
        OptionalLong queuedByServer,
        Map<String, Fate> fates,
        List<String> troubles) {

    private static final String TOTAL = "total";

    Reconciliation {
        acknowledged = Map.copyOf(acknowledged);
        taken = Map.copyOf(taken);
        fates = Map.copyOf(fates);
        troubles = List.copyOf(troubles);
    }

    /// What does not add up, in words; empty where all does.
    List<String> differences(Results results) {
        var differences = new ArrayList<>(troubles);
        for (Row row : results.providers()) {
            compare(row, count(acknowledged, row.name()), count(taken, row.name()), differences);
        }
        compare(results.total(), sum(acknowledged), sum(taken), differences);
        long queued = results.total().queued();
        if (queuedByServer.orElse(queued) != queued) {
            differences.add(
                    "the server's queue holds %d recipients, by the event log it is %d"
                            .formatted(queuedByServer.orElseThrow(), queued));
        }
        differences.addAll(results.oddities());
        compareFates(results, differences);
        return differences;
    }

    private static void compare(Row row, long acknowledged, long taken, List<String> differences) {
        if (acknowledged != row.accepted()) {
            differences.add(
                    "%s: %d messages got a 250, the event log has %d received"
                            .formatted(row.name(), acknowledged, row.accepted()));
        }
        if (row.accepted() != row.delivered() + row.bounced() + row.queued()) {
            differences.add(
                    "%s: accepted %d is not delivered %d + bounced %d + queued %d"
                            .formatted(
                                    row.name(),
                                    row.accepted(),
                                    row.delivered(),
                                    row.bounced(),
                                    row.queued()));
        }
        if (taken != row.delivered()) {
            differences.add(
                    "%s: %s counted %d delivered, the event log has %d"
                            .formatted(
                                    row.name(),
                                    row.name().equals(TOTAL) ? "the providers" : "the provider",
                                    taken,
                                    row.delivered()));
        }
    }

    /// One line for each way to differ, with one recipient as the example.
    private void compareFates(Results results, List<String> differences) {
        Map<String, Integer> counts = new TreeMap<>();
        Map<String, String> examples = new TreeMap<>();
        results.outcomes()
                .forEach((recipient, outcome) -> {
                    Fate fate = fates.getOrDefault(recipient, Fate.UNDECIDED);
                    if (!agrees(fate, outcome)) {
                        String way = way(fate, outcome);
                        counts.merge(way, 1, Integer::sum);
                        examples.merge(way, recipient, (a, b) -> a.compareTo(b) < 0 ? a : b);
                    }
                });
        counts.forEach((way, count) ->
                differences.add(
                        "%d recipients %s, such as %s".formatted(count, way, examples.get(way))));
    }

    private static boolean agrees(Fate fate, Outcome outcome) {
        return switch (fate) {
            case DELIVERED -> outcome == Outcome.DELIVERED;
            case BOUNCED -> outcome == Outcome.BOUNCED;
            case DEFERRED -> outcome == Outcome.QUEUED;
            case UNDECIDED -> true;
        };
    }

    private static String way(Fate fate, Outcome outcome) {
        String is =
                switch (outcome) {
                    case QUEUED -> "are still queued";
                    case DELIVERED -> "were delivered";
                    case BOUNCED -> "were bounced";
                };
        String should =
                switch (fate) {
                    case DELIVERED -> "takes them";
                    case BOUNCED -> "refuses them for good";
                    case DEFERRED -> "defers them at every attempt";
                    case UNDECIDED -> throw new IllegalArgumentException("agrees with anything");
                };
        return is + " although their provider " + should;
    }

    private static long count(Map<String, Long> counts, String name) {
        return counts.getOrDefault(name, 0L);
    }

    private static long sum(Map<String, Long> counts) {
        long sum = 0;
        for (long count : counts.values()) {
            sum += count;
        }
        return sum;
    }
}
