package io.whimbrel.policy;

import io.whimbrel.mail.Rate.Window;

import java.util.Arrays;
import java.util.List;

/// One count of a tenant, as it outlives the process. Immutable.
///
/// @param newest number of the newest slot since the epoch
/// @param counts of the slots up to `newest`, the oldest first; older ones that are zero are left
///   out
record KeptQuota(String tenant, QuotaKind kind, Window window, long newest, List<Long> counts) {

    KeptQuota {
        counts = List.copyOf(counts);
    }

    static KeptQuota of(String tenant, QuotaKind kind, Window window, SlidingCount count) {
        long[] slots = count.counts();
        int zeros = 0;
        while (zeros < slots.length && slots[zeros] == 0) {
            zeros++;
        }
        List<Long> rest = Arrays.stream(slots, zeros, slots.length).boxed().toList();
        return new KeptQuota(tenant, kind, window, count.newest(), rest);
    }
}
