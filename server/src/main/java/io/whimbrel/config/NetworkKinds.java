package io.whimbrel.config;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/// The kinds of values that say where mail comes from and goes to. Stateless.
final class NetworkKinds {
    static final int SMTP_PORT = 25;

    /// Linux `sun_path`, with its final zero.
    private static final int UNIX_PATH_MAX = 107;

    /// The shortest prefix that may relay: no private network of IPv4 is wider than `10.0.0.0/8`,
    /// and public blocks this wide belong to registries (IPv6: to nobody below a registry).
    private static final int RELAY_PREFIX_MIN_IPV4 = 8;

    private static final int RELAY_PREFIX_MIN_IPV6 = 16;

    private static final Network IPV6_LOCAL = network("fc00::/7");

    private NetworkKinds() {}

    /// Where to listen.
    static ValueKind<SocketAddress> listenAddress() {
        return ValueKind.ofText(
                "is no address with port",
                "an address with a port, such as \"127.0.0.1:25\", \"0.0.0.0:25\" or \"[::1]:25\";"
                        + " port 0 lets the system choose one; or a UNIX socket, such as"
                        + " \"unix:/run/whimbrel/smtp.sock\"",
                NetworkKinds::readListenAddress,
                AddressText::render);
    }

    private static Reading<SocketAddress> readListenAddress(String text) {
        if (text.startsWith(AddressText.UNIX)) {
            return readUnixAddress(text);
        }
        Optional<InetSocketAddress> address = AddressText.parseWithPort(text, OptionalInt.empty());
        if (address.isPresent()) {
            return address.get().getAddress().isMulticastAddress()
                    ? Reading.bad(TomlText.shown(text) + " is a multicast address")
                    : new Reading.Good<>(address.get());
        }
        return AddressText.parse(text).isPresent() || AddressText.parseBracketed(text).isPresent()
                ? Reading.bad(
                        TomlText.shown(text) + " has no port",
                        Optional.of(TomlText.quote(bracketed(text) + ":" + SMTP_PORT)))
                : Reading.bad(TomlText.shown(text) + " is no address with port");
    }

    private static Reading<SocketAddress> readUnixAddress(String text) {
        String path = text.substring(AddressText.UNIX.length());
        try {
            boolean isGood =
                    Path.of(path).isAbsolute()
                            && path.getBytes(StandardCharsets.UTF_8).length <= UNIX_PATH_MAX;
            return isGood
                    ? new Reading.Good<>(UnixDomainSocketAddress.of(Path.of(path).normalize()))
                    : Reading.bad(
                            TomlText.shown(text)
                                    + " needs an absolute path of at most "
                                    + UNIX_PATH_MAX
                                    + " bytes");
        } catch (InvalidPathException _) {
            return Reading.bad(TomlText.shown(text) + " is no path");
        }
    }

    private static String bracketed(String text) {
        return text.indexOf(':') >= 0 && !text.startsWith("[") ? "[" + text + "]" : text;
    }

    /// A host to ask, port `defaultPort` where none is written.
    static ValueKind<InetSocketAddress> serverAddress(int defaultPort) {
        return ValueKind.ofParsed(
                "is no address",
                "an address, such as \"127.0.0.1:" + defaultPort + "\" or \"[::1]\"",
                text ->
                        AddressText.parseWithPort(text, OptionalInt.of(defaultPort))
                                .filter(NetworkKinds::isReachable),
                AddressText::render);
    }

    private static boolean isReachable(InetSocketAddress address) {
        return address.getPort() > 0
                && !address.getAddress().isMulticastAddress()
                && !address.getAddress().isAnyLocalAddress();
    }

    /// What connections may be bound to.
    static ValueKind<InetAddress> sourceAddress() {
        return ValueKind.ofParsed(
                "is no address of a machine",
                "an IPv4 or IPv6 address without port, such as \"192.0.2.10\"",
                text ->
                        AddressText.parse(text)
                                .filter(address -> !address.isAnyLocalAddress())
                                .filter(address -> !address.isMulticastAddress()),
                IpText::of);
    }

    static ValueKind<Network> network() {
        return ValueKind.ofText(
                "is no network",
                "a network, such as \"10.0.0.0/8\" or \"2001:db8::/32\", or one address",
                NetworkKinds::readNetwork,
                AddressText::render);
    }

