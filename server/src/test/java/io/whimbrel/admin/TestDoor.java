package io.whimbrel.admin;

import io.whimbrel.auth.AuthClient;
import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.auth.Mechanism;
import io.whimbrel.auth.UserEntry;
import io.whimbrel.auth.UsersFile;
import io.whimbrel.auth.Verifier;
import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.Bans;
import io.whimbrel.policy.DoorClient;
import io.whimbrel.policy.DoorCount;
import io.whimbrel.policy.DoorLimits;
import io.whimbrel.policy.DoorRates;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.TenantConnections;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.Tenants;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// The door of a node that nobody listens on, with clients that misbehave at once. Confined to one
/// thread.
public final class TestDoor {
    public final List<TenantSettings> tenants = new ArrayList<>();

    private final InstantSource clock = InstantSource.fixed(FakeQueueDesk.NOW);
    private final Metrics metrics = new Metrics();
    private final Bans bans = new Bans(clock, metrics.door);
    private final List<Authenticator> authenticators = new ArrayList<>();
    private final Quotas quotas = new Quotas(clock, metrics.door);
    private final TenantConnections connections = new TenantConnections(metrics.door);

    public DoorDesk desk() {
        return new DoorDesk(
                bans,
                () -> authenticators,
                new DoorDesk.Tenancy(() -> new Tenants(tenants), quotas, connections),
                clock);
    }

    /// Two errors, of which one is too many.
    public void ban(String address) {
        var limits =
                new DoorLimits(
                        Map.of(DoorCount.ERRORS, Rate.parse("1/min").orElseThrow()),
                        Map.of(),
                        Map.of(),
                        Duration.ZERO,
                        Duration.ofMinutes(10),
                        false,
                        List.of());
        var rates = new DoorRates(limits, bans, clock, metrics.door);
        var client = new DoorClient(InetAddress.ofLiteral(address), false);
        rates.error(client);
        rates.error(client);
    }

    /// Three wrong passwords, of which one locks out the user, and three the address.
    public void lockOut(Path folder, String user, String address) throws IOException {
        Path users = folder.resolve("users-" + authenticators.size());
        new UsersFile(users).add(new UserEntry("a", "t", Verifier.Scram.of("p", 4_096), false));
        var settings =
                new AuthSettings(
                        AuthSettings.Mode.REQUIRED,
                        Optional.of(users),
                        Optional.empty(),
                        Mechanism.ALL,
                        new AuthSettings.Lockout(1, Duration.ofHours(1), Duration.ofMinutes(15)),
                        Duration.ZERO);
        var authenticator = new Authenticator(settings, metrics.auth, clock);
        authenticators.add(authenticator);
        var client = new AuthClient(InetAddress.ofLiteral(address), "l", true, List.of());
        String wrong = "\0" + user + "\0wrong";
        byte[] bytes = wrong.getBytes(StandardCharsets.UTF_8);
        authenticator
                .begin("PLAIN", client)
                .start(Optional.of(Base64.getEncoder().encodeToString(bytes)));
    }

    /// A tenant with a quota, used up, and connections.
    public void use(String name, String quota, int messages, int open) {
        TenantSettings plain = TenantSettings.withoutRules(name);
        var tenant =
                new TenantSettings(
                        name,
                        List.of(),
                        List.of(),
                        Optional.empty(),
                        new TenantSettings.TenantQuotas(
                                List.of(Rate.parse(quota).orElseThrow()), List.of(), List.of()),
                        new TenantSettings.Limits(
                                OptionalLong.empty(), OptionalInt.empty(), OptionalInt.of(9)),
                        plain.priority(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        List.of(),
                        List.of(),
                        Optional.empty());
        tenants.add(tenant);
        for (int i = 0; i < messages; i++) {
            var claim = quotas.claim(tenant);
            claim.message(0);
            claim.keep();
        }
        for (int i = 0; i < open; i++) {
            connections.open(tenant);
        }
    }
}
