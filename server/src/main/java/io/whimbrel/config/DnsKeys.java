package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.DnsSettings.Dnssec;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/// The keys of `[dns]`: whom to ask, and what to believe. Stateless.
final class DnsKeys {
    private static final int PORT = 53;
    private static final int SERVERS_MAX = 16;
    private static final DnsSettings DEFAULT = DnsSettings.DEFAULT;

    static final Key<List<InetSocketAddress>> SERVERS =
            new Key<>(
                    "servers",
                    ValueKind.listOf(NetworkKinds.serverAddress(PORT), "addresses", SERVERS_MAX),
                    new Presence.Unset<>("the resolvers of the system", "[\"127.0.0.1:5353\"]"),
                    RELOAD,
                    "Resolvers to ask, in this order; port 53 where none is written. One that does"
                            + " not answer is asked last for a minute. A resolver on this machine"
                            + " serves a mail server best.");

    static final Key<Duration> TIMEOUT =
            Key.withDefault(
                    "timeout",
                    Kinds.duration(Duration.ofMillis(100), Duration.ofMinutes(1)),
                    DEFAULT.timeout(),
                    RELOAD,
                    "How long to wait for one answer of one resolver.");

    static final Key<Long> CACHE_SIZE =
            Key.withDefault(
                    "cache-size",
                    Kinds.size(1L << 20, 4L << 30),
                    DEFAULT.cacheBytesMax(),
                    RELOAD,
                    "How much memory answers may take, about. At the limit, those used longest ago"
                            + " go first.");

    static final Key<Integer> MAX_QUESTIONS =
            Key.withDefault(
                    "max-questions",
                    Kinds.integer(1, 10_000),
                    DEFAULT.questionsMax(),
                    RELOAD,
                    "Lookups at once; each takes a file descriptor. Further ones wait in line, and"
                            + " fail for now when it takes too long.");

    static final Key<Duration> SERVE_STALE =
            Key.withDefault(
                    "serve-stale",
                    Kinds.duration(Duration.ZERO, Duration.ofDays(7)),
                    DEFAULT.serveStale(),
                    RELOAD,
                    "How long after its time an answer is used while no resolver answers. What"
                            + " would bounce mail never is: that a name is not there, a null MX.");

    static final Key<Dnssec> DNSSEC =
            Key.withDefault(
                    "dnssec",
                    Kinds.choice(List.of(Dnssec.values())),
                    DEFAULT.dnssec(),
                    RELOAD,
                    "`ad` believes resolvers that say they validated an answer, which DANE needs:"
                            + " those on loopback and those in `trusted-resolvers`; others are then"
                            + " not asked if there are such. `off` believes none.");

    static final Key<List<InetAddress>> TRUSTED_RESOLVERS =
            Key.withDefault(
                    "trusted-resolvers",
                    ValueKind.listOf(NetworkKinds.sourceAddress(), "addresses", SERVERS_MAX),
                    DEFAULT.trustedResolvers(),
                    RELOAD,
                    "Resolvers elsewhere that validate, in a network where nobody else can answer"
                            + " in their name.");

    static final TableSpec DNS =
            TableSpec.one(
                    "dns",
                    "Whom to ask for MX hosts, and what to believe.",
                    List.of(
                            SERVERS,
                            TIMEOUT,
                            CACHE_SIZE,
                            MAX_QUESTIONS,
                            SERVE_STALE,
                            DNSSEC,
                            TRUSTED_RESOLVERS));

    private DnsKeys() {}

    static DnsSettings settings(TableValues table) {
        return new DnsSettings(
                table.find(SERVERS).orElse(List.of()),
                table.get(TIMEOUT),
                table.get(CACHE_SIZE),
                table.get(MAX_QUESTIONS),
                table.get(SERVE_STALE),
                table.get(DNSSEC),
                table.get(TRUSTED_RESOLVERS));
    }

    /// Resolvers whose word is asked for and not believed.
    static void check(TableValues table, Findings findings) {
        List<InetAddress> trusted = table.find(TRUSTED_RESOLVERS).orElse(List.of());
        if (table.find(DNSSEC).orElse(Dnssec.OFF) == Dnssec.OFF) {
            if (!trusted.isEmpty()) {
                findings.warn(
                        table.placeOf(TRUSTED_RESOLVERS),
                        "trusted-resolvers has no effect without dnssec = \"ad\"");
            }
            return;
        }
        List<InetSocketAddress> servers = table.find(SERVERS).orElse(List.of());
        List<InetSocketAddress> others =
                servers.stream()
                        .filter(it -> !it.getAddress().isLoopbackAddress())
                        .filter(it -> !trusted.contains(it.getAddress()))
                        .toList();
        for (InetSocketAddress other : others) {
            findings.warn(
                    table.placeOf(SERVERS),
                    "servers: "
                            + AddressText.render(other)
                            + " is neither on loopback nor in trusted-resolvers; "
                            + (others.size() == servers.size()
                                    ? "what it says about DNSSEC is not believed, and DANE not used"
                                    : "with dnssec = \"ad\" it is not asked"));
        }
    }
}
