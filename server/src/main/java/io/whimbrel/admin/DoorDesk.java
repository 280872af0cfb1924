package io.whimbrel.admin;

import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.LockoutView;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.policy.BanView;
import io.whimbrel.policy.Bans;
import io.whimbrel.policy.QuotaView;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.TenantConnections;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.Tenants;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// The verbs about who may come in: bans, lock-outs, and what tenants used up. Thread-safe. Nothing
/// here is durable but what quotas count.
public final class DoorDesk {
    static final Set<String> VERBS =
            Set.of("bans", "bans-lift", "tenants", "lockouts", "lockouts-lift");

    private static final Logger LOG = LoggerFactory.getLogger(DoorDesk.class);

    private final Bans bans;
    private final Supplier<List<Authenticator>> authenticators;
    private final Tenancy tenancy;
    private final InstantSource clock;

    /// Whose mail comes in, and how much.
    ///
    /// @param tenants those of the configuration in force
    public record Tenancy(
            Supplier<Tenants> tenants, Quotas quotas, TenantConnections connections) {}

    /// @param authenticators those in use, each once
    public DoorDesk(
            Bans bans,
            Supplier<List<Authenticator>> authenticators,
            Tenancy tenancy,
            InstantSource clock) {
        this.bans = bans;
        this.authenticators = authenticators;
        this.tenancy = tenancy;
        this.clock = clock;
    }

    /// Carries out one of [#VERBS].
    ///
    /// @return what went wrong, for the operator; empty where all is done
    Optional<String> handle(AdminRequest request, AdminAnswer answer) throws RequestException {
        return switch (request.verb()) {
            case "bans" -> bans(bans.views(), answer);
            case "bans-lift" -> liftBans(request, answer);
            case "tenants" -> tenants(request.tenant(), answer);
            case "lockouts" -> lockouts(lockouts(), answer);
            default -> liftLockouts(request, answer);
        };
    }

    private Optional<String> bans(List<BanView> views, AdminAnswer answer) {
        Instant now = clock.instant();
        for (BanView ban : views) {
            ObjectNode line =
                    Json.object().put("network", text(ban.network())).put("reason", ban.reason());
            answer.line(times(line, ban.since(), ban.until(), now).put("count", ban.count()));
        }
        return Optional.empty();
    }

    private Optional<String> liftBans(AdminRequest request, AdminAnswer answer)
            throws RequestException {
        Optional<InetAddress> address = request.address();
        requireOneOf("address", address.isPresent(), request.isAll());
        List<BanView> lifted = address.map(bans::lift).orElseGet(bans::liftAll);
        LOG.info("{}: {} bans lifted", request.fields(), lifted.size());
        return lifted.isEmpty() && address.isPresent()
                ? Optional.of(
                        IpText.of(address.get())
                                + " is not banned, nor is its network; `whimbrel bans` lists who"
                                + " is")
                : bans(lifted, answer);
    }

    /// One address has no prefix length; what IPv6 counts as one host has.
    private static String text(Network network) {
        boolean isHost = network.prefixBits() == network.base().getAddress().length * 8;
        return isHost ? IpText.of(network.base()) : network.toString();
    }

    private List<LockoutView> lockouts() {
        return authenticators.get().stream().flatMap(it -> it.lockouts().stream()).toList();
    }

    private Optional<String> lockouts(List<LockoutView> views, AdminAnswer answer) {
        Instant now = clock.instant();
        for (LockoutView view : views) {
            ObjectNode line = Json.object().put("user", view.user()).put("network", view.network());
            answer.line(times(line, view.since(), view.until(), now));
        }
        return Optional.empty();
    }

    private Optional<String> liftLockouts(AdminRequest request, AdminAnswer answer)
            throws RequestException {
        Optional<String> user = request.user();
        Optional<InetAddress> address = request.address();
        requireOneOf("user or address", user.isPresent() || address.isPresent(), request.isAll());
        Predicate<LockoutView> which =
                view ->
                        user.map(view.user()::equals).orElse(true)
                                && address.map(it -> isFrom(view, it)).orElse(true);
        var lifted = new ArrayList<LockoutView>();
        authenticators.get().forEach(it -> lifted.addAll(it.lift(which)));
        LOG.info("{}: {} lock-outs lifted", request.fields(), lifted.size());
        return lifted.isEmpty() && !request.isAll()
                ? Optional.of(
                        "nobody of that name or address is locked out; `whimbrel lockouts`"
                                + " lists who is")
                : lockouts(lifted, answer);
    }

    private static boolean isFrom(LockoutView view, InetAddress address) {
        return Network.parse(view.network()).filter(it -> it.contains(address)).isPresent();
    }

    private static void requireOneOf(String fields, boolean isGiven, boolean isAll)
            throws RequestException {
        if (isGiven == isAll) {
            throw new RequestException("give " + fields + ", or else \"all\": true");
        }
    }

    private static ObjectNode times(ObjectNode line, Instant since, Instant until, Instant now) {
        return line.put("since", Json.time(since))
                .put("until", Json.time(until))
                .put("left_s", secondsUntil(until, now));
    }

    private Optional<String> tenants(Optional<String> name, AdminAnswer answer) {
        Tenants all = tenancy.tenants.get();
        if (name.isPresent() && !all.isConfigured(name.get())) {
            String known =
                    all.all().stream().map(TenantSettings::name).collect(Collectors.joining(", "));
            return Optional.of(
                    "no [[tenant]] is called \""
                            + name.get()
                            + "\"; those of the configuration: "
                            + (known.isEmpty() ? "none" : known));
        }
        List<QuotaView> quotas = tenancy.quotas.views(all);
        for (TenantSettings tenant : all.all()) {
            if (name.isEmpty() || name.get().equals(tenant.name())) {
                answer.line(tenant(tenant, quotas));
            }
        }
        return Optional.empty();
    }

    private ObjectNode tenant(TenantSettings tenant, List<QuotaView> quotas) {
        Instant now = clock.instant();
        ObjectNode line =
                Json.object()
                        .put("tenant", tenant.name())
                        .put("connections", tenancy.connections.count(tenant.name()));
        tenant.limits().connectionsMax().ifPresent(most -> line.put("connections_max", most));
        ArrayNode list = line.putArray("quotas");
        for (QuotaView quota : quotas) {
            if (quota.tenant().equals(tenant.name())) {
                ObjectNode one =
                        list.addObject()
                                .put("of", quota.kind().noun())
                                .put("quota", quota.quota().toString())
                                .put("used", quota.used())
                                .put("limit", quota.quota().count())
                                .put("window_s", quota.quota().window().length().toSeconds());
                quota.roomAt()
                        .ifPresent(at ->
                                one.put("room_at", Json.time(at))
                                        .put("room_in_s", secondsUntil(at, now)));
            }
        }
        return line;
    }

    /// Rounded up: who waits so long does not come too early.
    private static long secondsUntil(Instant end, Instant now) {
        return Math.max(0, Duration.between(now, end).plusNanos(999_999_999).toSeconds());
    }
}
