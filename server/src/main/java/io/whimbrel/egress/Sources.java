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
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The addresses that mail leaves from, used in turn. Thread-safe.
///
/// An address that the machine lacks is left out, with one warning when it goes and one line when
/// it is back: looked at when this is made, when a bind failed, and from then on about every
/// [#CHECK_AGAIN] while mail flows. The machine may get it back without us.
public final class Sources {
    static final Duration CHECK_AGAIN = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(Sources.class);

    private final List<SourceAddress> configured;
    private final InstantSource clock;
    private final Set<String> missing = new HashSet<>();
    private Instant checkedAt;
    private boolean hasGlobalIpv6;
    private int turn;

    /// @param configured at least one; those without `[[source]]` give one unnamed without address
    public Sources(List<SourceAddress> configured, InstantSource clock) {
        if (configured.isEmpty()) {
            throw new IllegalArgumentException("mail leaves from at least one source");
        }
        this.configured = List.copyOf(configured);
        this.clock = clock;
        this.checkedAt = clock.instant();
        check();
    }

    /// The next source that can reach `target`: usable, and of its family. Empty where none can.
    public synchronized Optional<SourceAddress> next(InetAddress target) {
        checkNowAndThen();
        for (int i = 0; i < configured.size(); i++) {
            turn = (turn + 1) % configured.size();
            SourceAddress source = configured.get(turn);
            if (reaches(source, target)) {
                return Optional.of(source);
            }
        }
        return Optional.empty();
    }

    /// Whether some source can reach `target` at all.
    public synchronized boolean reaches(InetAddress target) {
        checkNowAndThen();
        for (SourceAddress source : configured) {
            if (reaches(source, target)) {
                return true;
            }
        }
        return false;
    }

    /// Why no source can be used; empty where one can.
    public synchronized Optional<String> trouble() {
        checkNowAndThen();
        List<String> reasons = new ArrayList<>();
        for (SourceAddress source : configured) {
            if (!missing.contains(source.name())) {
                return Optional.empty();
            }
            reasons.add(lacks(source));
        }
        return Optional.of(String.join("; ", reasons));
    }

    /// Names said in EHLO: a host that is called so is this node.
    public Set<String> ehloNames() {
        Set<String> names = new HashSet<>();
        configured.forEach(source -> names.add(source.ehloName()));
        return names;
    }

    /// A connection could not be bound to `source`: looks at once whether it is still there.
    public synchronized void bindFailed(SourceAddress source) {
        if (!missing.contains(source.name())) {
            check();
        }
    }

    private boolean reaches(SourceAddress source, InetAddress target) {
        if (missing.contains(source.name())) {
            return false;
        }
        boolean isIpv6 = target instanceof Inet6Address;
        return source.address()
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
        for (SourceAddress source : configured) {
            boolean isThere = source.address().map(Sources::canBind).orElse(true);
            if (!isThere && missing.add(source.name())) {
                LOG.warn("{}; mail leaves from the other sources, or waits", lacks(source));
            } else if (isThere && missing.remove(source.name())) {
                LOG.info("source {}: its address is back", source.name());
            }
        }
    }

    private static String lacks(SourceAddress source) {
        String address = source.address().map(IpText::of).orElse("");
        return "source " + source.name() + ": address " + address + " is not on this machine";
    }

    /// Asked of the kernel, not of the list of interfaces: 127.0.0.5 is on none and can be used.
    private static boolean canBind(InetAddress address) {
        try (var socket = new Socket()) {
            socket.bind(new InetSocketAddress(address, 0));
            return true;
        } catch (IOException _) {
            // The one answer that matters is no.
            return false;
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
