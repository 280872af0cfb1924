package io.whimbrel.provider;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import org.tomlj.TomlArray;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// The kinds of values of provider files and limits. Stateless.
public final class ProviderKinds {
    private static final int TEXT_MAX = 1_000;
    private static final int LIST_MAX = 1_000;

    private ProviderKinds() {}

    /// One value or a list of them.
    static <T> ValueKind<List<T>> oneOrMany(ValueKind<T> kind, String nouns) {
        ValueKind<List<T>> list = ValueKind.listOf(kind, nouns, LIST_MAX);
        return new ValueKind<>(
                kind.allowed() + ", or a list of such",
                value -> value instanceof TomlArray ? list.reader().apply(value) : one(kind, value),
                values ->
                        values.size() == 1
                                ? kind.renderer().apply(values.getFirst())
                                : list.renderer().apply(values));
    }

    private static <T> Reading<List<T>> one(ValueKind<T> kind, Object value) {
        return switch (kind.reader().apply(value)) {
            case Reading.Good<T>(T good) -> new Reading.Good<>(List.of(good));
            case Reading.Bad<T>(var problems) -> new Reading.Bad<>(problems);
        };
    }

    /// How warm a source is.
    public static ValueKind<String> profile() {
        return ValueKind.ofParsed(
                "is unknown",
                "\"cold\" or \"warm\" or \"hot\"",
                text -> Optional.of(text).filter(ShapingSettings.PROFILES::contains),
                text -> text);
    }

    static ValueKind<Dimension> dimension() {
        return ValueKind.ofParsed(
                "is unknown",
                Arrays.stream(Dimension.values())
                        .map(dimension -> TomlText.quote(dimension.key()))
                        .collect(Collectors.joining(" or ")),
                Dimension::of,
                Dimension::key);
    }

    /// Any text of a line.
    static ValueKind<String> text() {
        return ValueKind.ofParsed(
                "is no text",
                "a text of at most " + TEXT_MAX + " characters",
                text -> Optional.of(text).filter(it -> it.length() <= TEXT_MAX && isPrintable(it)),
                text -> text);
    }

    private static boolean isPrintable(String text) {
        return !text.isBlank() && text.chars().noneMatch(Character::isISOControl);
    }

    /// A reply as on the wire, its lines separated by line feeds.
    static ValueKind<String> reply() {
        return ValueKind.ofParsed(
                "is no SMTP reply",
                "a reply as on the wire, such as \"421 4.7.0 Try again later\"; lines of one reply"
                        + " are separated by \\n",
                text -> Optional.of(text).filter(it -> WireReply.parse(it).isPresent()),
                text -> text);
    }

    static ValueKind<String> domain() {
        return ValueKind.ofParsed(
                "is no domain",
                "a domain such as \"example.com\"",
                text -> DomainName.parse(text).filter(it -> isName(text)).map(DomainName::value),
                text -> text);
    }

    /// `*.example.com`, or the host itself.
    static ValueKind<String> hostPattern() {
        return ValueKind.ofParsed(
                "is no host name",
                "the name of an MX host, such as \"mx.example.com\", or \"*.example.com\" for all"
                        + " below it",
                ProviderKinds::parseHostPattern,
                text -> text);
    }

    private static Optional<String> parseHostPattern(String text) {
        boolean isBelow = text.startsWith("*.");
        String name = isBelow ? text.substring(2) : text;
        return DomainName.parse(name)
                .filter(_ -> isName(name))
                .map(domain -> (isBelow ? "*." : "") + domain.value().toLowerCase(Locale.ROOT));
    }

    private static boolean isName(String text) {
        return !text.startsWith("[");
    }

    static ValueKind<Network> network() {
        return ValueKind.ofParsed(
                "is no network",
                "a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"",
                Network::parse,
                Network::toString);
    }

    static ValueKind<LocalDate> date() {
        return ValueKind.ofParsed(
                "is no date",
                "a date such as \"2026-11-27\"",
                ProviderKinds::parseDate,
                LocalDate::toString);
    }

    private static Optional<LocalDate> parseDate(String text) {
        try {
            return Optional.of(LocalDate.parse(text));
        } catch (DateTimeException _) {
            return Optional.empty();
        }
    }

    static ValueKind<String> name() {
        return Kinds.name();
    }
}
