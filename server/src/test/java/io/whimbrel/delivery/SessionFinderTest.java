package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.delivery.SessionFinder.Found;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Rate;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.NextHop;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.Protocol;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.routing.TargetHost;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.shaping.Restraint.Force;
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.OutboundTls;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Scanner;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(60)
final class SessionFinderTest {
    private static final DomainName DOMAIN = new DomainName("x.test");
    private static final String GREETS = "S: 220 x\nC: EHLO\nS: 250 mx.test";

    /// For those that may send, and for any.
    private static final int LOOKS = 4;

    private final AtomicReference<Instant> now = new AtomicReference<>(TestMail.NOW);
    private final OutboundTls tls = OutboundTls.opportunistic(now::get, new Metrics().tlsOut);

    /// Milliseconds that were waited for limits.
    private long paused;

    private final TestNameServer dns = new TestNameServer();
    private final Hosts hosts = new Hosts();
    private final Limiter limiter = new Limiter(List.of());
    private final SessionFinder finder = new SessionFinder(hosts.client, limiter, hosts.clock);

    /// Of a pool, which looks at its clock before and after it asks which source may be used.
    private final AtomicInteger looks = new AtomicInteger(Integer.MIN_VALUE);

    private final ActivePlan active =
            ActivePlan.of(
                    new DeliveryPlan(
                            DeliverySettings.DEFAULT,
                            new Pools(
                                    List.of(PoolSettings.ofAll(hosts.sources.all())),
                                    hosts.sources,
                                    this::look,
                                    new Metrics().egress),
                            new RoutingPlan(
                                    List.of(),
                                    25,
                                    List.of(),
                                    new Resolver(dns.settings(), hosts.clock),
                                    new OwnNode(Set.of(), List.of())),
                            tls,
                            TestMail.NO_CAMPAIGNS));

    @TempDir private Path folder;

    @AfterEach
    void close() {
        hosts.close();
        dns.close();
    }

    @Test
    void ownHostsUnreachable_theFallbackIsAsked() {
        try (var relay = new ScriptedPeer(GREETS)) {
            NextHop.Talker hop = hop(ScriptedPeer.deafPort(), Optional.of(remote(relay.port())));

            RemoteSession session = opened(hop);

            assertThat(session.host().port()).isEqualTo(relay.port());
        }
    }

    /// A fallback that is no use changes nothing: least of all may it return the mail.
    @Test
    void fallbackThatLeadsNowhere_leavesTheFailureOfTheOwnHosts() {
        for (String name : List.of("gone.test", "127.0.0.1")) {
            var fallback =
                    new NextHop.Remote(
                            new Site("f"),
                            Protocol.SMTP,
                            List.of(new TargetHost(0, name, ScriptedPeer.deafPort())),
                            true,
                            NextHop.Terms.NONE);
            int own = ScriptedPeer.deafPort();

            assertThat(failure(hop(own, Optional.of(fallback))))
                    .isInstanceOfSatisfying(
                            ConnectionLost.class,
                            it -> assertThat(it.toString()).contains(Integer.toString(own)));
        }
    }

    @Test
    void ownHostRefuses_thatCounts() {
        try (var own = new ScriptedPeer("S: 554 5.7.1 no");
                var relay = new ScriptedPeer(GREETS)) {
            NextHop.Talker hop = hop(own.port(), Optional.of(remote(relay.port())));

            assertThat(failure(hop)).isInstanceOf(Refused.class);
            assertThat(relay.heard()).isEmpty();
        }
    }

    /// Each address is a connection, which limits count: what they spread over a second is waited
    /// for.
    @Test
    void newConnectionsAreLimited_theNextHostIsAskedInAMoment() {
        SessionFinder limited = limited("2/s");
        var dead = new TargetHost(0, "127.0.0.2", ScriptedPeer.deafPort());
        var deadToo = new TargetHost(1, "127.0.0.3", ScriptedPeer.deafPort());
        try (var peer = new ScriptedPeer(GREETS)) {
            var alive = new TargetHost(2, "127.0.0.1", peer.port());
            assertThat(open(limited, dead, deadToo, alive)).isInstanceOf(Found.Opened.class);
        }
        assertThat(paused).as("milliseconds").isBetween(1L, 1_500L);
    }

