package io.whimbrel.toml;

import java.util.List;
import java.util.Optional;

/// One table of the file, `[name]` or `[[name]]`. Immutable.
///
/// @param name as in the file
/// @param repeats whether it is written `[[name]]` and may stand several times
/// @param isRequired whether the file needs at least one
/// @param identity the key whose value tells the tables of one name apart; no two may share it
/// @param meaning a sentence or two in Markdown, on one line
/// @param keys in the order of the reference
public record TableSpec(
        String name,
        boolean repeats,
        boolean isRequired,
        Optional<Key<?>> identity,
        String meaning,
        List<Key<?>> keys) {

    /// A table that stands once.
    public static TableSpec one(String name, String meaning, List<Key<?>> keys) {
        boolean isRequired = keys.stream().anyMatch(Key::isRequired);
        return new TableSpec(name, false, isRequired, Optional.empty(), meaning, keys);
    }

    /// As it is written in the file, with its brackets.
    public String header() {
        return repeats ? "[[" + name + "]]" : "[" + name + "]";
    }

    /// The names of its keys.
    public List<String> keyNames() {
        return keys.stream().<String>map(Key::name).toList();
    }

    /// The key of this name.
    public Optional<Key<?>> key(String keyName) {
        return keys.stream().filter(key -> key.name().equals(keyName)).findFirst();
    }
}
