package io.whimbrel.egress;

import io.whimbrel.mail.IpText;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The addresses that mail leaves from, by their names. Thread-safe.
///
/// An address that the machine lacks, or that nothing can be bound to, is left out, with one
/// warning when it goes and one line when it is back: looked at when this is made, when a bind
/// failed, and from then on about every [#CHECK_AGAIN] while mail flows. The machine may get it
/// back without us. A source whose proxy cannot be used is left out for [#PROXY_RESTS], and then
/// tried again.
public final class Sources {
    static final Duration CHECK_AGAIN = Duration.ofSeconds(30);
    static final Duration PROXY_RESTS = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(Sources.class);

    private final Map<String, SourceAddress> configured = new LinkedHashMap<>();
    private final List<SourceAddress> order;
    private final InstantSource clock;

    /// Proxies that failed, by the name of the source.
    private final Map<String, Rest> rests = new HashMap<>();

    /// Why sources cannot be bound to, by their names.
    private final Map<String, String> missing = new HashMap<>();

    private Instant checkedAt;
    private boolean hasGlobalIpv6;
    private int turn;

    /// Why a source is left out for a while.
    private record Rest(Instant until, String reason) {}

    /// @param configured at least one; those without `[[source]]` give one unnamed without address
    public Sources(List<SourceAddress> configured, InstantSource clock) {
        if (configured.isEmpty()) {
            throw new IllegalArgumentException("mail leaves from at least one source");
        }
        this.order = List.copyOf(configured);
        order.forEach(source -> this.configured.put(source.name(), source));
        this.clock = clock;
        this.checkedAt = clock.instant();
        check();
    }

    /// All that are configured, usable or not.
    public List<SourceAddress> all() {
        return order;
    }

    /// The source of this name, usable or not.
    public Optional<SourceAddress> named(String name) {
        return Optional.ofNullable(configured.get(name));
    }

    /// The next source that can reach `target`: usable, and of its family. Empty where none can.
    public synchronized Optional<SourceAddress> next(InetAddress target) {
        checkNowAndThen();
        for (int i = 0; i < order.size(); i++) {
            turn = (turn + 1) % order.size();
            SourceAddress source = order.get(turn);
            if (canReach(source, target)) {
                return Optional.of(source);
            }
        }
        return Optional.empty();
    }

    /// Whether some source can reach `target` at all.
    public synchronized boolean reaches(InetAddress target) {
        checkNowAndThen();
        for (SourceAddress source : order) {
            if (canReach(source, target)) {
                return true;
            }
        }
        return false;
    }

    /// Whether this source can reach `target`: usable, and of its family.
    public synchronized boolean reaches(SourceAddress source, InetAddress target) {
        checkNowAndThen();
        return canReach(source, target);
    }

    /// Whether connections can be bound to it, and its proxy did not fail of late.
    public synchronized boolean isUsable(String name) {
        checkNowAndThen();
        return isThere(name);
    }

    /// Every name, and whether it can be used.
    synchronized Map<String, Boolean> usable() {
        checkNowAndThen();
        Map<String, Boolean> usable = new LinkedHashMap<>();
        order.forEach(source -> usable.put(source.name(), isThere(source.name())));
        return usable;
    }

    /// Why no source can be used; empty where one can.
    public Optional<String> trouble() {
        return trouble(order);
    }

    /// Why none of these can be used; empty where one can.
    synchronized Optional<String> trouble(List<SourceAddress> sources) {
        checkNowAndThen();
        List<String> reasons = new ArrayList<>();
        for (SourceAddress source : sources) {
            Optional<String> reason = why(source);
            if (reason.isEmpty()) {
                return Optional.empty();
            }
            reasons.add(reason.get());
        }
        return Optional.of(String.join("; ", reasons));
    }

    /// Why this source cannot be used; empty where it can.
    public synchronized Optional<String> trouble(SourceAddress source) {
        checkNowAndThen();
        return why(source);
    }

