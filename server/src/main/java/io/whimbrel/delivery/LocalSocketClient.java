package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.time.Watchdog;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.wire.ChannelSocket;
import io.whimbrel.wire.Trouble;
import io.whimbrel.wire.Wire;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;

/// Opens LMTP sessions over UNIX sockets. TLS is not asked for: the kernel is between us.
/// Thread-safe; blocks.
final class LocalSocketClient {
    private final Watchdog watchdog;
    private final OutboundTls tls;

    LocalSocketClient(Watchdog watchdog, OutboundTls tls) {
        this.watchdog = watchdog;
        this.tls = tls;
    }

    /// @param source whose name is said in LHLO
    Opening open(Path path, SourceAddress source, Timeouts timeouts) {
        HostAddress host = HostAddress.ofSocket(path);
        try {
            SocketChannel channel = connected(path, timeouts);
            var wire = new Wire(new ChannelSocket(channel), watchdog, timeouts.dataBlock());
            var handshake =
                    new Introduction.Handshake(tls, Introduction.Start.NEVER, Optional.empty(), "");
            var place = new HostPlace(host.name(), host.port(), NamedBy.SOCKET);
            return new Introduction(wire, handshake, timeouts)
                    .introduce(host, place, source, Protocol.LMTP);
        } catch (IOException e) {
            var peer = new Peer(host.described(), "", false);
            var lost = new ConnectionLost(peer, Stage.CONNECT, Trouble.described(e));
            return new Opening.Failed(lost, source.name());
        }
    }

    /// Waits while the program's backlog is full.
    private SocketChannel connected(Path path, Timeouts timeouts) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        Watchdog.Watch watch = watchdog.watch(() -> closeQuietly(channel));
        try (watch) {
            watch.arm(timeouts.connect());
            channel.connect(UnixDomainSocketAddress.of(path));
            watch.disarm();
            return channel;
        } catch (IOException e) {
            closeQuietly(channel);
            if (watch.hasExpired()) {
                throw new SocketTimeoutException("Connect timed out");
            }
            throw e;
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // It never was of use.
        }
    }
}
