package io.whimbrel.toml;

import io.whimbrel.mail.DomainName;
import io.whimbrel.toml.ValueKind.Reading;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The kinds of values that are not about networks. Stateless.
public final class Kinds {
    private static final int NAME_MAX = 64;

    /// A UNIX socket's path has at most 107 bytes (Linux `sun_path`), and `/admin.sock` lies there.
    private static final int DATA_PATH_MAX = 96;

    /// Linux takes 4,095 bytes.
    private static final int PATH_MAX = 4_095;

    private Kinds() {}

    public static ValueKind<Integer> integer(int least, int most) {
        return new ValueKind<>(
                "an integer from " + least + " to " + most,
                value -> readInteger(value, least, most),
                Object::toString);
    }

    private static Reading<Integer> readInteger(Object value, int least, int most) {
        if (!(value instanceof Long number)) {
            return Reading.bad(TomlText.shown(value) + " is no integer");
        }
        if (number < least || number > most) {
            return Reading.bad(number + (number < least ? " is too small" : " is too large"));
        }
        return new Reading.Good<>(number.intValue());
    }

    public static ValueKind<Double> number(double least, double most) {
        return new ValueKind<>(
                "a number from " + least + " to " + most,
                value -> readNumber(value, least, most),
                Object::toString);
    }

    private static Reading<Double> readNumber(Object value, double least, double most) {
        double number;
        if (value instanceof Long whole) {
            number = whole;
        } else if (value instanceof Double fraction && Double.isFinite(fraction)) {
            number = fraction;
        } else {
            return Reading.bad(TomlText.shown(value) + " is no number");
        }
        if (number < least || number > most) {
            return Reading.bad(value + (number < least ? " is too small" : " is too large"));
        }
        return new Reading.Good<>(number);
    }

    public static ValueKind<Duration> duration(Duration least, Duration most) {
        String from = TomlText.quote(DurationText.render(least));
        String to = TomlText.quote(DurationText.render(most));
        return ValueKind.ofText(
                "is no duration",
                "a duration from " + from + " to " + to,
                text -> readDuration(text, least, most),
                DurationText::render);
    }

    private static Reading<Duration> readDuration(String text, Duration least, Duration most) {
        Optional<Duration> duration = DurationText.parse(text);
        if (duration.isEmpty()) {
            return Reading.bad(
                    TomlText.shown(text) + " is no duration",
                    DurationText.suggestion(text).map(TomlText::quote));
        }
        if (duration.get().compareTo(least) < 0) {
            return Reading.bad(TomlText.shown(text) + " is too short");
        }
        return duration.get().compareTo(most) > 0
                ? Reading.bad(TomlText.shown(text) + " is too long")
                : new Reading.Good<>(duration.get());
    }

    public static ValueKind<Long> size(long least, long most) {
        String from = TomlText.quote(SizeText.render(least));
        String to = TomlText.quote(SizeText.render(most));
        return ValueKind.ofText(
                "is no size",
                "a size from " + from + " to " + to,
                text -> readSize(text, least, most),
                SizeText::render);
    }

    private static Reading<Long> readSize(String text, long least, long most) {
        Optional<Long> bytes = SizeText.parse(text);
        if (bytes.isEmpty()) {
            return Reading.bad(
                    TomlText.shown(text) + " is no size",
                    SizeText.suggestion(text).map(TomlText::quote));
        }
        if (bytes.get() < least) {
            return Reading.bad(TomlText.shown(text) + " is too small");
        }
        return bytes.get() > most
                ? Reading.bad(TomlText.shown(text) + " is too large")
                : new Reading.Good<>(bytes.get());
    }

    /// One of an enum's constants, in lower case.
    public static <E extends Enum<E>> ValueKind<E> choice(List<E> constants) {
        List<String> names = constants.stream().map(Kinds::nameOf).toList();
        String allowed = String.join(" or ", names.stream().map(TomlText::quote).toList());
        return ValueKind.ofText(
                "is unknown",
                allowed,
                text -> {
                    int index = names.indexOf(text);
                    return index >= 0
                            ? new Reading.Good<>(constants.get(index))
                            : Reading.bad(
                                    TomlText.shown(text) + " is unknown",
                                    NearestName.of(text, names).map(TomlText::quote));
                },
                Kinds::nameOf);
    }

