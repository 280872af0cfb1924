package io.whimbrel.wire;

import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.time.Watchdog;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;

/// Opens TCP connections from a source to a host, where the source has a proxy through that.
/// Thread-safe; blocks for no longer than it is told.
public final class Dialer {
    private final Watchdog watchdog;

    /// What came of it, and who is to blame. Immutable.
    public sealed interface Dialed {

        /// @param socket on which the host speaks next
        record Connected(Socket socket) implements Dialed {}

        /// This machine lacks the source's address, or has no port left.
        record NotBound(String text) implements Dialed {}

        /// The proxy let us down; of the host nothing is known.
        ///
        /// @param isDown whether other connections through it would fare no better
        record ProxyFailed(String text, boolean isDown) implements Dialed {}

        record HostFailed(String text) implements Dialed {}
    }

    public Dialer(Watchdog watchdog) {
        this.watchdog = watchdog;
    }

    /// @param most for all of it: connecting, and what a proxy wants to hear
    public Dialed dial(SourceAddress source, HostAddress host, Duration most) {
        var socket = new Socket();
        try {
            Optional<InetAddress> local = source.boundTo();
            if (local.isPresent()) {
                socket.bind(new InetSocketAddress(local.get(), 0));
            }
            socket.setTcpNoDelay(true);
        } catch (IOException e) {
            closeQuietly(socket);
            return new Dialed.NotBound("source " + source.name() + ": " + Trouble.described(e));
        }
        Dialed dialed =
                source.proxy().isPresent()
                        ? through(source.proxy().get(), socket, source, host, most)
                        : directly(socket, host, most);
        if (!(dialed instanceof Dialed.Connected)) {
            closeQuietly(socket);
        }
        return dialed;
    }

    private static Dialed directly(Socket socket, HostAddress host, Duration most) {
        try {
            socket.connect(addressOf(host), millis(most));
            return new Dialed.Connected(socket);
        } catch (IOException e) {
            return new Dialed.HostFailed(Trouble.described(e));
        }
    }

    private Dialed through(
            Proxy proxy, Socket socket, SourceAddress source, HostAddress host, Duration most) {
        // The time-out of a read would begin anew with each octet that a proxy drips.
        try (Watchdog.Watch watch = watchdog.watch(() -> closeQuietly(socket))) {
            watch.arm(most);
            try {
                socket.connect(proxy.address(), millis(most));
            } catch (IOException e) {
                return new Dialed.ProxyFailed(said(proxy, described(e, watch)), true);
            }
            return switch (proxy.kind()) {
                case SOCKS5 -> {
                    var in = socket.getInputStream();
                    var dialogue = new SocksDialogue(in, socket.getOutputStream());
                    yield socks(proxy, dialogue, socket, host, watch);
                }
                case HAPROXY -> announced(proxy, socket, source, host);
            };
        } catch (IOException e) {
            return new Dialed.ProxyFailed(said(proxy, Trouble.described(e)), true);
        }
    }

    private static Dialed socks(
            Proxy proxy,
            SocksDialogue dialogue,
            Socket socket,
            HostAddress host,
            Watchdog.Watch watch) {
        try {
            return switch (dialogue.connect(proxy.login(), addressOf(host))) {
                case SocksDialogue.Answer.Granted() -> new Dialed.Connected(socket);
                case SocksDialogue.Answer.HostRefused(String text) ->
                        new Dialed.HostFailed(said(proxy, text));
                case SocksDialogue.Answer.ProxyRefused(String text, boolean isDown) ->
                        new Dialed.ProxyFailed(said(proxy, text), isDown);
            };
        } catch (IOException e) {
            boolean isHostSlow = watch.hasExpired() && dialogue.isHostAskedFor();
            return isHostSlow
                    ? new Dialed.HostFailed(
                            said(proxy, "timed out while it connected to the destination"))
                    : new Dialed.ProxyFailed(said(proxy, described(e, watch)), true);
        }
    }

    /// The proxy answers nothing: where it cannot reach the host it closes the connection.
    private static Dialed announced(
            Proxy proxy, Socket socket, SourceAddress source, HostAddress host) {
        Optional<byte[]> header = ProxyPreamble.of(source.seenAs(), addressOf(host));
        if (header.isEmpty()) {
            return new Dialed.ProxyFailed(
                    said(proxy, "source and destination are not of one address family"), false);
        }
        try {
            OutputStream out = socket.getOutputStream();
            out.write(header.get());
            out.flush();
            return new Dialed.Connected(socket);
        } catch (IOException e) {
            return new Dialed.ProxyFailed(said(proxy, Trouble.described(e)), true);
        }
    }

    private static String said(Proxy proxy, String text) {
        return proxy.described() + ": " + text;
    }

    private static String described(IOException e, Watchdog.Watch watch) {
        return watch.hasExpired() || e instanceof SocketTimeoutException
                ? "timed out"
                : Trouble.described(e);
    }

    private static InetSocketAddress addressOf(HostAddress host) {
        return new InetSocketAddress(host.address(), host.port());
    }

    private static int millis(Duration most) {
        return Math.toIntExact(most.toMillis());
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It never was of use.
        }
    }
}