    private static Reading<Network> readNetwork(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        Optional<Network> network =
                AddressText.parse(address).isPresent() ? Network.parse(text) : Optional.empty();
        if (network.isEmpty()) {
            return AddressText.withoutHostBits(text)
                    .<Reading<Network>>map(meant ->
                            Reading.bad(
                                    TomlText.shown(text) + " has bits behind its prefix",
                                    Optional.of(TomlText.quote(AddressText.render(meant)))))
                    .orElseGet(() -> Reading.bad(TomlText.shown(text) + " is no network"));
        }
        return new Reading.Good<>(network.get());
    }

    /// Whether a network whose clients may relay is so wide that it makes an open relay.
    static boolean isOpenRelay(Network network) {
        return network.base() instanceof Inet4Address
                ? network.prefixBits() < RELAY_PREFIX_MIN_IPV4
                : network.prefixBits() < RELAY_PREFIX_MIN_IPV6
                        && !IPV6_LOCAL.contains(network.base());
    }

    static ValueKind<DomainPattern> domainPattern() {
        return ValueKind.ofParsed(
                "is no domain",
                "\"*\", a domain such as \"example.com\", or \"*.example.com\" for all below it",
                text -> DomainPattern.parse(text).filter(pattern -> !text.startsWith("*.[")),
                DomainPattern::text);
    }

    static String render(DomainPattern pattern) {
        return pattern.text();
    }

    static ValueKind<RouteTarget> routeTarget() {
        return ValueKind.ofText(
                "is no route",
                "\"mx\", \"smtp://host:port\" (port 25 where none is written) or"
                        + " \"lmtp://host:port\"; host is a name, an IPv4 address or an IPv6"
                        + " address in brackets",
                NetworkKinds::readRouteTarget,
                NetworkKinds::render);
    }

    private static Reading<RouteTarget> readRouteTarget(String text) {
        if (text.equals("mx")) {
            return new Reading.Good<>(new RouteTarget.Mx());
        }
        int schemeEnd = text.indexOf("://");
        String scheme = schemeEnd < 0 ? "" : text.substring(0, schemeEnd);
        if (scheme.equals("smtps") || scheme.equals("http") || scheme.equals("https")) {
            return Reading.bad(
                    TomlText.shown(text) + ": routes over " + scheme + " are not supported yet");
        }
        boolean isSmtp = scheme.equals("smtp");
        if (!isSmtp && !scheme.equals("lmtp")) {
            return Reading.bad(TomlText.shown(text) + " is no route", routeSuggestion(text));
        }
        String rest = text.substring(schemeEnd + 3);
        int hostEnd = rest.startsWith("[") ? rest.indexOf(']') + 1 : rest.indexOf(':');
        int hostLength = hostEnd <= 0 ? rest.length() : hostEnd;
        Optional<String> host = parseHost(rest.substring(0, hostLength));
        if (host.isEmpty()) {
            return Reading.bad(TomlText.shown(text) + " names no host");
        }
        OptionalInt port =
                isSmtp && hostLength == rest.length()
                        ? OptionalInt.of(SMTP_PORT)
                        : AddressText.parsePort(rest.substring(hostLength), 1);
        if (port.isEmpty()) {
            return Reading.bad(TomlText.shown(text) + " has no port");
        }
        return new Reading.Good<>(
                isSmtp
                        ? new RouteTarget.Smtp(host.get(), port.getAsInt())
                        : new RouteTarget.Lmtp(host.get(), port.getAsInt()));
    }

    /// A host and port without a scheme was probably meant to be reached by SMTP.
    private static Optional<String> routeSuggestion(String text) {
        if (text.equalsIgnoreCase("mx")) {
            return Optional.of("\"mx\"");
        }
        String meant = "smtp://" + text;
        return text.indexOf('/') < 0 && readRouteTarget(meant) instanceof Reading.Good<RouteTarget>
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

    static String render(RouteTarget target) {
        return switch (target) {
            case RouteTarget.Mx() -> "mx";
            case RouteTarget.Smtp(String host, int port) -> "smtp://" + host + ":" + port;
            case RouteTarget.Lmtp(String host, int port) -> "lmtp://" + host + ":" + port;
        };
    }

    private static Network network(String text) {
        return Network.parse(text).orElseThrow();
    }
}
