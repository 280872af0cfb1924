package io.whimbrel;

import com.sun.management.UnixOperatingSystemMXBean;

import java.lang.management.ManagementFactory;
import java.util.Optional;

/// How many of the files and sockets that this process may have open each side may take. Immutable.
///
/// A connection that finds no file descriptor left is not accepted, or not opened, which hurts
/// nobody. A spool or an event log that finds none stops the node, so the last ones are theirs.
/// Shares are given at the start: whoever asks for more at a reload cannot have what the other side
/// holds.
///
/// @param clients connections that all listeners together may hold
/// @param deliveries connections to other hosts at once
record FileLimit(int clients, int deliveries) {
    /// For the spool, the event log, the admin socket, DNS and the program itself; a quarter of
    /// everything where that is less.
    private static final int OURS = 256;

    /// The shares under the limit of this process.
    static FileLimit ofProcess(int clientsAsked, int deliveriesAsked) {
        return of(processMost(), clientsAsked, deliveriesAsked);
    }

    /// Half for each side, and what the one does not ask for is the other's.
    static FileLimit of(long most, int clientsAsked, int deliveriesAsked) {
        long shared = Math.max(2, most - Math.min(OURS, most / 4));
        long clients = Math.max(shared / 2, shared - deliveriesAsked);
        long deliveries = shared - Math.min(clients, clientsAsked);
        return new FileLimit(bounded(clients), bounded(deliveries));
    }

    /// What an operator is told where delivery would need more than its share.
    Optional<String> shortage(int deliveriesAsked) {
        return deliveriesAsked <= deliveries
                ? Optional.empty()
                : Optional.of(
                        "delivery: "
                                + deliveries
                                + " connections at once instead of max-connections = "
                                + deliveriesAsked
                                + ", for the limit of open files allows no more; raise it"
                                + " (LimitNOFILE= of systemd, ulimit -n) and restart");
    }

    private static int bounded(long count) {
        return (int) Math.min(count, Integer.MAX_VALUE);
    }

    private static long processMost() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof UnixOperatingSystemMXBean system
                ? system.getMaxFileDescriptorCount()
                : Integer.MAX_VALUE;
    }
}
