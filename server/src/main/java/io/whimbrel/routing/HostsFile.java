package io.whimbrel.routing;

import io.whimbrel.mail.Network;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringTokenizer;

/// What this machine's own file says of hosts (`/etc/hosts`), for hosts that the operator wrote.
/// Immutable; reads the file at each question, the first [#BYTES_MAX] of it.
///
/// The system's own resolver is not asked: it would try the name below each of its search domains,
/// where a wildcard takes the mail.
final class HostsFile {
    static final int BYTES_MAX = 1 << 20;
    static final int ADDRESSES_MAX = 10;

    private static final Path SYSTEM = Path.of("/etc/hosts");

    /// RFC 6761 §6.3.
    private static final List<InetAddress> LOOPBACK =
            List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1"));

    private final Path path;

    HostsFile(Path path) {
        this.path = path;
    }

    static HostsFile ofSystem() {
        return new HostsFile(SYSTEM);
    }

    /// In the order of the file; loopback for `localhost` that is not in it.
    List<InetAddress> addresses(String host) {
        List<InetAddress> found = find(text(), host);
        return found.isEmpty() && isLocalhost(host) ? LOOPBACK : found;
    }

    static boolean isLocalhost(String host) {
        return host.equalsIgnoreCase("localhost");
    }

    private String text() {
        try (InputStream in = Files.newInputStream(path)) {
            return new String(in.readNBytes(BYTES_MAX), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            // Where there is no such file it says nothing.
            return "";
        }
    }

    /// Lines of an address and its names, `#` before what is no line.
    static List<InetAddress> find(String text, String host) {
        List<InetAddress> found = new ArrayList<>();
        int at = 0;
        while (at < text.length() && found.size() < ADDRESSES_MAX) {
            int newline = text.indexOf('\n', at);
            int end = newline < 0 ? text.length() : newline;
            line(text.substring(at, end), host)
                    .filter(address -> !found.contains(address))
                    .ifPresent(found::add);
            at = end + 1;
        }
        return found;
    }

    private static Optional<InetAddress> line(String line, String host) {
        int hash = line.indexOf('#');
        var words = new StringTokenizer(hash < 0 ? line : line.substring(0, hash));
        if (words.hasMoreTokens()) {
            String address = words.nextToken();
            while (words.hasMoreTokens()) {
                if (words.nextToken().equalsIgnoreCase(host)) {
                    return Network.parseAddress(address);
                }
            }
        }
        return Optional.empty();
    }
}
