package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.demo.Results.Outcome;
import io.whimbrel.simulator.demo.Results.ReplyCount;
import io.whimbrel.simulator.demo.Results.Row;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/// Adds up the event log. Lines are counted as they are, and where each recipient stands is kept
/// apart, so that a recipient that ends twice does not add up and shows. Confined to one thread.
final class Reckoning {
    private static final int ODDITIES_MAX = 20;
    private static final int REPLIES_MAX = 3;

    private final Function<String, String> providerOf;
    private final Map<String, Sum> providers = new LinkedHashMap<>();
    private final Map<String, Sum> tenants = new TreeMap<>();
    private final Sum total = new Sum();
    private final Map<String, Outcome> outcomes = new HashMap<>();
    private final List<String> oddities = new ArrayList<>();

    /// Queue id and recipient of what was received, as `id recipient`, and where it stands.
    private final Map<String, Outcome> received = new HashMap<>();

    /// @param providers to be shown, mail or no mail
    /// @param providerOf gives the provider of an address
    Reckoning(List<String> providers, Function<String, String> providerOf) {
        this.providerOf = providerOf;
        for (String provider : providers) {
            this.providers.put(provider, new Sum());
        }
    }

    void addAll(List<EventLine> lines) {
        for (EventLine line : lines) {
            add(line);
        }
    }

    /// Events that concern no recipient, such as an operator's hold, are passed over.
    void add(EventLine line) {
        switch (line.event()) {
            case "received" -> receive(line);
            case "delivered" -> {
                settle(line, Outcome.DELIVERED);
                for (Sum sum : sums(line)) {
                    sum.delivered++;
                    sum.addWait(line.queuedMillis());
                }
            }
            case "deferred" -> {
                require(line, received.get(key(line)) == Outcome.QUEUED);
                for (Sum sum : sums(line)) {
                    sum.deferred++;
                    sum.replies.merge(ReplyText.of(line), 1L, Long::sum);
                }
            }
            case "bounced", "expired", "removed", "quarantined" -> {
                settle(line, Outcome.BOUNCED);
                for (Sum sum : sums(line)) {
                    sum.bounced++;
                    sum.replies.merge(ReplyText.of(line), 1L, Long::sum);
                }
            }
            default -> {}
        }
    }

    private void receive(EventLine line) {
        require(line, !received.containsKey(key(line)));
        received.put(key(line), Outcome.QUEUED);
        outcomes.put(line.recipient(), Outcome.QUEUED);
        for (Sum sum : sums(line)) {
            sum.accepted++;
            sum.queued++;
        }
    }

    private void settle(EventLine line, Outcome outcome) {
        boolean wasQueued = received.get(key(line)) == Outcome.QUEUED;
        require(line, wasQueued);
        received.put(key(line), outcome);
        outcomes.put(line.recipient(), outcome);
        for (Sum sum : sums(line)) {
            sum.queued -= wasQueued ? 1 : 0;
        }
    }

    private void require(EventLine line, boolean holds) {
        if (!holds && oddities.size() < ODDITIES_MAX) {
            String before =
                    received.containsKey(key(line)) ? received.get(key(line)) + "" : "not received";
            oddities.add(
                    line.event()
                            + " "
                            + line.id()
                            + " "
                            + line.recipient()
                            + ", which was "
                            + before);
        }
    }

    private static String key(EventLine line) {
        return line.id() + ' ' + line.recipient();
    }

    private List<Sum> sums(EventLine line) {
        String provider = providerOf.apply(line.recipient());
        return List.of(
                total,
                providers.computeIfAbsent(provider, _ -> new Sum()),
                tenants.computeIfAbsent(line.tenant(), _ -> new Sum()));
    }

    long accepted() {
        return total.accepted;
    }

    boolean isQueued(String recipient) {
        return outcomes.get(recipient) == Outcome.QUEUED;
    }

    Results results() {
        return new Results(rows(providers), total.row("total"), rows(tenants), outcomes, oddities);
    }

    private static List<Row> rows(Map<String, Sum> sums) {
        var rows = new ArrayList<Row>();
        sums.forEach((name, sum) -> rows.add(sum.row(name)));
        return rows;
    }

    private static final class Sum {
        private long accepted;
        private long delivered;
        private long deferred;
        private long bounced;
        private long queued;
        private long[] waits = new long[64];
        private int waitCount;

        /// Bounded by the few reasons that providers have.
        private final Map<String, Long> replies = new HashMap<>();

        private void addWait(long millis) {
            if (waitCount == waits.length) {
                waits = Arrays.copyOf(waits, 2 * waitCount);
            }
            waits[waitCount++] = millis;
        }

        private Row row(String name) {
            return new Row(
                    name,
                    accepted,
                    delivered,
                    deferred,
                    bounced,
                    queued,
                    Waits.of(Arrays.copyOf(waits, waitCount)),
                    topReplies());
        }

        private List<ReplyCount> topReplies() {
            return replies.entrySet().stream()
                    .map(entry -> new ReplyCount(entry.getKey(), entry.getValue()))
                    .sorted(
                            Comparator.comparingLong(ReplyCount::count)
                                    .reversed()
                                    .thenComparing(ReplyCount::reply))
                    .limit(REPLIES_MAX)
                    .toList();
        }
    }
}
