package io.whimbrel.policy;

import io.whimbrel.mail.Rate;
import io.whimbrel.mail.Rate.Window;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What one tenant used up of its quotas: a count for each kind and window. Thread-safe; about a
/// kilobyte for each quota.
///
/// A count belongs to its window, not to the limit, so that a reload that changes the limit forgets
/// nothing.
final class TenantUse {
    /// A hundredth of the window is how much later than necessary room comes back.
    static final int SLOTS = 100;

    private final Map<QuotaKind, Map<Window, SlidingCount>> counts = new EnumMap<>(QuotaKind.class);

    /// Which quota is used up.
    ///
    /// @param roomAt from when on what was asked for fits
    record UsedUp(Rate quota, Instant roomAt) {}

    /// Takes `amount` from all of `quotas`; where it does not fit one of them takes nothing, and
    /// names the one that has room last.
    synchronized Optional<UsedUp> take(
            QuotaKind kind, List<Rate> quotas, Instant now, long amount) {
        Optional<UsedUp> worst = Optional.empty();
        for (Rate quota : quotas) {
            SlidingCount count = count(kind, quota.window());
            if (!count.hasRoom(now, amount, quota.count())) {
                Instant roomAt = count.roomAt(now, amount, quota.count());
                if (worst.isEmpty() || roomAt.isAfter(worst.get().roomAt())) {
                    worst = Optional.of(new UsedUp(quota, roomAt));
                }
            }
        }
        if (worst.isEmpty()) {
            countsOf(kind).values().forEach(count -> count.add(now, amount));
        }
        return worst;
    }

    /// Gives back what was taken at `then`.
    synchronized void giveBack(QuotaKind kind, Instant then, long amount) {
        countsOf(kind).values().forEach(count -> count.giveBack(then, amount));
    }

    synchronized QuotaView view(String tenant, QuotaKind kind, Rate quota, Instant now) {
        SlidingCount count = count(kind, quota.window());
        boolean isUsedUp = !count.hasRoom(now, 1, quota.count());
        return new QuotaView(
                tenant,
                kind,
                quota,
                count.total(now),
                isUsedUp ? Optional.of(count.roomAt(now, 1, quota.count())) : Optional.empty());
    }

    synchronized List<KeptQuota> kept(String tenant, Instant now) {
        List<KeptQuota> all = new ArrayList<>();
        counts.forEach((kind, windows) ->
                windows.forEach((window, count) -> {
                    if (count.total(now) > 0) {
                        all.add(KeptQuota.of(tenant, kind, window, count));
                    }
                }));
        return all;
    }

    synchronized void restore(KeptQuota kept, Instant now) {
        long[] slots = kept.counts().stream().mapToLong(Long::longValue).toArray();
        count(kept.kind(), kept.window()).restore(now, kept.newest(), slots);
    }

    private SlidingCount count(QuotaKind kind, Window window) {
        return countsOf(kind)
                .computeIfAbsent(window, _ -> new SlidingCount(window.length(), SLOTS));
    }

    private Map<Window, SlidingCount> countsOf(QuotaKind kind) {
        return counts.computeIfAbsent(kind, _ -> new EnumMap<>(Window.class));
    }
}