    public static String nameOf(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    public static ValueKind<Boolean> flag() {
        return new ValueKind<>(
                "true or false",
                value ->
                        value instanceof Boolean flag
                                ? new Reading.Good<>(flag)
                                : Reading.bad(TomlText.shown(value) + " is neither true nor false"),
                Object::toString);
    }

    /// The rights of a file, in octal as chmod takes them.
    public static ValueKind<Integer> fileMode() {
        return ValueKind.ofParsed(
                "is no file mode",
                "a file mode in octal, such as \"0660\"",
                text ->
                        text.matches("0?[0-7]{3}")
                                ? Optional.of(Integer.parseInt(text, 8))
                                : Optional.empty(),
                mode -> "0" + Integer.toOctalString(mode));
    }

    /// A name that operators give: of a tenant, of a source.
    public static ValueKind<String> name() {
        return namesOf(
                "[A-Za-z0-9._-]+",
                "is no name",
                "a name of 1 to 64 letters, digits, \".\", \"_\" and \"-\"");
    }

    /// The name of a header field (RFC 5322 §2.2).
    public static ValueKind<String> fieldName() {
        return namesOf(
                "[!-9;-~]+",
                "is no header field name",
                "a header field name of 1 to 64 printable characters without space and colon");
    }

    private static ValueKind<String> namesOf(String pattern, String complaint, String allowed) {
        return ValueKind.ofParsed(
                complaint,
                allowed,
                text ->
                        Optional.of(text)
                                .filter(it -> it.length() <= NAME_MAX && it.matches(pattern)),
                text -> text);
    }

    /// A domain name; address literals are none.
    public static ValueKind<String> hostName() {
        return ValueKind.ofText(
                "is no host name",
                "a host name, such as \"mx1.example.com\"",
                text -> readHostName(text, false),
                text -> text);
    }

    /// A domain name or an address literal: what may follow EHLO (RFC 5321 §4.1.3).
    public static ValueKind<String> ehloName() {
        return ValueKind.ofText(
                "is no host name",
                "a host name, such as \"s1.example.com\", or an address literal in brackets",
                text -> readHostName(text, true),
                text -> text);
    }

    private static Reading<String> readHostName(String text, boolean allowsLiteral) {
        if (AddressText.parse(text).isPresent()) {
            return Reading.bad(
                    TomlText.shown(text) + " is an address, no host name",
                    allowsLiteral ? Optional.of(TomlText.quote(literal(text))) : Optional.empty());
        }
        boolean isLiteral = text.startsWith("[");
        Optional<DomainName> name = DomainName.parse(text);
        boolean isGood = isLiteral ? allowsLiteral && isAddressLiteral(text) : name.isPresent();
        return isGood && name.isPresent()
                ? new Reading.Good<>(isLiteral ? text : name.get().value())
                : Reading.bad(TomlText.shown(text) + " is no host name");
    }

    private static boolean isAddressLiteral(String text) {
        String inner = text.substring(1, Math.max(1, text.length() - 1));
        boolean isIpv6 = inner.regionMatches(true, 0, "IPv6:", 0, 5);
        String address = isIpv6 ? inner.substring(5) : inner;
        return text.endsWith("]")
                && isIpv6 == (address.indexOf(':') >= 0)
                && AddressText.parse(address).isPresent();
    }

    private static String literal(String address) {
        return address.indexOf(':') >= 0 ? "[IPv6:" + address + "]" : "[" + address + "]";
    }

    public static ValueKind<Path> dataFolder() {
        return ValueKind.ofText(
                "is no path",
                "an absolute path of at most "
                        + DATA_PATH_MAX
                        + " bytes, for a UNIX socket lies in that folder",
                text -> readPath(text, DATA_PATH_MAX),
                Path::toString);
    }

    /// A file or a folder, which need not be there yet.
    public static ValueKind<Path> file() {
        return ValueKind.ofText(
                "is no path", "an absolute path", text -> readPath(text, PATH_MAX), Path::toString);
    }

    private static Reading<Path> readPath(String text, int bytesMax) {
        try {
            Path path = Path.of(text).normalize();
            if (!path.isAbsolute()) {
                return Reading.bad(TomlText.shown(text) + " is no absolute path");
            }
            if (path.getNameCount() == 0) {
                return Reading.bad(TomlText.shown(text) + " is the root; name a place below it");
            }
            return text.getBytes(StandardCharsets.UTF_8).length <= bytesMax
                    ? new Reading.Good<>(path)
                    : Reading.bad(TomlText.shown(text) + " is too long");
        } catch (InvalidPathException _) {
            return Reading.bad(TomlText.shown(text) + " is no path");
        }
    }
}