    /// An attempt is an attempt, so that mail expires; but the hosts that had no turn come first.
    @Test
    void newConnectionsAreLimitedForLong_itIsAFailure_andTheOthersComeFirstNextTime() {
        SessionFinder limited = limited("1/h");
        var dead = new TargetHost(0, "127.0.0.2", ScriptedPeer.deafPort());
        var deadToo = new TargetHost(1, "127.0.0.3", ScriptedPeer.deafPort());
        try (var peer = new ScriptedPeer(GREETS)) {
            var alive = new TargetHost(2, "127.0.0.1", peer.port());
            for (int i = 0; i < 2; i++) {
                assertThat(open(limited, dead, deadToo, alive))
                        .isInstanceOfSatisfying(
                                Found.Failed.class,
                                it -> assertThat(it.result()).isInstanceOf(ConnectionLost.class));
                assertThat(peer.connections()).isZero();
                now.set(now.get().plusSeconds(3_600));
            }
            assertThat(open(limited, dead, deadToo, alive)).isInstanceOf(Found.Opened.class);
        }
        assertThat(paused).isZero();
    }

    /// Another host may take it (RFC 5321 §5.1).
    @Test
    void newConnectionsAreLimited_aRefusalForGoodIsNotTheLastWord() {
        try (var peer = new ScriptedPeer("S: 554 5.7.1 no")) {
            Found found =
                    open(
                            limited("1/h"),
                            new TargetHost(0, "127.0.0.1", peer.port()),
                            new TargetHost(1, "127.0.0.3", ScriptedPeer.deafPort()));

            var result = (AttemptResult.NotTried) ((Found.Failed) found).result();
            assertThat(result.reply().toString())
                    .startsWith("451 4.4.5")
                    .contains("said 554 no", "limits allow no connection");
        }
    }

    @Test
    void newConnectionsAreLimited_whoseHandshakeFailsTwice_isAskedInPlainTextNext() {
        SessionFinder limited = limited("1/min");
        String offers = "S: 220 x\nC: EHLO\nS: 250-mx.test\nS: 250 STARTTLS\n";
        String breaks = offers + "C: STARTTLS\nS: 220 go\nX:";
        try (var peer = new ScriptedPeer(breaks, breaks, offers)) {
            var target = new TargetHost(0, "127.0.0.1", peer.port());
            for (int i = 1; i <= 2; i++) {
                assertThat(open(limited, target)).isInstanceOf(Found.Failed.class);
                assertThat(peer.connections()).isEqualTo(i);
                now.set(now.get().plusSeconds(60));
            }
            assertThat(open(limited, target))
                    .isInstanceOfSatisfying(
                            Found.Opened.class,
                            it -> assertThat(it.session().tls().isPlain()).isTrue());
        }
    }

    @Test
    void newConnectionsAreLimited_theFallbackIsWaitedFor() {
        SessionFinder limited = limited("1/s");
        try (var relay = new ScriptedPeer(GREETS)) {
            NextHop.Talker hop = hop(ScriptedPeer.deafPort(), Optional.of(remote(relay.port())));
            var nobody = tls.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
            var path = new EgressPath(PoolSettings.DEFAULT, hop.site());

            assertThat(
                            limited.open(
                                    active,
                                    new SessionFinder.Wish(path, hop, "", nobody, Flow.NONE)))
                    .isInstanceOf(Found.Opened.class);
        }
        assertThat(paused).as("milliseconds").isBetween(900L, 1_500L);
    }

