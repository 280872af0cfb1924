package io.whimbrel.keys;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// All keys that were ever replaced, or are being replaced. Immutable.
public final class Rotations {
    public static final Rotations NONE = new Rotations(Map.of());

    /// At it, no further key is replaced.
    static final int MOST = 10_000;

    private final Map<KeyName, Rotation> byEntry;

    private Rotations(Map<KeyName, Rotation> byEntry) {
        this.byEntry = new TreeMap<>(byEntry);
    }

    static Rotations of(List<Rotation> all) {
        var byEntry = new TreeMap<KeyName, Rotation>();
        all.forEach(it -> byEntry.put(it.entry(), it));
        return new Rotations(byEntry);
    }

    /// What signs now in the place of the key that the configuration names; empty where that has
    /// never been replaced.
    public Optional<PlacedKey> current(String domain, String selector) {
        // Asked for every message that is signed.
        return byEntry.isEmpty()
                ? Optional.empty()
                : KeyName.parse(domain, selector).flatMap(this::find).flatMap(Rotations::successor);
    }

    private static Optional<PlacedKey> successor(Rotation rotation) {
        return rotation.current().selector().equals(rotation.entry().selector())
                ? Optional.empty()
                : Optional.of(rotation.current());
    }

    /// @param entry as the configuration names it
    public Optional<Rotation> find(KeyName entry) {
        return Optional.ofNullable(byEntry.get(entry));
    }

    /// Each, by domain and selector of its entry.
    public List<Rotation> all() {
        return List.copyOf(byEntry.values());
    }

    /// Those for which a key is, or was until its end, in use: by the name of any of their keys.
    public List<Rotation> about(KeyName key) {
        var found = new ArrayList<Rotation>();
        for (Rotation rotation : byEntry.values()) {
            if (rotation.entry().domain().equals(key.domain())
                    && rotation.selectors().contains(key.selector())) {
                found.add(rotation);
            }
        }
        return found;
    }

    /// With this one in the place of the one of the same entry.
    Rotations with(Rotation rotation) {
        var changed = new Rotations(byEntry);
        changed.byEntry.put(rotation.entry(), rotation);
        return changed;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Rotations rotations && byEntry.equals(rotations.byEntry);
    }

    @Override
    public int hashCode() {
        return byEntry.hashCode();
    }

    @Override
    public String toString() {
        return byEntry.values().toString();
    }
}
