package io.whimbrel.toml;

import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.Key.Presence;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The values of one table of the file. Confined to one thread.
public final class TableValues {
    private final TableSpec table;
    private final Place place;
    private final Map<String, Object> good = new HashMap<>();
    private final Map<String, Place> places = new HashMap<>();

    public TableValues(TableSpec table, Place place) {
        this.table = table;
        this.place = place;
    }

    public TableSpec table() {
        return table;
    }

    /// A key of the file whose value may still prove bad.
    public void addPlace(Key<?> key, Place keyPlace) {
        places.put(key.name(), keyPlace);
    }

    /// A key of the file under a wrong name: it has no value, and no default holds instead.
    public void addMisspelt(Key<?> key, Place keyPlace) {
        places.putIfAbsent(key.name(), keyPlace);
    }

    public <T> void addGood(Key<T> key, T value) {
        good.put(key.name(), value);
    }

    /// Where the table begins.
    public Place place() {
        return place;
    }

    /// Where the key stands; where the table begins if it is absent.
    public Place placeOf(Key<?> key) {
        return places.getOrDefault(key.name(), place);
    }

    public boolean isWritten(Key<?> key) {
        return places.containsKey(key.name());
    }

    /// What holds for `key`: the file's value, or the default where the file has none. Empty where
    /// neither exists or the file's is bad.
    @SuppressWarnings("unchecked") // addGood lets in only values of the key's type
    public <T> Optional<T> find(Key<T> key) {
        Object value = good.get(key.name());
        if (value != null) {
            return Optional.of((T) value);
        }
        return !isWritten(key) && key.presence() instanceof Presence.Default<T>(T byDefault, _)
                ? Optional.of(byDefault)
                : Optional.empty();
    }

    /// As [#find], for keys that always have a value in a file without errors.
    public <T> T get(Key<T> key) {
        return find(key).orElseThrow(() -> new IllegalStateException(key.name() + " is unset"));
    }

    /// As [#find], as it would stand in the file; `""` where there is none.
    public <T> String rendered(Key<T> key) {
        return find(key).map(key::render).orElse("");
    }
}
