package io.whimbrel;

import com.sun.management.UnixOperatingSystemMXBean;

import java.lang.management.ManagementFactory;

/// How many files and sockets this process may have open, and how many of them clients may take.
/// Stateless.
///
/// A connection that finds no file descriptor left is not accepted, which hurts nobody. A spool or
/// an event log that finds none stops the node, so clients never get the last ones.
final class FileLimit {
    /// For the spool, the event log, the admin socket, DNS and the program itself.
    private static final int OURS = 256;

    private FileLimit() {}

    /// Connections that all listeners together may hold: what is left beside `deliveryConnections`
    /// and our own files, but half of everything at least.
    static int forClients(int deliveryConnections) {
        return forClients(ofProcess(), deliveryConnections);
    }

    static int forClients(long most, int deliveryConnections) {
        long left = Math.max(most / 2, most - OURS - deliveryConnections);
        return (int) Math.min(left, Integer.MAX_VALUE);
    }

    private static long ofProcess() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof UnixOperatingSystemMXBean system
                ? system.getMaxFileDescriptorCount()
                : Integer.MAX_VALUE;
    }
}
