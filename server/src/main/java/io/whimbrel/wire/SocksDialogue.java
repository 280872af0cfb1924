package io.whimbrel.wire;

import io.whimbrel.egress.Proxy.Login;
import io.whimbrel.egress.Proxy.Password;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// What is said to a SOCKS 5 proxy until the host speaks: CONNECT (RFC 1928), with user and
/// password where we have them (RFC 1929). Takes not one octet more than the proxy's own. Confined
/// to one thread, used once.
public final class SocksDialogue {
    private static final int VERSION = 5;
    private static final int LOGIN_VERSION = 1;
    private static final int NO_LOGIN = 0;
    private static final int BY_PASSWORD = 2;
    private static final int CONNECT = 1;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int WORD_MAX = 255;

    /// A file with more than this holds no password.
    private static final int FILE_MAX = 4_096;

    private final InputStream in;
    private final OutputStream out;
    private boolean isHostAskedFor;

    /// How it ended. Immutable.
    public sealed interface Answer {
        record Granted() implements Answer {}

        /// The proxy could not reach the host.
        record HostRefused(String text) implements Answer {}

        /// @param isDown whether no connection would fare better
        record ProxyRefused(String text, boolean isDown) implements Answer {}
    }

    public SocksDialogue(InputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    /// Whether the proxy was told where to connect to: from then on it may be the host that is
    /// slow.
    public boolean isHostAskedFor() {
        return isHostAskedFor;
    }

    /// @throws IOException where the proxy closes the connection or says what is no SOCKS 5
    public Answer connect(Optional<Login> login, InetSocketAddress host) throws IOException {
        byte[] methods =
                login.isPresent()
                        ? new byte[] {VERSION, 2, NO_LOGIN, BY_PASSWORD}
                        : new byte[] {VERSION, 1, NO_LOGIN};
        send(methods);
        expect(VERSION);
        int method = read();
        if (method == BY_PASSWORD && login.isPresent()) {
            Optional<Answer> refusal = logIn(login.get());
            if (refusal.isPresent()) {
                return refusal.get();
            }
        } else if (method != NO_LOGIN) {
            return new Answer.ProxyRefused(
                    login.isPresent()
                            ? "it takes neither user and password nor connections without"
                            : "it wants a user and a password",
                    true);
        }
        return request(host);
    }

    private Optional<Answer> logIn(Login login) throws IOException {
        byte[] user = login.user().getBytes(StandardCharsets.UTF_8);
        byte[] password;
        try {
            password = read(login.password());
        } catch (IOException e) {
            return down("its password cannot be read: " + Trouble.described(e));
        }
        if (user.length > WORD_MAX || password.length > WORD_MAX) {
            return down("user or password is longer than 255 bytes");
        }
        var words = new ByteArrayOutputStream();
        words.write(LOGIN_VERSION);
        words.write(user.length);
        words.write(user);
        words.write(password.length);
        words.write(password);
        send(words.toByteArray());
        expect(LOGIN_VERSION);
        return read() == 0 ? Optional.empty() : down("user or password are wrong");
    }

    private static Optional<Answer> down(String text) {
        return Optional.of(new Answer.ProxyRefused(text, true));
    }

    private static byte[] read(Password password) throws IOException {
        return switch (password) {
            case Password.Written(String secret) -> secret.getBytes(StandardCharsets.UTF_8);
            case Password.InFile(Path file) -> firstLine(file);
        };
    }

    private static byte[] firstLine(Path file) throws IOException {
        try (InputStream from = Files.newInputStream(file)) {
            String text = new String(from.readNBytes(FILE_MAX), StandardCharsets.UTF_8);
            return text.lines().findFirst().orElse("").getBytes(StandardCharsets.UTF_8);
        }
    }

    private Answer request(InetSocketAddress host) throws IOException {
        byte[] address = host.getAddress().getAddress();
        var words = new ByteArrayOutputStream();
        words.write(VERSION);
        words.write(CONNECT);
        words.write(0);
        words.write(host.getAddress() instanceof Inet6Address ? IPV6 : IPV4);
        words.write(address);
        words.write(host.getPort() >> 8);
        words.write(host.getPort());
        send(words.toByteArray());
        isHostAskedFor = true;
        expect(VERSION);
        int code = read();
        if (code != 0) {
            return refusal(code);
        }
        read();
        skipBoundAddress();
        return new Answer.Granted();
    }

    /// From where the proxy connects: not always true, and of no use to us.
    private void skipBoundAddress() throws IOException {
        int octets =
                switch (read()) {
                    case IPV4 -> 4;
                    case IPV6 -> 16;
                    case NAME -> read();
                    default -> throw new ProtocolException("no SOCKS 5: an unknown address");
                };
        if (in.readNBytes(octets + 2).length < octets + 2) {
            throw closed();
        }
    }

    /// RFC 1928 §6.
    private static Answer refusal(int code) {
        return switch (code) {
            case 1 -> new Answer.ProxyRefused("it failed, and does not say why", false);
            case 2 -> new Answer.ProxyRefused("its rules forbid this destination", false);
            case 3 -> new Answer.HostRefused("network of the destination unreachable");
            case 4 -> new Answer.HostRefused("destination unreachable");
            case 5 -> new Answer.HostRefused("connection refused by the destination");
            case 6 -> new Answer.HostRefused("the destination did not answer in time");
            case 7 -> new Answer.ProxyRefused("it does not know CONNECT", true);
            case 8 -> new Answer.ProxyRefused("it does not know addresses of this family", false);
            default -> new Answer.ProxyRefused("it failed with the unknown code " + code, false);
        };
    }

    private void send(byte[] words) throws IOException {
        out.write(words);
        out.flush();
    }

    private void expect(int version) throws IOException {
        int said = read();
        if (said != version) {
            throw new ProtocolException("no SOCKS 5: it said " + said + " for the version");
        }
    }

    private int read() throws IOException {
        int octet = in.read();
        if (octet < 0) {
            throw closed();
        }
        return octet;
    }

    private static EOFException closed() {
        return new EOFException("connection closed");
    }
}
