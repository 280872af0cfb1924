package io.whimbrel.policy;

import io.whimbrel.mail.Rate.Window;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.WallLead;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Keeps [Quotas] over a restart, in `state/quotas.json` below the data folder. Thread-safe.
///
/// A crash forgets what was taken in the last five seconds: so much more than a quota may then be
/// sent. Where there is no file quotas begin unused; mail is never refused for it. At most
/// [#BYTES_MOST].
public final class QuotasFile implements AutoCloseable {
    static final String NAME = "state/quotas.json";
    static final int VERSION = 1;
    static final int BYTES_MOST = 64 * 1024 * 1024;

    private static final StateFile.Terms TERMS =
            new StateFile.Terms(
                    NAME, VERSION, BYTES_MOST, Duration.ofSeconds(5), "quotas begin unused");

    private final StateFile file;

    /// Reads the file into `quotas`, then keeps it up to date. To be made before mail is taken.
    ///
    /// @param lead of the wall clock before that of `quotas`
    public QuotasFile(Path dataFolder, Quotas quotas, WallLead lead, Metrics metrics) {
        this.file = new StateFile(dataFolder, TERMS, new Used(quotas, lead), metrics);
    }

    /// What is used, as JSON; slots are those of the wall clock, for that is all that the next
    /// process has in common with us.
    private record Used(Quotas quotas, WallLead lead) implements StateFile.Content {

        @Override
        public long changes() {
            return quotas.changes() + lead.steps();
        }

        @Override
        public void restore(JsonNode root) throws DamagedException {
            if (!(root.path("quotas") instanceof ArrayNode list)) {
                throw new DamagedException("no list \"quotas\"");
            }
            List<KeptQuota> all = new ArrayList<>();
            for (JsonNode one : list) {
                String tenant = one.path("tenant").stringValue("");
                if (tenant.isEmpty()) {
                    throw new DamagedException("a quota without \"tenant\"");
                }
                long newest = number(one.path("newest"));
                all.add(new KeptQuota(tenant, kind(one), window(one), newest, counts(one)));
            }
            quotas.restore(all);
        }

        @Override
        public void writeTo(ObjectNode root) {
            ArrayNode all = root.putArray("quotas");
            for (KeptQuota kept : quotas.kept()) {
                ArrayNode counts =
                        all.addObject()
                                .put("tenant", kept.tenant())
                                .put("of", kept.kind().noun())
                                .put("window", kept.window().unit())
                                .put("newest", Math.max(0, kept.newest() + slots(kept.window())))
                                .putArray("counts");
                kept.counts().forEach(counts::add);
            }
        }

        /// How many slots the wall clock is ahead; a part of one is none, and what is kept by a
        /// clock that was set back counts as new.
        private long slots(Window window) {
            long slotMillis = window.length().toMillis() / TenantUse.SLOTS;
            return Math.floorDiv(lead.now().toMillis(), slotMillis);
        }
    }

    private static QuotaKind kind(JsonNode one) throws DamagedException {
        String name = one.path("of").stringValue("");
        for (QuotaKind kind : QuotaKind.values()) {
            if (kind.noun().equals(name)) {
                return kind;
            }
        }
        throw new DamagedException("a quota without \"of\"");
    }

    private static Window window(JsonNode one) throws DamagedException {
        return Window.of(one.path("window").stringValue(""))
                .orElseThrow(() -> new DamagedException("a quota without \"window\""));
    }

    private static List<Long> counts(JsonNode one) throws DamagedException {
        if (!(one.path("counts") instanceof ArrayNode counts)
                || counts.size() > TenantUse.SLOTS + 1) {
            throw new DamagedException("a quota without \"counts\"");
        }
        List<Long> all = new ArrayList<>();
        for (JsonNode count : counts) {
            all.add(number(count));
        }
        return all;
    }

    /// Bounded so that no sum of them overflows.
    private static long number(JsonNode value) throws DamagedException {
        boolean isGood = value.isIntegralNumber() && value.canConvertToLong();
        if (!isGood || value.longValue() < 0 || value.longValue() > Long.MAX_VALUE >> 8) {
            throw new DamagedException("a number that is none");
        }
        return value.longValue();
    }

    void writeIfChanged() {
        file.writeIfChanged();
    }

    /// Writes a last time. To be called when no mail is taken any more.
    @Override
    public void close() {
        file.close();
    }
}
