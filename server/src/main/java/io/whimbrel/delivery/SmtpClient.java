package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.ClientTls;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Opens sessions: the first host that answers gets one, in the order given, those that failed
/// lately last (RFC 5321 §5.1). Thread-safe.
///
/// TLS is opportunistic: where a handshake fails the host is asked again in plain text at once, and
/// for [#TLS_BROKEN_FOR] from then on.
final class SmtpClient {
    static final Duration BAD_FOR = Duration.ofMinutes(1);
    static final Duration TLS_BROKEN_FOR = Duration.ofMinutes(10);

    private final Watchdog watchdog;
    private final Dialer dialer;
    private final ClientTls tls = new ClientTls();
    private final RecentHosts badHosts;
    private final RecentHosts tlsBroken;

    /// What came of the wish to talk.
    sealed interface Opening {
        record Opened(RemoteSession session) implements Opening {}

        /// No host would; `result` is the most hopeful of their answers: a retry is worth more than
        /// a bounce.
        record Failed(AttemptResult result, String source) implements Opening {}
    }

    SmtpClient(Watchdog watchdog, InstantSource clock) {
        this.watchdog = watchdog;
        this.dialer = new Dialer(watchdog);
        this.badHosts = new RecentHosts(BAD_FOR, clock);
        this.tlsBroken = new RecentHosts(TLS_BROKEN_FOR, clock);
    }

    /// Tries `hosts` in turn; blocks for as long as they take.
    ///
    /// @param hosts at least one
    Opening open(List<HostAddress> hosts, Protocol protocol, Outlet outlet, Timeouts timeouts) {
        Optional<Opening.Failed> best = Optional.empty();
        for (HostAddress host : goodOnesFirst(hosts)) {
            Optional<SourceAddress> source = outlet.next(host.address());
            if (source.isEmpty()) {
                best = Optional.of(moreHopeful(best, noSource(host, outlet)));
                continue;
            }
            Opening opening =
                    open(new Call(host, source.get(), protocol, outlet.sources(), timeouts));
            switch (opening) {
                case Opening.Opened _ -> {
                    badHosts.remove(host.address());
                    return opening;
                }
                case Opening.Failed failed -> {
                    // Of a host that was not reached for reasons of our own nothing is known.
                    if (!(failed.result() instanceof NotTried)) {
                        badHosts.add(host.address());
                    }
                    best = Optional.of(moreHopeful(best, failed));
                }
            }
            if (Thread.currentThread().isInterrupted()) {
                break;
            }
        }
        return best.orElseThrow(() -> new IllegalArgumentException("no hosts"));
    }

    /// Over a UNIX socket; blocks as well.
    Opening open(Path path, SourceAddress source, Timeouts timeouts) {
        return new LocalSocketClient(watchdog, tls).open(path, source, timeouts);
    }

    /// One host, from one source.
    private record Call(
            HostAddress host,
            SourceAddress source,
            Protocol protocol,
            Sources sources,
            Timeouts timeouts) {}

    private Opening open(Call call) {
        Opening first = open(call, !tlsBroken.contains(call.host().address()));
        boolean isTlsToBlame =
                first instanceof Opening.Failed(ConnectionLost lost, _)
                        && lost.stage() == AttemptResult.Stage.TLS;
        if (!isTlsToBlame || Thread.currentThread().isInterrupted()) {
            return first;
        }
        tlsBroken.add(call.host().address());
        return open(call, false);
    }

    private Opening open(Call call, boolean mayUseTls) {
        SourceAddress source = call.source();
        return switch (dialer.dial(source, call.host(), call.timeouts().connect())) {
            case Dialer.Dialed.Connected(Socket socket) -> {
                if (source.proxy().isPresent()) {
                    call.sources().proxyWorked(source);
                }
                yield introduce(call, socket, mayUseTls);
            }
            case Dialer.Dialed.NotBound(String text) -> {
                call.sources().bindFailed(source);
                yield new Opening.Failed(noRoute(text), source.name());
            }
            case Dialer.Dialed.ProxyFailed(String text, boolean isDown) -> {
                if (isDown) {
                    call.sources().proxyFailed(source, text);
                }
                yield new Opening.Failed(
                        noRoute("source " + source.name() + ": " + text), source.name());
            }
            case Dialer.Dialed.HostFailed(String text) -> lost(call, text);
        };
    }

    private Opening introduce(Call call, Socket socket, boolean mayUseTls) {
        try {
            var wire = new Wire(socket, watchdog, call.timeouts().dataBlock());
            return new Introduction(wire, tls, call.timeouts())
                    .introduce(call.host(), call.source(), call.protocol(), mayUseTls);
        } catch (IOException e) {
            closeQuietly(socket);
            return lost(call, Trouble.described(e));
        }
    }

    private static Opening.Failed lost(Call call, String text) {
        var peer = new Peer(call.host().described(), "", false);
        var lost = new ConnectionLost(peer, AttemptResult.Stage.CONNECT, text);
        return new Opening.Failed(lost, call.source().name());
    }

    private List<HostAddress> goodOnesFirst(List<HostAddress> hosts) {
        List<HostAddress> ordered = new ArrayList<>(hosts.size());
        List<HostAddress> bad = new ArrayList<>();
        for (HostAddress host : hosts) {
            (badHosts.contains(host.address()) ? bad : ordered).add(host);
        }
        ordered.addAll(bad);
        return ordered;
    }

    private static Opening.Failed noSource(HostAddress host, Outlet outlet) {
        String text =
                outlet.trouble()
                        .orElseGet(() ->
                                "no source can reach "
                                        + host.described()
                                        + (host.isIpv6() ? " by IPv6" : " by IPv4"));
        return new Opening.Failed(noRoute(text), "");
    }

    private static NotTried noRoute(String text) {
        return new NotTried(SmtpReply.of(451, 4, 4, 0, text));
    }

    private static Opening.Failed moreHopeful(Optional<Opening.Failed> one, Opening.Failed other) {
        return one.isPresent() && rank(one.get()) >= rank(other) ? one.get() : other;
    }

    /// A host that asks us to come later is better than one that is not there, which is better than
    /// one that refuses for good; that we cannot reach one says least.
    private static int rank(Opening.Failed failed) {
        return switch (failed.result()) {
            case Refused refused when refused.reply().isTransient() -> 3;
            case ConnectionLost _ -> 2;
            case Refused _ -> 1;
            case NotTried _, AttemptResult.Accepted _, AttemptResult.Overdue _ -> 0;
        };
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It never was of use.
        }
    }
}
