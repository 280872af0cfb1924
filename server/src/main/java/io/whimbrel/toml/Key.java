package io.whimbrel.toml;

import java.util.Optional;

/// One key of the file, declared once: parser, checks, reference and default file come from here.
/// Immutable.
///
/// @param name as in the file
/// @param kind of its value
/// @param presence what holds where it is absent
/// @param change when a change takes effect
/// @param meaning a sentence or two in Markdown, on one line
public record Key<T>(
        String name, ValueKind<T> kind, Presence<T> presence, Change change, String meaning) {

    /// When a changed key takes effect.
    public enum Change {
        /// On SIGHUP and `whimbrel reload`.
        RELOAD,
        /// When the server starts again; a reload that changes such a key is refused.
        RESTART
    }

    /// What holds where a key is absent. Immutable.
    public sealed interface Presence<T> {

        /// The file is refused.
        ///
        /// @param example a value as it stands in the file
        record Required<T>(String example) implements Presence<T> {}

        /// The key has this value.
        ///
        /// @param starter another value that the default file sets, where this one alone would make
        ///   a server that is of no use
        record Default<T>(T value, Optional<String> starter) implements Presence<T> {}

        /// The key has no value.
        ///
        /// @param meaning what happens then
        /// @param example a value as it stands in the file
        record Unset<T>(String meaning, String example) implements Presence<T> {}
    }

    public static <T> Key<T> required(
            String name, ValueKind<T> kind, String example, Change change, String meaning) {
        return new Key<>(name, kind, new Presence.Required<>(example), change, meaning);
    }

    public static <T> Key<T> withDefault(
            String name, ValueKind<T> kind, T value, Change change, String meaning) {
        return new Key<>(
                name, kind, new Presence.Default<>(value, Optional.empty()), change, meaning);
    }

    public boolean isRequired() {
        return presence instanceof Presence.Required<T>;
    }

    /// Whether the default file sets it, in a table that the default file has.
    public boolean isInDefaultFile() {
        return switch (presence) {
            case Presence.Required<T> _ -> true;
            case Presence.Default<T>(_, var starter) -> starter.isPresent();
            case Presence.Unset<T> _ -> false;
        };
    }

    public String render(T value) {
        return kind.renderer().apply(value);
    }

    /// A value as it may stand in the file: the default unless there is a better one.
    public String example() {
        return switch (presence) {
            case Presence.Required<T>(String example) -> example;
            case Presence.Default<T>(T value, var starter) ->
                    starter.orElseGet(() -> render(value));
            case Presence.Unset<T>(_, String example) -> example;
        };
    }
}
