package io.whimbrel.toml;

import org.tomlj.TomlArray;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A kind of value: how it is read from TOML, written back and described. Immutable.
///
/// @param allowed what may stand there, for errors and the reference; with article and range
/// @param reader takes what the TOML parser made of the value; throws nothing
/// @param renderer writes a value so that `reader` reads the same one
public record ValueKind<T>(
        String allowed, Function<Object, Reading<T>> reader, Function<T, String> renderer) {

    /// What came of reading one value of the file. Immutable.
    public sealed interface Reading<T> {

        record Good<T>(T value) implements Reading<T> {}

        /// @param problems at least one
        record Bad<T>(List<Problem> problems) implements Reading<T> {}

        /// What is wrong with a value, or with one element of a list.
        ///
        /// @param message begins with the value
        /// @param element its number from 0; -1 where the value as a whole is meant
        record Problem(String message, Optional<String> suggestion, int element) {
            public Problem at(int index) {
                return new Problem(message, suggestion, index);
            }
        }

        static <T> Reading<T> bad(String message) {
            return new Bad<>(List.of(new Problem(message, Optional.empty(), -1)));
        }

        static <T> Reading<T> bad(String message, Optional<String> suggestion) {
            return new Bad<>(List.of(new Problem(message, suggestion, -1)));
        }
    }

    /// A kind that is written as a TOML string.
    ///
    /// @param complaint what is said of any other value, such as "is no duration"
    public static <T> ValueKind<T> ofText(
            String complaint,
            String allowed,
            Function<String, Reading<T>> parser,
            Function<T, String> text) {
        return new ValueKind<>(
                allowed,
                value ->
                        value instanceof String string
                                ? parser.apply(string)
                                : Reading.bad(TomlText.shown(value) + " " + complaint),
                value -> TomlText.quote(text.apply(value)));
    }

    /// As [#ofText], for values about which nothing but `complaint` can be said.
    public static <T> ValueKind<T> ofParsed(
            String complaint,
            String allowed,
            Function<String, Optional<T>> parser,
            Function<T, String> text) {
        return ofText(
                complaint,
                allowed,
                string ->
                        parser.apply(string)
                                .<Reading<T>>map(Reading.Good::new)
                                .orElseGet(() ->
                                        Reading.bad(TomlText.shown(string) + " " + complaint)),
                text);
    }

    /// Any number of values of `kind` up to `most`. Every bad element is reported at its place.
    ///
    /// @param nouns completes "a list of"
    public static <T> ValueKind<List<T>> listOf(ValueKind<T> kind, String nouns, int most) {
        String allowed = "a list of at most " + most + " " + nouns + ", each " + kind.allowed();
        return new ValueKind<>(
                allowed,
                value ->
                        value instanceof TomlArray array
                                ? readList(kind, array, most)
                                : Reading.bad(TomlText.shown(value) + " is no list"),
                values ->
                        values.stream()
                                .map(kind.renderer)
                                .collect(Collectors.joining(", ", "[", "]")));
    }

    private static <T> Reading<List<T>> readList(ValueKind<T> kind, TomlArray array, int most) {
        if (array.size() > most) {
            return Reading.bad("a list of " + array.size() + " elements is too long");
        }
        List<T> values = new ArrayList<>();
        List<Reading.Problem> problems = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            int index = i;
            switch (kind.reader.apply(array.get(i))) {
                case Reading.Good<T>(T value) -> values.add(value);
                case Reading.Bad<T>(var found) ->
                        found.forEach(problem -> problems.add(problem.at(index)));
            }
        }
        return problems.isEmpty()
                ? new Reading.Good<>(List.copyOf(values))
                : new Reading.Bad<>(problems);
    }
}
