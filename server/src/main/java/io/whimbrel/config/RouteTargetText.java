package io.whimbrel.config;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.IpText;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/// Reads where a route leads. Stateless.
final class RouteTargetText {
    private static final int SMTP_PORT = 25;
    private static final int SMTPS_PORT = 465;
    private static final int URI_MAX = 2_000;
    private static final String LMTP_SOCKET = "lmtp:unix:";
    private static final String MX_OF = "mx:";

    private RouteTargetText() {}

    static ValueKind<RouteTarget> kind() {
        return ValueKind.ofText(
                "is no route",
                "\"mx\", \"mx:example.net\", \"smtp://host:port\" (port 25 where none is written),"
                        + " \"smtps://host:port\" (port 465), \"lmtp://host:port\","
                        + " \"lmtp:unix:/path\", \"https://host/path\", \"discard\" or \"refuse\";"
                        + " host is a name, an IPv4 address or an IPv6 address in brackets",
                RouteTargetText::read,
                RouteTarget::text);
    }

    /// Where mail goes that its own hosts cannot take.
    static ValueKind<RouteTarget> relay() {
        return ValueKind.ofText(
                "is no relay",
                "\"smtp://host:port\" (port 25 where none is written) or \"smtps://host:port\""
                        + " (port 465)",
                text ->
                        switch (read(text)) {
                            case Reading.Good<RouteTarget>(RouteTarget target)
                                    when !(target instanceof RouteTarget.Smtp)
                                            && !(target instanceof RouteTarget.Smtps) ->
                                    Reading.bad(TomlText.shown(text) + " is no relay");
                            case Reading<RouteTarget> reading -> reading;
                        },
                RouteTarget::text);
    }

    static Reading<RouteTarget> read(String text) {
        if (text.startsWith(LMTP_SOCKET)) {
            return readSocket(text);
        }
        int schemeEnd = text.indexOf("://");
        String scheme = schemeEnd < 0 ? text : text.substring(0, schemeEnd);
        return switch (scheme) {
            case "mx" -> alone(text, new RouteTarget.Mx());
            case "discard" -> alone(text, new RouteTarget.Discard());
            case "refuse" -> alone(text, new RouteTarget.Refuse());
            case "smtp", "smtps", "lmtp" -> readHost(text, scheme);
            case "http", "https" -> readUri(text);
            default -> text.startsWith(MX_OF) ? readMxOf(text) : noRoute(text);
        };
    }

    private static Reading<RouteTarget> alone(String text, RouteTarget target) {
        return text.equals(target.text()) ? new Reading.Good<>(target) : noRoute(text);
    }

    private static Reading<RouteTarget> noRoute(String text) {
        return Reading.bad(TomlText.shown(text) + " is no route", suggestion(text));
    }

    private static Reading<RouteTarget> readMxOf(String text) {
        return DomainName.parse(text.substring(MX_OF.length()))
                .filter(domain -> !domain.isLiteral())
                .<Reading<RouteTarget>>map(
                        domain -> new Reading.Good<>(new RouteTarget.MxOf(domain)))
                .orElseGet(() -> Reading.bad(TomlText.shown(text) + " names no domain"));
    }

    private static Reading<RouteTarget> readSocket(String text) {
        String path = text.substring(LMTP_SOCKET.length());
        try {
            boolean isGood =
                    Path.of(path).isAbsolute()
                            && path.chars().noneMatch(Character::isISOControl)
                            && path.getBytes(StandardCharsets.UTF_8).length
                                    <= NetworkKinds.UNIX_PATH_MAX;
            return isGood
                    ? new Reading.Good<>(new RouteTarget.LmtpSocket(Path.of(path).normalize()))
                    : Reading.bad(
                            TomlText.shown(text)
                                    + " needs an absolute path of at most "
                                    + NetworkKinds.UNIX_PATH_MAX
                                    + " bytes");
        } catch (InvalidPathException _) {
            return Reading.bad(TomlText.shown(text) + " is no path");
        }
    }

    private static Reading<RouteTarget> readHost(String text, String scheme) {
        int at = scheme.length() + "://".length();
        if (at > text.length()) {
            return noRoute(text);
        }
        String rest = text.substring(at);
        int hostEnd = rest.startsWith("[") ? rest.indexOf(']') + 1 : rest.indexOf(':');
        int hostLength = hostEnd <= 0 ? rest.length() : hostEnd;
        Optional<String> host = parseHost(rest.substring(0, hostLength));
        if (host.isEmpty()) {
            return Reading.bad(TomlText.shown(text) + " names no host");
        }
        boolean hasPort = hostLength < rest.length();
        OptionalInt port =
                hasPort
                        ? AddressText.parsePort(rest.substring(hostLength), 1)
                        : defaultPort(scheme);
        if (port.isEmpty()) {
            return Reading.bad(TomlText.shown(text) + " has no port");
        }
        return new Reading.Good<>(
                switch (scheme) {
                    case "smtp" -> new RouteTarget.Smtp(host.get(), port.getAsInt());
                    case "smtps" -> new RouteTarget.Smtps(host.get(), port.getAsInt());
                    default -> new RouteTarget.Lmtp(host.get(), port.getAsInt());
                });
    }

    private static OptionalInt defaultPort(String scheme) {
        return switch (scheme) {
            case "smtp" -> OptionalInt.of(SMTP_PORT);
            case "smtps" -> OptionalInt.of(SMTPS_PORT);
            default -> OptionalInt.empty();
        };
    }

    private static Reading<RouteTarget> readUri(String text) {
        try {
            var uri = new URI(text);
            if (uri.getHost() == null || text.length() > URI_MAX || uri.getPort() > 65_535) {
                return Reading.bad(TomlText.shown(text) + " names no host");
            }
            if (uri.getRawUserInfo() != null) {
                // Not shown: there may be a password in it.
                return Reading.bad(
                        "a URI with a user in it would be logged; use auth-user and"
                                + " auth-password-file");
            }
            return uri.getRawFragment() == null && text.equals(uri.toASCIIString())
                    ? new Reading.Good<>(new RouteTarget.Http(uri))
                    : Reading.bad(TomlText.shown(text) + " is no URI to post to");
        } catch (URISyntaxException _) {
            return Reading.bad(TomlText.shown(text) + " is no URI");
        }
    }

    /// A host and port without a scheme was probably meant to be reached by SMTP.
    private static Optional<String> suggestion(String text) {
        if (text.equalsIgnoreCase("mx")) {
            return Optional.of("\"mx\"");
        }
        String meant = "smtp://" + text;
        return text.indexOf('/') < 0 && readHost(meant, "smtp") instanceof Reading.Good<RouteTarget>
                ? Optional.of(TomlText.quote(meant))
                : Optional.empty();
    }

    /// A name in A-labels, an IPv4 address, or an IPv6 address in brackets.
    private static Optional<String> parseHost(String host) {
        if (host.startsWith("[")) {
            return AddressText.parseBracketed(host).map(address -> "[" + IpText.of(address) + "]");
        }
        Optional<InetAddress> address = AddressText.parseBracketed(host);
        // A name of digits and dots that is no address is a mistyped address.
        return address.isPresent()
                ? address.map(IpText::of)
                : DomainName.parse(host).map(DomainName::value).filter(it -> !isNumbers(it));
    }

    private static boolean isNumbers(String name) {
        return name.matches("[0-9.]+");
    }
}
