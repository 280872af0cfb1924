package io.whimbrel.policy;

import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.policy.TenantUse.UsedUp;
import io.whimbrel.smtp.SmtpReply;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/// How much of its quotas each tenant used up. Thread-safe; a tenant's transactions wait for each
/// other only while they count.
///
/// No window of a quota's length, wherever it lies, has more in it than the quota says: see
/// [SlidingCount]. What is counted is what was accepted, and what may yet be: a transaction takes
/// its share before it is answered, and gives it back where the message is refused after all.
/// Bounded by the tenants of the configuration that have quotas.
public final class Quotas {
    private final InstantSource clock;
    private final DoorMetrics metrics;
    private final Map<String, TenantUse> uses = new ConcurrentHashMap<>();
    private final AtomicLong changes = new AtomicLong();

    /// @param clock one that does not jump, such as [io.whimbrel.time.SteadyClock]
    public Quotas(InstantSource clock, DoorMetrics metrics) {
        this.clock = clock;
        this.metrics = metrics;
    }

    /// What one transaction of the tenant takes. To be made at MAIL, and to be kept or given back.
    public QuotaClaim claim(TenantSettings tenant) {
        return new QuotaClaim(this, tenant);
    }

    /// Every quota of `tenants`, as it stands now.
    public List<QuotaView> views(Tenants tenants) {
        Instant now = clock.instant();
        List<QuotaView> views = new ArrayList<>();
        for (TenantSettings tenant : tenants.all()) {
            for (QuotaKind kind : QuotaKind.values()) {
                for (Rate quota : kind.of(tenant.quotas())) {
                    views.add(use(tenant.name()).view(tenant.name(), kind, quota, now));
                }
            }
        }
        return views;
    }

    /// Forgets tenants that the configuration has no more, or no more quotas of. To be called when
    /// it was read, and after [QuotasFile] was.
    public void keepOnly(Tenants tenants) {
        uses.keySet().removeIf(name -> tenants.named(name).quotas().isNone());
        changes.incrementAndGet();
    }

    /// What the client is told where it does not fit; empty where it was taken.
    Optional<SmtpReply> take(TenantSettings tenant, QuotaKind kind, Instant now, long amount) {
        List<Rate> quotas = kind.of(tenant.quotas());
        if (quotas.isEmpty() || amount == 0) {
            return Optional.empty();
        }
        Optional<UsedUp> usedUp = use(tenant.name()).take(kind, quotas, now, amount);
        if (usedUp.isEmpty()) {
            changes.incrementAndGet();
            return Optional.empty();
        }
        metrics.refused(kind.reason());
        return Optional.of(reply(tenant.name(), kind, usedUp.get(), now, amount));
    }

    void giveBack(TenantSettings tenant, QuotaKind kind, Instant then, long amount) {
        if (!kind.of(tenant.quotas()).isEmpty()) {
            use(tenant.name()).giveBack(kind, then, amount);
            changes.incrementAndGet();
        }
    }

    Instant now() {
        return clock.instant();
    }

    private static SmtpReply reply(
            String tenant, QuotaKind kind, UsedUp usedUp, Instant now, long amount) {
        Rate quota = usedUp.quota();
        String what = quota.count() + " " + kind.noun() + " " + quota.window().spoken();
        if (amount > quota.count()) {
            String text = "A message of this size exceeds the quota of tenant ";
            return SmtpReply.of(552, 5, 3, 4, text + tenant + ": " + what);
        }
        String text =
                "Quota of tenant "
                        + tenant
                        + " is used up: "
                        + what
                        + "; try again "
                        + ResetText.of(now, usedUp.roomAt());
        return kind == QuotaKind.RECIPIENTS
                ? SmtpReply.of(452, 4, 5, 3, text)
                : SmtpReply.of(451, 4, 7, 1, text);
    }

    private TenantUse use(String tenant) {
        return uses.computeIfAbsent(tenant, _ -> new TenantUse());
    }

    /// Grows with every change of what [#kept] says.
    long changes() {
        return changes.get();
    }

    List<KeptQuota> kept() {
        Instant now = clock.instant();
        List<KeptQuota> all = new ArrayList<>();
        uses.forEach((tenant, use) -> all.addAll(use.kept(tenant, now)));
        return all;
    }

    void restore(List<KeptQuota> kept) {
        Instant now = clock.instant();
        kept.forEach(one -> use(one.tenant()).restore(one, now));
    }
}