    /// Names said in EHLO: a host that is called so is this node.
    public Set<String> ehloNames() {
        Set<String> names = new HashSet<>();
        order.forEach(source -> names.add(source.ehloName()));
        return names;
    }

    /// A connection could not be bound to `source`: looks at once whether it is still there.
    public synchronized void bindFailed(SourceAddress source) {
        if (!missing.containsKey(source.name())) {
            check();
        }
    }

    /// The proxy of `source` could not be used: nothing leaves from it for a while.
    ///
    /// @param reason names the proxy
    public synchronized void proxyFailed(SourceAddress source, String reason) {
        var rest = new Rest(clock.instant().plus(PROXY_RESTS), reason);
        if (rests.put(source.name(), rest) == null) {
            LOG.warn(
                    "source {}: {}; it is not used for {} s",
                    source.name(),
                    reason,
                    PROXY_RESTS.toSeconds());
        }
    }

    /// The proxy of `source` was of use.
    public synchronized void proxyWorked(SourceAddress source) {
        if (rests.remove(source.name()) != null) {
            LOG.info("source {}: its proxy is back", source.name());
        }
    }

    private Optional<String> why(SourceAddress source) {
        String unbound = missing.get(source.name());
        if (unbound != null) {
            return Optional.of("source " + source.name() + ": " + unbound);
        }
        Rest rest = rests.get(source.name());
        return rest == null || isThere(source.name())
                ? Optional.empty()
                : Optional.of("source " + source.name() + ": " + rest.reason());
    }

    private boolean isThere(String name) {
        if (missing.containsKey(name)) {
            return false;
        }
        Rest rest = rests.get(name);
        return rest == null || !clock.instant().isBefore(rest.until());
    }

    private boolean canReach(SourceAddress source, InetAddress target) {
        if (!isThere(source.name())) {
            return false;
        }
        boolean isIpv6 = target instanceof Inet6Address;
        return source.seenAs()
                .map(address -> address instanceof Inet6Address == isIpv6)
                .orElse(!isIpv6 || hasGlobalIpv6 || target.isLoopbackAddress());
    }

    private void checkNowAndThen() {
        Instant now = clock.instant();
        if (now.isAfter(checkedAt.plus(CHECK_AGAIN))) {
            checkedAt = now;
            check();
        }
    }

    private void check() {
        hasGlobalIpv6 = findGlobalIpv6();
        for (SourceAddress source : order) {
            Optional<String> trouble = source.boundTo().flatMap(Sources::bindTrouble);
            if (trouble.isEmpty()) {
                if (missing.remove(source.name()) != null) {
                    LOG.info("source {}: its address is back", source.name());
                }
            } else if (!trouble.get().equals(missing.put(source.name(), trouble.get()))) {
                LOG.warn(
                        "source {}: {}; mail leaves from the other sources, or waits",
                        source.name(),
                        trouble.get());
            }
        }
    }

    /// Asked of the kernel, not of the list of interfaces: 127.0.0.5 is on none and can be used.
    private static Optional<String> bindTrouble(InetAddress address) {
        try (var socket = new Socket()) {
            socket.bind(new InetSocketAddress(address, 0));
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(described(address, e));
        }
    }

    /// Java gives the kernel's reason only as words, in the language of the machine; so the
    /// interfaces say whether the address is there.
    static String described(InetAddress address, IOException reason) {
        String text = IpText.of(address);
        return isLocal(address)
                ? "nothing can be bound to "
                        + text
                        + " ("
                        + reason.getMessage()
                        + "): no port is"
                        + " left, or files are at their limit"
                : "address " + text + " is not on this machine";
    }

    private static boolean isLocal(InetAddress address) {
        try {
            return address.isLoopbackAddress()
                    || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException _) {
            // Nobody can tell; what the kernel said is told then.
            return true;
        }
    }

    private static boolean findGlobalIpv6() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .anyMatch(address ->
                            address instanceof Inet6Address
                                    && !address.isLoopbackAddress()
                                    && !address.isLinkLocalAddress());
        } catch (SocketException _) {
            // No interface can be listed: assume the family that every network has.
            return false;
        }
    }
}
