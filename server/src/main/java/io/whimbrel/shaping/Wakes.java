package io.whimbrel.shaping;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;

/// Paths to be told that there is room, once the lock is released. Confined to one thread.
final class Wakes {
    private Set<Object> paths = Set.of();

    void add(Object path) {
        if (paths.isEmpty()) {
            paths = new LinkedHashSet<>();
        }
        paths.add(path);
    }

    void tell(Consumer<Object> listener) {
        paths.forEach(listener);
    }
}
