package io.whimbrel.toml;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.OptionalInt;

/// Addresses, addresses with ports, and networks as they stand in the file. No name is ever looked
/// up and no network interface asked. Stateless.
public final class AddressText {
    public static final int PORT_MAX = 65_535;

    /// In front of the path of a UNIX socket.
    public static final String UNIX = "unix:";

    private AddressText() {}

    /// An IPv4 address of four decimal numbers, or an IPv6 address without brackets and zone. Short
    /// forms such as `127.1` and numbers with leading zeros, which readers take differently, are no
    /// addresses here.
    public static Optional<InetAddress> parse(String text) {
        boolean isPlain = text.indexOf(':') >= 0 ? isIpv6Text(text) : isFourNumbers(text);
        return isPlain ? Network.parseAddress(text) : Optional.empty();
    }

    /// `192.0.2.1:25` or `[2001:db8::1]:25`; where `defaultPort` is given, also without a port.
    public static Optional<InetSocketAddress> parseWithPort(String text, OptionalInt defaultPort) {
        int hostEnd = text.startsWith("[") ? text.indexOf(']') + 1 : text.indexOf(':');
        if (hostEnd < 0 || (hostEnd == 0 && text.startsWith("["))) {
            hostEnd = text.length();
        }
        String host = text.substring(0, hostEnd);
        OptionalInt port =
                hostEnd == text.length() ? defaultPort : parsePort(text.substring(hostEnd), 0);
        Optional<InetAddress> address = parseBracketed(host);
        return address.isPresent() && port.isPresent()
                ? Optional.of(new InetSocketAddress(address.get(), port.getAsInt()))
                : Optional.empty();
    }

    /// An IPv4 address, or an IPv6 address in brackets.
    public static Optional<InetAddress> parseBracketed(String host) {
        boolean isBracketed = host.length() > 2 && host.startsWith("[") && host.endsWith("]");
        return isBracketed
                ? parse(host.substring(1, host.length() - 1))
                        .filter(address -> address instanceof Inet6Address)
                : parse(host).filter(address -> !(address instanceof Inet6Address));
    }

    /// The number behind a colon, `least` to 65535.
    public static OptionalInt parsePort(String text, int least) {
        boolean isNumber = text.length() >= 2 && text.length() <= 6 && text.charAt(0) == ':';
        int port = 0;
        for (int i = 1; isNumber && i < text.length(); i++) {
            char c = text.charAt(i);
            isNumber = c >= '0' && c <= '9';
            port = port * 10 + (c - '0');
        }
        return isNumber && port >= least && port <= PORT_MAX
                ? OptionalInt.of(port)
                : OptionalInt.empty();
    }

    /// The network that `text` names once the bits behind its prefix are cleared; empty where it
    /// has no prefix length or is otherwise no network.
    public static Optional<Network> withoutHostBits(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return Optional.empty();
        }
        Optional<InetAddress> address = parse(text.substring(0, slash));
        OptionalInt bits = parsePort(":" + text.substring(slash + 1), 0);
        if (address.isEmpty() || bits.isEmpty()) {
            return Optional.empty();
        }
        byte[] bytes = address.get().getAddress();
        if (bits.getAsInt() > bytes.length * 8) {
            return Optional.empty();
        }
        for (int bit = bits.getAsInt(); bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >>> (bit % 8));
        }
        return Optional.of(new Network(addressOf(bytes), bits.getAsInt()));
    }

    /// `192.0.2.1:25` or `[2001:db8::1]:25`.
    public static String render(SocketAddress address) {
        return switch (address) {
            case InetSocketAddress tcp -> render(tcp);
            case UnixDomainSocketAddress unix -> UNIX + unix.getPath();
            default -> address.toString();
        };
    }

    /// As [#render(SocketAddress)].
    public static String render(InetSocketAddress address) {
        String host = IpText.of(address.getAddress());
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    public static String render(Network network) {
        return network.toString();
    }

    private static boolean isFourNumbers(String text) {
        return text.matches("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");
    }

    private static boolean isIpv6Text(String text) {
        return text.matches("[0-9A-Fa-f:.]{2,45}");
    }

    private static InetAddress addressOf(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
        }
    }
}
