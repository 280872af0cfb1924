package io.whimbrel.socket;

import io.whimbrel.mail.Network;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// Reads the header that a proxy puts in front of a connection (PROXY protocol, version 1 and 2).
/// Takes not one octet more, so that TLS or SMTP can begin behind it. Pure, apart from the reading.
public final class ProxyHeader {
    /// "PROXY", two addresses, two ports: 107 octets with CRLF, as the specification counts.
    private static final int LINE_MAX = 107;

    /// Addresses of UNIX sockets and what proxies add in TLVs; more than any proxy sends.
    private static final int PAYLOAD_MAX = 4_096;

    private static final byte[] SIGNATURE = {
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
    };
    private static final int BINARY_HEAD = 16;
    private static final int COMMAND_LOCAL = 0x20;
    private static final int COMMAND_PROXY = 0x21;
    private static final int IPV4_OCTETS = 4;
    private static final int IPV6_OCTETS = 16;

    private static final Origin NOBODY = new Origin.From(InetAddress.ofLiteral("0.0.0.0"));

    private ProxyHeader() {}

    /// What the header says.
    public sealed interface Origin {

        /// Whom the proxy connects for; 0.0.0.0 where it cannot tell, who is nobody, and above all
        /// not the proxy.
        record From(InetAddress client) implements Origin {}

        /// The proxy itself, for a health check.
        record Itself() implements Origin {}

        /// No header, or none that can be read.
        record Bad(String problem) implements Origin {}
    }

    /// Reads up to the end of the header.
    public static Origin read(InputStream in) throws IOException {
        int first = in.read();
        if (first != 'P' && first != SIGNATURE[0]) {
            // Who sends something else might wait for our greeting.
            return new Origin.Bad("no PROXY header");
        }
        byte[] head = new byte[SIGNATURE.length];
        head[0] = (byte) first;
        int count = 1 + in.readNBytes(head, 1, head.length - 1);
        head = Arrays.copyOf(head, count);
        if (Arrays.equals(head, SIGNATURE)) {
            return readBinary(in, head);
        }
        return startsLine(head) ? readLine(in, head) : new Origin.Bad("no PROXY header");
    }

    private static boolean startsLine(byte[] head) {
        return new String(head, StandardCharsets.ISO_8859_1).startsWith("PROXY ");
    }

    private static Origin readLine(InputStream in, byte[] head) throws IOException {
        var line = new StringBuilder(new String(head, StandardCharsets.ISO_8859_1));
        while (line.length() < LINE_MAX) {
            int b = in.read();
            if (b < 0) {
                return new Origin.Bad("the PROXY header ends early");
            }
            line.append((char) b);
            if (b == '\n') {
                return line.charAt(line.length() - 2) == '\r'
                        ? parse(line.substring(0, line.length() - 2))
                        : new Origin.Bad("the PROXY header ends with LF alone");
            }
        }
        return new Origin.Bad("the PROXY header is longer than 107 octets");
    }

    private static Origin parse(String line) {
        String[] words = line.split(" ", -1);
        if (words.length >= 2 && words[1].equals("UNKNOWN")) {
            return NOBODY;
        }
        boolean isIpv4 = words.length == 6 && words[1].equals("TCP4");
        boolean isIpv6 = words.length == 6 && words[1].equals("TCP6");
        if (!isIpv4 && !isIpv6) {
            return new Origin.Bad("a PROXY header of an unknown kind");
        }
        Optional<InetAddress> client = address(words[2], isIpv4);
        boolean isGood =
                client.isPresent()
                        && address(words[3], isIpv4).isPresent()
                        && isPort(words[4])
                        && isPort(words[5]);
        return isGood
                ? new Origin.From(client.get())
                : new Origin.Bad("a PROXY header with a bad address or port");
    }

    /// Numbers and dots, or colons: what Java takes for an address beyond that is not one here.
    private static Optional<InetAddress> address(String text, boolean isIpv4) {
        boolean isPlausible =
                isIpv4 ? text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}") : text.indexOf(':') >= 0;
        return isPlausible ? Network.parseAddress(text) : Optional.empty();
    }

    private static boolean isPort(String text) {
        return text.matches("[0-9]{1,5}") && Integer.parseInt(text) <= 65_535;
    }

    private static Origin readBinary(InputStream in, byte[] signature) throws IOException {
        byte[] rest = in.readNBytes(BINARY_HEAD - signature.length);
        if (rest.length < BINARY_HEAD - signature.length) {
            return new Origin.Bad("the PROXY header ends early");
        }
        int command = rest[0] & 0xff;
        int family = rest[1] & 0xff;
        int length = ((rest[2] & 0xff) << 8) | (rest[3] & 0xff);
        if (length > PAYLOAD_MAX) {
            return new Origin.Bad("a PROXY header of " + length + " octets is too long");
        }
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            return new Origin.Bad("the PROXY header ends early");
        }
        return switch (command) {
            case COMMAND_LOCAL -> new Origin.Itself();
            case COMMAND_PROXY -> proxied(family >> 4, payload);
            default -> new Origin.Bad("a PROXY header of an unknown version or command");
        };
    }

    /// @param family 1 is IPv4, 2 is IPv6; others name no client
    private static Origin proxied(int family, byte[] payload) throws IOException {
        int octets = family == 1 ? IPV4_OCTETS : family == 2 ? IPV6_OCTETS : 0;
        if (octets == 0) {
            return NOBODY;
        }
        // Two addresses and two ports.
        if (payload.length < 2 * octets + 4) {
            return new Origin.Bad("a PROXY header without addresses");
        }
        return new Origin.From(InetAddress.getByAddress(Arrays.copyOf(payload, octets)));
    }
}
