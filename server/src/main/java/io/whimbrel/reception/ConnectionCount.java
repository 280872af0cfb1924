package io.whimbrel.reception;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// How many connections a listener has, in all and for each client. Thread-safe; one lock.
///
/// A permit is taken before `accept`, so that beyond the limit clients wait in the kernel's backlog
/// and cost us nothing. A reserve of permits above the limit is for connections that only get a
/// 421, so that clients and operators see the reason; while those are in use too, nothing is
/// accepted.
final class ConnectionCount {
    static final int RESERVE = 32;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Key, Integer> byClient = new HashMap<>();
    private int most;
    private int permits;
    private int admitted;

    /// Whether an accepted connection may be served.
    enum Admission {
        ADMITTED,
        TOO_MANY,
        TOO_MANY_FROM_CLIENT
    }

    /// An IPv4 address, or the /64 network of an IPv6 address, for a host has the whole of it.
    private record Key(long bits, boolean isIpv6) {
        static Key of(InetAddress address) {
            byte[] bytes = address.getAddress();
            boolean isIpv6 = address instanceof Inet6Address;
            long bits = 0;
            for (int i = 0; i < (isIpv6 ? 8 : bytes.length); i++) {
                bits = bits << 8 | (bytes[i] & 0xff);
            }
            return new Key(bits, isIpv6);
        }
    }

    /// @param most connections served at once
    ConnectionCount(int most) {
        this.most = most;
    }

    /// Changes the limit; connections beyond a lower one are served to their end.
    void setMost(int connections) {
        lock.lock();
        try {
            most = connections;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for a permit, which is given back by [#releasePermit].
    void takePermit() throws InterruptedException {
        lock.lock();
        try {
            while (permits >= most + RESERVE) {
                changed.await();
            }
            permits++;
        } finally {
            lock.unlock();
        }
    }

    void releasePermit() {
        lock.lock();
        try {
            permits--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Counts a connection that holds a permit; [#leave] is due for it where it is admitted.
    Admission admit(InetAddress client, OptionalInt clientMost) {
        lock.lock();
        try {
            if (admitted >= most) {
                return Admission.TOO_MANY;
            }
            var key = Key.of(client);
            int connections = byClient.getOrDefault(key, 0);
            if (clientMost.isPresent() && connections >= clientMost.getAsInt()) {
                return Admission.TOO_MANY_FROM_CLIENT;
            }
            byClient.put(key, connections + 1);
            admitted++;
            return Admission.ADMITTED;
        } finally {
            lock.unlock();
        }
    }

    void leave(InetAddress client) {
        lock.lock();
        try {
            var key = Key.of(client);
            int connections = byClient.getOrDefault(key, 0);
            if (connections > 1) {
                byClient.put(key, connections - 1);
            } else {
                byClient.remove(key);
            }
            admitted--;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until no permit is in use.
    ///
    /// @return false where that took longer than `timeout`
    boolean awaitNone(Duration timeout) throws InterruptedException {
        lock.lock();
        try {
            long left = timeout.toNanos();
            while (permits > 0 && left > 0) {
                left = changed.awaitNanos(left);
            }
            return permits == 0;
        } finally {
            lock.unlock();
        }
    }

    /// Connections that hold a permit, refused ones included.
    int permits() {
        lock.lock();
        try {
            return permits;
        } finally {
            lock.unlock();
        }
    }
}