    /// So many new connections; whoever waits for one moves the clock.
    private SessionFinder limited(String rate) {
        var limit =
                new LimitSettings(
                        "w.toml:1",
                        LimitScope.ALL,
                        Set.of(),
                        List.of(),
                        OptionalInt.empty(),
                        Rate.parse(rate),
                        OptionalInt.empty(),
                        OptionalInt.empty());
        return new SessionFinder(
                new SmtpClient(hosts.watchdog, now::get),
                new Limiter(List.of(limit)),
                now::get,
                wait -> {
                    paused += wait.toMillis();
                    now.set(now.get().plus(wait));
                });
    }

    private Found open(SessionFinder by, TargetHost... targets) {
        var hop =
                new NextHop.Remote(
                        new Site("s"), Protocol.SMTP, List.of(targets), true, NextHop.Terms.NONE);
        var nobody = tls.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
        var path = new EgressPath(PoolSettings.DEFAULT, hop.site());
        return by.open(active, new SessionFinder.Wish(path, hop, "", nobody, Flow.NONE));
    }

    @Test
    void noFallback_theFailureIsSaid() {
        NextHop.Talker hop = hop(ScriptedPeer.deafPort(), Optional.empty());

        assertThat(failure(hop))
                .isInstanceOfSatisfying(
                        ConnectionLost.class,
                        it -> assertThat(it.stage()).isEqualTo(Stage.CONNECT));
    }

    /// It is not told that no source can reach the host.
    @Test
    void limitThatEndsMeanwhile_isSaidAsALimit() {
        try (var own = new ScriptedPeer(GREETS)) {
            Instant now = hosts.clock.instant();
            Instant later = now.plusSeconds(60);
            var suspension =
                    new Restraint(
                            "r1", LimitScope.ALL, new Force.Suspend(), now, later, "why", "here");
            limiter.restrain(suspension);
            looks.set(0);

            assertThat(open(remote(own.port()))).isInstanceOf(Found.NotAllowed.class);

            assertThat(looks).hasValue(LOOKS);
            assertThat(limiter.restraints()).isEmpty();
        }
    }

    private Instant look() {
        if (looks.incrementAndGet() == LOOKS) {
            limiter.lift("r1");
        }
        return hosts.clock.instant();
    }

