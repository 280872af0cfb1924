package io.whimbrel.simulator;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/// Memory of a [Trait.ConnectionLimit]: how many connections each client has open. Thread-safe. Its
/// size is bounded by the connections that are open.
final class ConnectionSlots {
    private final int most;
    private final Map<InetAddress, Integer> taken = new HashMap<>();

    ConnectionSlots(int most) {
        this.most = most;
    }

    /// Whether `visit` is among the connections that are served; if so it stays so until it leaves.
    synchronized boolean admits(Visit visit) {
        if (visit.holds(this)) {
            return true;
        }
        int open = taken.getOrDefault(visit.client(), 0);
        if (open >= most) {
            return false;
        }
        taken.put(visit.client(), open + 1);
        visit.hold(this);
        return true;
    }

    synchronized void release(Visit visit) {
        taken.computeIfPresent(visit.client(), (_, open) -> open == 1 ? null : open - 1);
    }
}
