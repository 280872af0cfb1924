package io.whimbrel.simulator;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;

/// Memory of a [Trait.Greylist]: when each (client network, sender, recipient) was first seen.
/// Thread-safe. Knows the last 1,000,000 of them.
final class GreylistMemory {
    private static final int TRIPLES_MAX = 1_000_000;

    private final long waitNanos;
    private final SimulatorClock clock;
    private final BoundedMemory<Triple, Long> firstSeen = new BoundedMemory<>(TRIPLES_MAX);

    GreylistMemory(Trait.Greylist greylist, SimulatorClock clock) {
        this.waitNanos = greylist.delay().toNanos();
        this.clock = clock;
    }

    synchronized boolean admits(Visit visit) {
        var triple =
                new Triple(
                        network(visit),
                        visit.reversePath().toLowerCase(Locale.ROOT),
                        visit.recipient().toLowerCase(Locale.ROOT));
        long now = clock.nanos();
        return now - firstSeen.computeIfAbsent(triple, _ -> now) >= waitNanos;
    }

    private static String network(Visit visit) {
        byte[] address = visit.client().getAddress();
        int prefix = address.length == 4 ? 3 : 8;
        return HexFormat.of().formatHex(Arrays.copyOf(address, prefix));
    }

    private record Triple(String network, String sender, String recipient) {}
}
