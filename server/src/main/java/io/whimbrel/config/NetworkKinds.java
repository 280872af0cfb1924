package io.whimbrel.config;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
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
    static final int UNIX_PATH_MAX = 107;

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

    private static Network network(String text) {
        return Network.parse(text).orElseThrow();
    }
}