    @Test
    void localSocket_isSpokenToByLmtp() throws IOException {
        Path path = folder.resolve("lmtp");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            Thread.ofVirtual().start(() -> greetLmtp(server));

            RemoteSession session = opened(new NextHop.LocalSocket(new Site("s"), path));

            assertThat(session.protocol()).isEqualTo(Protocol.LMTP);
            assertThat(session.peer().host()).isEqualTo("unix:" + path);
            assertThat(session.extensions().pipelining()).isTrue();
            session.quit();
        }
    }

    /// There it is delivered: no network is between us.
    @Test
    void localSocket_takesMailWithRequireTls() throws IOException {
        Path path = folder.resolve("lmtp");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            Thread.ofVirtual()
                    .start(() ->
                            serve(server, "250 ok", "250 ok", "250 ok", "354 go", "250 stored"));

            RemoteSession session = opened(new NextHop.LocalSocket(new Site("s"), path));
            DomainTls required = tls.forDomain(DOMAIN, "", TlsRequirement.REQUIRED, false);
            assertThat(tls.allows(required, session.tls(), TestMail.NOW)).isTrue();

            var parameters = MailParameters.NONE.withTls(TlsRequirement.REQUIRED);
            QueueEntry entry = TestMail.entry(parameters, TestMail.recipients("a@x.test"));
            assertThat(DeliveryAttemptTest.tried(session, entry))
                    .singleElement()
                    .isInstanceOf(AttemptResult.Accepted.class);
        }
    }

    /// What one host lacks for good says nothing of another that may not lack it.
    @Test
    void requireTls_whereTheAddressOfAHostIsNotKnown_isTriedAgain() {
        dns.silent("dead.test.");
        var one = new TargetHost(0, "127.0.0.1", ScriptedPeer.deafPort());
        var dead = new TargetHost(1, "dead.test", 25);
        DomainTls required = tls.forDomain(DOMAIN, "", TlsRequirement.REQUIRED, false);

        assertThat(refusal(required, one)).startsWith("550 5.7.30");
        assertThat(refusal(required, one, dead))
                .startsWith("451 4.7.5")
                .contains("no address is known now");
    }

    private String refusal(DomainTls tls, TargetHost... targets) {
        var hop =
                new NextHop.Remote(
                        new Site("s"), Protocol.SMTP, List.of(targets), true, NextHop.Terms.NONE);
        var path = new EgressPath(PoolSettings.DEFAULT, hop.site());
        Found found = finder.open(active, new SessionFinder.Wish(path, hop, "", tls, Flow.NONE));
        assertThat(found).isInstanceOf(Found.Failed.class);
        return ((AttemptResult.NotTried) ((Found.Failed) found).result()).reply().toString();
    }

    private static void serve(ServerSocketChannel server, String... answers) {
        try (SocketChannel channel = server.accept();
                var in = new Scanner(channel, StandardCharsets.UTF_8)) {
            var out = Channels.newOutputStream(channel);
            out.write("220 lmtp\r\n".getBytes(StandardCharsets.US_ASCII));
            for (String answer : answers) {
                boolean isText = answer.equals("250 stored");
                while (isText && !in.nextLine().equals(".")) {
                    // The message.
                }
                if (!isText) {
                    in.nextLine();
                }
                out.write((answer + "\r\n").getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void localSocketThatIsNotThere_isALostConnection() {
        var hop = new NextHop.LocalSocket(new Site("s"), folder.resolve("none"));

        assertThat(failure(hop))
                .isInstanceOfSatisfying(
                        ConnectionLost.class, it -> assertThat(it.peer().host()).endsWith("/none"));
    }

    @Test
    void localSocketThatSaysNothing_isGivenUp() throws IOException {
        Path path = folder.resolve("lmtp");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));

            Opening opening = hosts.client.open(path, Hosts.UNNAMED, Hosts.SHORT);

            assertThat(Hosts.failure(opening))
                    .isInstanceOfSatisfying(
                            ConnectionLost.class,
                            it -> assertThat(it.stage()).isEqualTo(Stage.GREETING));
        }
    }

    private Found open(NextHop.Talker hop) {
        var nobody = tls.forDomain(new DomainName("x.test"), "", TlsRequirement.UNSPECIFIED, true);
        var path = new EgressPath(PoolSettings.DEFAULT, hop.site());
        return finder.open(active, new SessionFinder.Wish(path, hop, "", nobody, Flow.NONE));
    }

    private RemoteSession opened(NextHop.Talker hop) {
        return switch (open(hop)) {
            case Found.Opened(RemoteSession session, var _) -> session;
            case Found.Failed _, Found.NotAllowed _ -> throw new AssertionError("no session");
        };
    }

    private AttemptResult failure(NextHop.Talker hop) {
        return switch (open(hop)) {
            case Found.Failed(AttemptResult result, var _) -> result;
            case Found.Opened _, Found.NotAllowed _ -> throw new AssertionError("no failure");
        };
    }

    private static void greetLmtp(ServerSocketChannel server) {
        try (SocketChannel channel = server.accept();
                var in = new Scanner(channel, StandardCharsets.UTF_8)) {
            var out = Channels.newOutputStream(channel);
            out.write("220 lmtp\r\n".getBytes(StandardCharsets.US_ASCII));
            in.nextLine();
            out.write("250-lmtp\r\n250 PIPELINING\r\n".getBytes(StandardCharsets.US_ASCII));
            in.nextLine();
            out.write("221 bye\r\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static NextHop.Remote hop(int port, Optional<NextHop.Remote> fallback) {
        var terms = new NextHop.Terms(false, "", Optional.empty(), fallback);
        return new NextHop.Remote(
                new Site("s"),
                Protocol.SMTP,
                List.of(new TargetHost(0, "127.0.0.1", port)),
                true,
                terms);
    }

    private static NextHop.Remote remote(int port) {
        return hop(port, Optional.empty());
    }
}
