package io.whimbrel.transport;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Hosts whose handshake failed or stalled while plain text worked, which are asked in plain text
/// at once where that is allowed: `state/tls-broken.json`. Thread-safe. At most [#HOSTS_MAX]; the
/// oldest are forgotten then, which costs one more handshake each.
///
/// One failure says little: anybody on the way can bring it about. A host is believed to be broken
/// from the second one on, which comes at least [#APART] behind the first, for [#FIRST] then; each
/// further failure doubles that, up to what is configured. A handshake that works ends it.
public final class BrokenTls implements StateFile.Content {
    static final int HOSTS_MAX = 10_000;
    static final int FAILURES_LEAST = 2;

    /// Sessions that begin together fail together, which is one failure.
    static final Duration APART = Duration.ofMinutes(1);

    /// For how long a host is believed to be broken first.
    static final Duration FIRST = Duration.ofHours(1);

    private static final int DOUBLINGS_MAX = 16;

    private final InstantSource clock;
    private final Map<Host, Trouble> hosts =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Host, Trouble> eldest) {
                    return size() > HOSTS_MAX;
                }
            };
    private long changes;

    /// One host: behind one address there may be several.
    ///
    /// @param name lower case; `""` where only the address is known
    record Host(String name, InetAddress address) {
        static Host of(HostPlace place, InetAddress address) {
            return new Host(place.name(), address);
        }
    }

    /// @param failures that were told apart
    /// @param last when the last of them was
    /// @param until when plain text ends, `last` where it has not begun
    private record Trouble(int failures, Instant last, Instant until) {}

    public BrokenTls(InstantSource clock) {
        this.clock = clock;
    }

    /// The handshake failed, and plain text worked.
    ///
    /// @param most how long the host may be asked in plain text for it
    public synchronized void failed(HostPlace place, InetAddress address, Duration most) {
        Host host = Host.of(place, address);
        Instant now = clock.instant();
        Optional<Trouble> before = Optional.ofNullable(hosts.get(host));
        if (before.isPresent() && now.isBefore(before.get().last().plus(APART))) {
            return;
        }
        // What is longer ago than plain text would last says nothing about now.
        int failures =
                before.filter(it -> now.isBefore(it.until().plus(most)))
                                .map(Trouble::failures)
                                .orElse(0)
                        + 1;
        hosts.remove(host);
        hosts.put(host, new Trouble(failures, now, now.plus(plainFor(failures, most))));
        changes++;
    }

    private static Duration plainFor(int failures, Duration most) {
        if (failures < FAILURES_LEAST) {
            return Duration.ZERO;
        }
        int doublings = Math.min(failures - FAILURES_LEAST, DOUBLINGS_MAX);
        Duration wanted = FIRST.multipliedBy(1L << doublings);
        return wanted.compareTo(most) < 0 ? wanted : most;
    }

    /// Its TLS works.
    public synchronized void works(HostPlace place, InetAddress address) {
        if (hosts.remove(Host.of(place, address)) != null) {
            changes++;
        }
    }

    /// Whether it is to be asked in plain text at once.
    public synchronized boolean contains(HostPlace place, InetAddress address) {
        return Optional.ofNullable(hosts.get(Host.of(place, address)))
                .filter(it -> clock.instant().isBefore(it.until()))
                .isPresent();
    }

    @Override
    public synchronized long changes() {
        return changes;
    }

    @Override
    public synchronized void restore(JsonNode root) throws DamagedException {
        if (!(root.path("hosts") instanceof ArrayNode all)) {
            throw new DamagedException("no list \"hosts\"");
        }
        var found = new LinkedHashMap<Host, Trouble>();
        for (JsonNode one : all) {
            Optional<InetAddress> address =
                    Network.parseAddress(one.path("address").stringValue(""));
            if (address.isEmpty()) {
                throw new DamagedException("a host without \"address\"");
            }
            // Older versions remembered addresses after one failure: that is not kept.
            int failures = one.path("failures").asInt(0);
            if (failures > 0) {
                found.put(
                        new Host(one.path("name").stringValue(""), address.get()),
                        new Trouble(failures, instant(one, "last"), instant(one, "until")));
            }
        }
        hosts.putAll(found);
    }

    private static Instant instant(JsonNode one, String name) throws DamagedException {
        try {
            return Instant.parse(one.path(name).stringValue(""));
        } catch (DateTimeException _) {
            throw new DamagedException("a host without \"" + name + "\"");
        }
    }

    @Override
    public synchronized void writeTo(ObjectNode root) {
        ArrayNode all = root.putArray("hosts");
        hosts.forEach((host, trouble) ->
                all.addObject()
                        .put("name", host.name())
                        .put("address", IpText.of(host.address()))
                        .put("failures", trouble.failures())
                        .put("last", trouble.last().toString())
                        .put("until", trouble.until().toString()));
    }
}
