package io.whimbrel.simulator;

import java.util.LinkedHashMap;
import java.util.Map;

/// A map that forgets what was not used for longest once it holds `most` entries. Not thread-safe.
final class BoundedMemory<K, V> extends LinkedHashMap<K, V> {
    private final int most;

    BoundedMemory(int most) {
        super(16, 0.75f, true);
        this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
    }
}
