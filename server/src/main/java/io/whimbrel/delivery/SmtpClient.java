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
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Lately;
import io.whimbrel.time.Watchdog;
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.wire.Dialer;
import io.whimbrel.wire.Trouble;
import io.whimbrel.wire.Wire;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Opens sessions: the first host that answers gets one, in the order given, those that failed
/// lately last (RFC 5321 §5.1). Thread-safe. Each connection behind the first is one that limits
/// must allow ([Outlet#mayDialAgain]).
///
/// How much TLS is used, and what happens where it fails, is in [TlsCalls].
final class SmtpClient {
    /// RFC 3463 §3.8.
    private static final int SECURITY = 7;

    static final Duration BAD_FOR = Duration.ofMinutes(1);

    /// Enough for all addresses of a site, one by one, where limits allow few connections.
    private static final Duration PASSED_FOR = Duration.ofDays(1);

    private static final int REMEMBERED_MOST = 10_000;

    private final Watchdog watchdog;
    private final Dialer dialer;
    private final Lately<InetAddress, Boolean> badHosts;

    /// Hosts that failed in an attempt for which limits allowed no further connection: the others
    /// come first next time, which may be long after [#BAD_FOR].
    private final Lately<InetAddress, Boolean> passed;

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
        this.dialer = new Dialer(watchdog);
        this.badHosts = lately(clock);
        this.passed = new Lately<>(REMEMBERED_MOST, PASSED_FOR, clock);
        this.clock = clock;
        var tls = OutboundTls.opportunistic(clock, new TlsOutMetrics(new PrometheusRegistry()));
        DomainTls nobody =
                tls.forDomain(new DomainName("invalid"), "", TlsRequirement.UNSPECIFIED, false);
        this.opportunistic = new TlsWish(tls, nobody, false, NamedBy.MX, Optional.empty());
    }

    /// What went wrong of late: what is forgotten costs one more try.
    static <K, V> Lately<K, V> lately(InstantSource clock) {
        return new Lately<>(REMEMBERED_MOST, BAD_FOR, clock);
    }

    /// With TLS where it works, and nobody to log in as.
    Opening open(List<HostAddress> hosts, Protocol protocol, Outlet outlet, Timeouts timeouts) {
        var talk = new Talk(protocol, opportunistic, Optional.empty(), timeouts);
        return open(hosts, talk, outlet);
    }

    /// How hosts are to be talked to. Immutable.
    ///
    /// @param credentials to log in with
    record Talk(
            Protocol protocol, TlsWish tls, Optional<Credentials> credentials, Timeouts timeouts) {

        Talk {
            // Who lets everybody on the way read the secret needs nobody to prove anything.
            boolean isSecret = credentials.filter(it -> !it.mayGoInPlainText()).isPresent();
            tls = isSecret ? tls.forLogin() : tls;
        }
    }

    /// Tries `hosts` in turn; blocks for as long as they take.
    ///
    /// @param hosts at least one
    Opening open(List<HostAddress> hosts, Talk talk, Outlet outlet) {
        Optional<Opening.Failed> best = Optional.empty();
        var dials = new Dials(outlet);
        List<InetAddress> failed = new ArrayList<>();
        for (HostAddress host : goodOnesFirst(hosts)) {
            Optional<SourceAddress> source = outlet.next(host.address());
            if (source.isEmpty()) {
                best = Optional.of(moreHopeful(best, noSource(host, outlet)));
                continue;
            }
            if (!dials.mayDial()) {
                failed.forEach(address -> passed.add(address, true));
                return best.map(SmtpClient::unfinished)
                        .orElseThrow(() -> new IllegalStateException("the first needs no leave"));
            }
            switch (open(new Call(host, source.get(), talk, dials))) {
                case Opening.Opened opened -> {
                    badHosts.remove(host.address());
                    hosts.forEach(one -> passed.remove(one.address()));
                    return opened;
                }
                case Opening.Failed its -> {
                    // Of a host that was not reached for reasons of our own nothing is known.
                    if (!(its.result() instanceof NotTried)) {
                        badHosts.add(host.address(), true);
                    }
                    failed.add(host.address());
                    best = Optional.of(moreHopeful(best, its));
                }
            }
            if (Thread.currentThread().isInterrupted()) {
                break;
            }
        }
        // The next attempt begins with the best again.
        hosts.forEach(host -> passed.remove(host.address()));
        return best.orElseThrow(() -> new IllegalArgumentException("no hosts"));
    }

    /// What those say that were asked is not the last word where limits allowed no connection to
    /// the others (RFC 5321 §5.1).
    private static Opening.Failed unfinished(Opening.Failed best) {
        String others = "; limits allow no connection to its other hosts now";
        return switch (best.result()) {
            case NotTried(SmtpReply reply) when reply.isPermanent() -> {
                int subject = isAboutTls(reply) ? SECURITY : 4;
                var later = SmtpReply.of(451, 4, subject, 5, reply.text() + others);
                yield new Opening.Failed(new NotTried(later), best.source());
            }
            case Refused(Peer peer, var _, SmtpReply reply) when reply.isPermanent() -> {
                String said = peer.host() + " said " + reply.code() + " " + reply.text();
                var later = SmtpReply.of(451, 4, 4, 5, said + others);
                yield new Opening.Failed(new NotTried(later), best.source());
            }
            case NotTried _,
                    Refused _,
                    ConnectionLost _,
                    AttemptResult.Accepted _,
                    AttemptResult.Overdue _ ->
                    best;
        };
    }

    private boolean isBad(HostAddress host) {
        return badHosts.contains(host.address()) || passed.contains(host.address());
    }

    /// A session with `host` broke in the middle of a transaction: other hosts come first for a
    /// while (RFC 5321 §5.1), so that what is tried again is tried there.
    void broke(HostAddress host) {
        badHosts.add(host.address(), true);
    }

    /// Over a UNIX socket; blocks as well.
    Opening open(Path path, SourceAddress source, Timeouts timeouts) {
        return new LocalSocketClient(watchdog, opportunistic.tls()).open(path, source, timeouts);
    }

    /// `host` is tried after the others for a while.
    void avoid(HostAddress host) {
        badHosts.add(host.address(), true);
    }

    /// One host, from one source.
    private record Call(HostAddress host, SourceAddress source, Talk talk, Dials dials) {
        Sources sources() {
            return dials.outlet.sources();
        }
    }

    /// Connections of one attempt: for the first the limits have been asked. Confined to one
    /// thread.
    private static final class Dials {
        private final Outlet outlet;
        private boolean isFirst = true;

        Dials(Outlet outlet) {
            this.outlet = outlet;
        }

        boolean mayDial() {
            boolean wasFirst = isFirst;
            isFirst = false;
            return wasFirst || outlet.mayDialAgain().getAsBoolean();
        }
    }

    private Opening open(Call call) {
        return new TlsCalls(call.talk().tls(), call.host(), call.source(), clock)
                .open(handshake -> connect(call, handshake), call.dials()::mayDial);
    }

    private Opening connect(Call call, Introduction.Handshake handshake) {
        SourceAddress source = call.source();
        return switch (dialer.dial(source, call.host(), call.talk().timeouts().connect())) {
            case Dialer.Dialed.Connected(Socket socket) -> {
                if (source.proxy().isPresent()) {
                    call.sources().proxyWorked(source);
                }
                yield introduce(call, socket, handshake);
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

    private Opening introduce(Call call, Socket socket, Introduction.Handshake handshake) {
        Talk talk = call.talk();
        try {
            var wire = new Wire(socket, watchdog, talk.timeouts().dataBlock());
            Opening opening =
                    new Introduction(wire, handshake, talk.timeouts())
                            .introduce(
                                    call.host(),
                                    talk.tls().place(call.host()),
                                    call.source(),
                                    talk.protocol());
            return opening instanceof Opening.Opened(RemoteSession session)
                            && talk.credentials().isPresent()
                    ? login(call, session, talk.credentials().get())
                    : opening;
        } catch (IOException e) {
            closeQuietly(socket);
            return lost(call, Trouble.described(e));
        }
    }

    private static Opening login(Call call, RemoteSession session, Credentials credentials)
            throws IOException {
        Optional<AttemptResult> refusal =
                new ClientAuth(call.talk().timeouts().command())
                        .login(
                                session.wire(),
                                session.extensions(),
                                call.host(),
                                credentials,
                                session.peer().tls());
        refusal.ifPresent(_ -> session.lost());
        return refusal.<Opening>map(result -> new Opening.Failed(result, call.source().name()))
                .orElseGet(() -> new Opening.Opened(session));
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
            (isBad(host) ? bad : ordered).add(host);
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

    /// Whether it is about the TLS that one message wants, and not about the host.
    static boolean isAboutTls(AttemptResult result) {
        return result instanceof NotTried(SmtpReply reply) && isAboutTls(reply);
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
