package io.whimbrel.delivery;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.TlsOutMetrics;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Watchdog;
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.OutboundTls;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Opens sessions: the first host that answers gets one, in the order given, those that failed
/// lately last (RFC 5321 §5.1). Thread-safe.
///
/// How much TLS is used, and what happens where it fails, is in [TlsCalls].
final class SmtpClient {
    /// RFC 3463 §3.8.
    private static final int SECURITY = 7;

    static final Duration BAD_FOR = Duration.ofMinutes(1);

    private final Watchdog watchdog;
    private final RecentHosts badHosts;
    private final InstantSource clock;
    private final TlsWish opportunistic;

    /// What came of the wish to talk.
    sealed interface Opening {
        record Opened(RemoteSession session) implements Opening {}

        /// No host would; `result` is the most hopeful of their answers: a retry is worth more than
        /// a bounce.
        record Failed(AttemptResult result, String source) implements Opening {

            /// Whether it is about the TLS that one message wants: others for the same hosts may
            /// want less.
            boolean isOwn() {
                return result instanceof NotTried(SmtpReply reply) && isAboutTls(reply);
            }
        }
    }

    SmtpClient(Watchdog watchdog, InstantSource clock) {
        this.watchdog = watchdog;
        this.badHosts = new RecentHosts(BAD_FOR, clock);
        this.clock = clock;
        var tls = OutboundTls.opportunistic(clock, new TlsOutMetrics(new PrometheusRegistry()));
        DomainTls nobody = tls.forDomain(new DomainName("invalid"), "", TlsRequirement.UNSPECIFIED);
        this.opportunistic = new TlsWish(tls, nobody, false, false);
    }

    /// As the other, with TLS where it works.
    Opening open(List<HostAddress> hosts, Protocol protocol, Sources sources, Timeouts timeouts) {
        return open(hosts, protocol, sources, timeouts, opportunistic);
    }

    /// Tries `hosts` in turn; blocks for as long as they take.
    ///
    /// @param hosts at least one
    Opening open(
            List<HostAddress> hosts,
            Protocol protocol,
            Sources sources,
            Timeouts timeouts,
            TlsWish tls) {
        Optional<Opening.Failed> best = Optional.empty();
        for (HostAddress host : goodOnesFirst(hosts)) {
            Optional<SourceAddress> source = sources.next(host.address());
            if (source.isEmpty()) {
                best = Optional.of(moreHopeful(best, noSource(host, sources)));
                continue;
            }
            var call = new Call(host, source.get(), protocol, sources, timeouts, tls);
            Opening opening = open(call);
            switch (opening) {
                case Opening.Opened _ -> {
                    badHosts.remove(host.address());
                    return opening;
                }
                case Opening.Failed failed -> {
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

    /// One host, from one source.
    private record Call(
            HostAddress host,
            SourceAddress source,
            Protocol protocol,
            Sources sources,
            Timeouts timeouts,
            TlsWish tls) {}

    private Opening open(Call call) {
        return new TlsCalls(call.tls(), call.host(), call.source(), clock)
                .open(handshake -> connect(call, handshake));
    }

    private Opening connect(Call call, Introduction.Handshake handshake) {
        var socket = new Socket();
        try {
            bind(socket, call.source());
        } catch (IOException e) {
            closeQuietly(socket);
            call.sources().bindFailed(call.source());
            String text = "source " + call.source().name() + ": " + Trouble.described(e);
            return new Opening.Failed(noRoute(text), call.source().name());
        }
        try {
            socket.setTcpNoDelay(true);
            socket.connect(
                    new InetSocketAddress(call.host().address(), call.host().port()),
                    Math.toIntExact(call.timeouts().connect().toMillis()));
            var wire = new Wire(socket, watchdog, call.timeouts().dataBlock());
            return new Introduction(wire, handshake, call.timeouts())
                    .introduce(
                            call.host(),
                            call.tls().place(call.host()),
                            call.source(),
                            call.protocol());
        } catch (IOException e) {
            closeQuietly(socket);
            var peer = new Peer(call.host().described(), "", false);
            var lost = new ConnectionLost(peer, AttemptResult.Stage.CONNECT, Trouble.described(e));
            return new Opening.Failed(lost, call.source().name());
        }
    }

    private static void bind(Socket socket, SourceAddress source) throws IOException {
        if (source.address().isPresent()) {
            socket.bind(new InetSocketAddress(source.address().get(), 0));
        }
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

    private static Opening.Failed noSource(HostAddress host, Sources sources) {
        String text =
                sources.trouble()
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
    /// one that refuses for good; that we cannot reach one says least. One whose TLS is not good
    /// enough may be repaired.
    private static int rank(Opening.Failed failed) {
        return switch (failed.result()) {
            case Refused refused when refused.reply().isTransient() -> 3;
            case ConnectionLost _ -> 2;
            case NotTried(SmtpReply reply) when isAboutTls(reply) -> reply.isTransient() ? 2 : 1;
            case Refused _ -> 1;
            case NotTried _, AttemptResult.Accepted _, AttemptResult.Overdue _ -> 0;
        };
    }

    private static boolean isAboutTls(SmtpReply reply) {
        return reply.status().filter(status -> status.subject() == SECURITY).isPresent();
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It never was of use.
        }
    }
}
