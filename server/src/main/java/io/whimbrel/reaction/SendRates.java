package io.whimbrel.reaction;

import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitScope;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/// How much went in the last two minutes: by source and destination, and by campaign and
/// destination. Thread-safe; counting a message is O(1).
///
/// At [#KEYS_MOST] of either kind, the one that nothing was sent on for the longest time is
/// forgotten. A scope that also names a pool, a domain or a profile is answered as if it did not:
/// the rate is then too high, and a second match lowers it further.
final class SendRates {
    static final int KEYS_MOST = 5_000;

    private static final long SLOT_MILLIS = 10_000;
    private static final int SLOTS = 12;

    private final Map<Flow, Slots> byPath = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Flow, Slots> byMail = new LinkedHashMap<>(16, 0.75f, true);

    /// Messages in each of the last slots of ten seconds.
    private static final class Slots {
        private final int[] counts = new int[SLOTS];
        private long newest = Long.MIN_VALUE / 2;

        void add(long slot) {
            advance(slot);
            counts[index(newest)]++;
        }

        private void advance(long slot) {
            long from = Math.max(newest, slot - SLOTS);
            for (long each = from + 1; each <= slot; each++) {
                counts[index(each)] = 0;
            }
            newest = Math.max(newest, slot);
        }

        /// Per second, since the first of them: what went before an idle time does not count.
        double rate(long nowMillis) {
            long slot = nowMillis / SLOT_MILLIS;
            advance(slot);
            long total = 0;
            long first = newest;
            for (int age = 0; age < SLOTS; age++) {
                int count = counts[index(newest - age)];
                total += count;
                first = count > 0 ? newest - age : first;
            }
            long millis = Math.max(SLOT_MILLIS, nowMillis - first * SLOT_MILLIS);
            return total * 1_000.0 / millis;
        }

        private static int index(long slot) {
            return (int) Math.floorMod(slot, (long) SLOTS);
        }
    }

    /// A message of `flow` begins: MAIL is written.
    synchronized void sent(Flow flow, Instant now) {
        long slot = now.toEpochMilli() / SLOT_MILLIS;
        slots(byPath, ofPath(flow)).add(slot);
        if (!flow.tenant().isEmpty() || !flow.campaign().isEmpty()) {
            slots(byMail, ofMail(flow)).add(slot);
        }
    }

    private static Slots slots(Map<Flow, Slots> all, Flow key) {
        Slots slots = all.computeIfAbsent(key, _ -> new Slots());
        if (all.size() > KEYS_MOST) {
            all.remove(all.keySet().iterator().next());
        }
        return slots;
    }

    private static Flow ofPath(Flow flow) {
        return new Flow(flow.source(), "", flow.provider(), flow.site(), "", "", "", "");
    }

    private static Flow ofMail(Flow flow) {
        String site = flow.site();
        return new Flow("", "", flow.provider(), site, "", flow.tenant(), flow.campaign(), "");
    }

    /// Messages a second that went in `scope`; 0 where nothing is known.
    synchronized double rate(LimitScope scope, Instant now) {
        Map<Dimension, String> conditions = scope.conditions();
        boolean isOfMail =
                conditions.containsKey(Dimension.TENANT)
                        || conditions.containsKey(Dimension.CAMPAIGN);
        LimitScope seen = seen(scope, isOfMail);
        double rate = 0;
        for (Map.Entry<Flow, Slots> entry : (isOfMail ? byMail : byPath).entrySet()) {
            if (seen.covers(entry.getKey())) {
                rate += entry.getValue().rate(now.toEpochMilli());
            }
        }
        return rate;
    }

    /// The conditions that the keys of the table can tell.
    private static LimitScope seen(LimitScope scope, boolean isOfMail) {
        LimitScope seen = LimitScope.ALL;
        for (Map.Entry<Dimension, String> one : scope.conditions().entrySet()) {
            boolean isTold =
                    switch (one.getKey()) {
                        case PROVIDER, SITE -> true;
                        case SOURCE -> !isOfMail;
                        case TENANT, CAMPAIGN -> isOfMail;
                        case POOL, DOMAIN, PROFILE -> false;
                    };
            seen = isTold ? seen.and(one.getKey(), one.getValue()) : seen;
        }
        return seen;
    }

    synchronized int size() {
        return byPath.size() + byMail.size();
    }
}
