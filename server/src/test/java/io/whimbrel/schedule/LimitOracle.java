package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitSettings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Notes what leaves and what is open, and knows what limits allow, by their definition. Shares no
/// code with the limiter. Confined to one thread.
final class LimitOracle {
    private final List<LimitSettings> limits;
    private final String what;
    private final List<Sent> sent = new ArrayList<>();
    private final List<Sent> openings = new ArrayList<>();

    /// By number of the limit and values.
    private final Map<String, Integer> open = new HashMap<>();

    private final Map<String, Integer> sentBySite = new HashMap<>();
    private final Map<String, Integer> waitingByStream = new HashMap<>();
    private final Map<QueueId, Admitted> admitted = new HashMap<>();
    private final Map<String, Wait> waits = new HashMap<>();
    private long outstanding;

    /// A message or a connection that went at a time.
    private record Sent(Flow flow, long atMicros) {}

    private record Admitted(String group, int sentBefore, int aheadOfIt, long atMicros) {}

    /// The worst that first attempts of a tenant's mail went through.
    ///
    /// @param overtaken by how many of the same provider or site, for each of its own ahead of it
    record Wait(int messages, int overtaken, long micros) {}

    LimitOracle(List<LimitSettings> limits, String what) {
        this.limits = limits;
        this.what = what;
    }

    /// Mail is due now.
    void admitted(QueueId id, MailStream stream, String group, long now) {
        int ahead =
                waitingByStream.merge(key(stream.tenant(), stream.campaign()), 1, Integer::sum) - 1;
        outstanding++;
        admitted.put(id, new Admitted(group, sentBySite.getOrDefault(group, 0), ahead, now));
    }

    int waiting(String tenant, String campaign) {
        return waitingByStream.getOrDefault(key(tenant, campaign), 0);
    }

    private static String key(String tenant, String campaign) {
        return tenant + "/" + campaign;
    }

    /// Messages that were never tried.
    long outstanding() {
        return outstanding;
    }

    static String group(Flow flow) {
        return flow.provider().isEmpty() ? flow.site() : flow.provider();
    }

    void sent(Flow flow, QueueEntry entry, long atMicros, int transactions) {
        sent.add(new Sent(flow, atMicros));
        int before = sentBySite.merge(group(flow), 1, Integer::sum) - 1;
        Admitted was = admitted.remove(entry.message().id());
        if (was != null) {
            outstanding--;
            waitingByStream.merge(key(flow.tenant(), flow.campaign()), -1, Integer::sum);
            int overtaken = (before - was.sentBefore) / (1 + was.aheadOfIt);
            waits.merge(
                    flow.tenant(),
                    new Wait(1, overtaken, atMicros - was.atMicros),
                    (one, other) ->
                            new Wait(
                                    one.messages + other.messages,
                                    Math.max(one.overtaken, other.overtaken),
                                    Math.max(one.micros, other.micros)));
        }
        for (int i = 0; i < limits.size(); i++) {
            LimitSettings limit = limits.get(i);
            if (!limit.scope().covers(flow)) {
                continue;
            }
            if (limit.messagesPerConnection().isPresent()) {
                assertThat(transactions)
                        .as("%s: %s", what, limit)
                        .isLessThanOrEqualTo(limit.messagesPerConnection().getAsInt());
            }
            if (limit.recipientsPerTransaction().isPresent()) {
                assertThat(entry.recipients().size())
                        .as("%s: %s", what, limit)
                        .isLessThanOrEqualTo(limit.recipientsPerTransaction().getAsInt());
            }
            if (!isOfConnection(limit)) {
                begun(i, flow);
            }
        }
    }

    void finished(Flow flow) {
        ended(flow, false);
    }

    void opened(Flow flow, long now) {
        openings.add(new Sent(flow, now));
        for (int i = 0; i < limits.size(); i++) {
            if (isOfConnection(limits.get(i)) && limits.get(i).scope().covers(flow)) {
                begun(i, flow);
            }
        }
    }

    void closed(Flow flow) {
        ended(flow, true);
    }

    private void begun(int limit, Flow flow) {
        LimitSettings one = limits.get(limit);
        if (one.connections().isPresent()) {
            assertThat(open.merge(limit + values(one, flow), 1, Integer::sum))
                    .as("%s: %s at once", what, one)
                    .isLessThanOrEqualTo(one.connections().getAsInt());
        }
    }

    private void ended(Flow flow, boolean isConnection) {
        for (int i = 0; i < limits.size(); i++) {
            LimitSettings one = limits.get(i);
            boolean isMeant = one.connections().isPresent() && isOfConnection(one) == isConnection;
            if (isMeant && one.scope().covers(flow)) {
                open.merge(i + values(one, flow), -1, Integer::sum);
            }
        }
    }

    private static boolean isOfConnection(LimitSettings limit) {
        return limit.scope().conditions().keySet().stream().allMatch(d -> d.isOfConnection())
                && limit.per().stream().allMatch(d -> d.isOfConnection());
    }

    private static String values(LimitSettings limit, Flow flow) {
        return limit.per().stream().sorted().map(flow::value).toList().toString();
    }

    /// Every rate in every window.
    void assertRatesKept() {
        for (LimitSettings limit : limits) {
            for (Rate rate : limit.rates()) {
                assertKept(limit, rate, sent);
            }
            limit.newConnections().ifPresent(rate -> assertKept(limit, rate, openings));
        }
    }

    private void assertKept(LimitSettings limit, Rate rate, List<Sent> events) {
        Map<String, List<Long>> byValues = new HashMap<>();
        for (Sent one : events) {
            if (limit.scope().covers(one.flow)) {
                byValues.computeIfAbsent(values(limit, one.flow), _ -> new ArrayList<>())
                        .add(one.atMicros);
            }
        }
        long length = rate.window().length().toNanos() / 1000;
        int count = (int) rate.count();
        byValues.forEach((values, stamps) -> {
            long[] at = stamps.stream().mapToLong(Long::longValue).toArray();
            Arrays.sort(at);
            for (int i = count; i < at.length; i++) {
                if (at[i] - at[i - count] < length) {
                    throw new AssertionError(
                            what + ": more than " + rate + " of " + limit + " " + values);
                }
            }
        });
    }

    /// What went meanwhile.
    long count(Predicate<Flow> meant, long fromMicros, long toMicros) {
        return sent.stream()
                .filter(one -> one.atMicros >= fromMicros && one.atMicros < toMicros)
                .filter(one -> meant.test(one.flow))
                .count();
    }

    long count() {
        return sent.size();
    }

    Map<String, Wait> waits() {
        return waits;
    }
}
