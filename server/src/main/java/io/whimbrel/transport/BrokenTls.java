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

/// Hosts whose TLS failed or stalled, which are asked in plain text at once where that is allowed:
/// `state/tls-broken.json`. Thread-safe. At most [#HOSTS_MAX]; the oldest are forgotten then, which
/// costs one more handshake each.
public final class BrokenTls implements StateFile.Content {
    static final int HOSTS_MAX = 10_000;

    private final InstantSource clock;
    private final Map<InetAddress, Instant> until =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<InetAddress, Instant> eldest) {
                    return size() > HOSTS_MAX;
                }
            };
    private long changes;

    public BrokenTls(InstantSource clock) {
        this.clock = clock;
    }

    public synchronized void add(InetAddress host, Duration remembered) {
        until.remove(host);
        until.put(host, clock.instant().plus(remembered));
        changes++;
    }

    /// Its TLS works again.
    public synchronized void remove(InetAddress host) {
        if (until.remove(host) != null) {
            changes++;
        }
    }

    public synchronized boolean contains(InetAddress host) {
        Optional<Instant> end = Optional.ofNullable(until.get(host));
        if (end.isEmpty()) {
            return false;
        }
        if (clock.instant().isBefore(end.get())) {
            return true;
        }
        remove(host);
        return false;
    }

    @Override
    public synchronized long changes() {
        return changes;
    }

    @Override
    public synchronized void restore(JsonNode root) throws DamagedException {
        if (!(root.path("hosts") instanceof ArrayNode hosts)) {
            throw new DamagedException("no list \"hosts\"");
        }
        var found = new LinkedHashMap<InetAddress, Instant>();
        for (JsonNode one : hosts) {
            Optional<InetAddress> address =
                    Network.parseAddress(one.path("address").stringValue(""));
            if (address.isEmpty()) {
                throw new DamagedException("a host without \"address\"");
            }
            try {
                found.put(address.get(), Instant.parse(one.path("until").stringValue("")));
            } catch (DateTimeException _) {
                throw new DamagedException("a host without \"until\"");
            }
        }
        until.putAll(found);
    }

    @Override
    public synchronized void writeTo(ObjectNode root) {
        ArrayNode hosts = root.putArray("hosts");
        until.forEach((address, end) ->
                hosts.addObject().put("address", IpText.of(address)).put("until", end.toString()));
    }
}
