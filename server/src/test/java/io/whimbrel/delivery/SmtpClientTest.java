package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

@Timeout(30)
final class SmtpClientTest {
    private static final String GREETS =
            """
            S: 220-mx.test
            S: 220 ESMTP
            C: EHLO mta.test
            S: 250-mx.test
            S: 250-PIPELINING
            S: 250 SIZE
            """;
    private static final String OFFERS_TLS =
            """
            S: 220 mx.test
            C: EHLO mta.test
            S: 250-mx.test
            S: 250-PIPELINING
            S: 250 STARTTLS
            """;
    private static final String TLS_AND_DSN =
            OFFERS_TLS
                    + """
                    C: STARTTLS
                    S: 220 go
                    TLS:
                    C: EHLO mta.test
                    S: 250-mx.test
                    S: 250 DSN
                    """;

    private final Hosts hosts = new Hosts();

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void ehlo_isRead() {
        try (var peer = new ScriptedPeer(GREETS)) {
            RemoteSession session = hosts.session(peer);

            assertThat(session.extensions().pipelining()).isTrue();
            assertThat(session.extensions().dsn()).isFalse();
            assertThat(session.peer().host()).isEqualTo("mx.test [127.0.0.1]:" + peer.port());
            assertThat(session.peer().tls()).isEmpty();
            peer.verify();
        }
    }

    @Test
    void ehloRefused_fallsBackToHelo() {
        try (var peer =
                new ScriptedPeer(
                        """
                        S: 220 mx.test
                        C: EHLO mta.test
                        S: 502 what
                        C: HELO mta.test
                        S: 250-mx.test
                        S: 250 PIPELINING
                        """)) {
            assertThat(hosts.session(peer).extensions()).isEqualTo(Extensions.NONE);
            peer.verify();
        }
    }

    @Test
    void heloRefusedToo_isRefused() {
        try (var peer =
                new ScriptedPeer("S: 220 x\nC: EHLO\nS: 550 5.7.1 go away\nC: HELO\nS: 550 no")) {
            Refused refused = refused(Hosts.failure(hosts.open(Hosts.LONG, peer.host())));

            assertThat(refused.stage()).isEqualTo(Stage.EHLO);
            assertThat(refused.reply().toString()).isEqualTo("550 5.7.1 go away");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"554 5.7.1 no service", "421 4.7.0 too many connections"})
    void greetingRefused_isSaid(String reply) {
        try (var peer = new ScriptedPeer("S: " + reply)) {
            Refused refused = refused(Hosts.failure(hosts.open(Hosts.LONG, peer.host())));

            assertThat(refused.stage()).isEqualTo(Stage.GREETING);
            assertThat(refused.reply().toString()).isEqualTo(reply);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"WAIT:", "DRIP: 220-hi", "X:", "S: SSH-2.0-x", "S: 250 hm", "FLOOD: 99999"})
    void badGreeting_losesTheConnection(String script) {
        try (var peer = new ScriptedPeer(script)) {
            ConnectionLost lost = lost(Hosts.failure(hosts.open(Hosts.SHORT, peer.host())));

            assertThat(lost.stage()).isEqualTo(Stage.GREETING);
            assertThat(lost.detail()).isNotBlank();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"WAIT:", "DRIP: 250-hi", "X:", "S: 354 hm"})
    void badAnswerToEhlo_losesTheConnection(String script) {
        try (var peer = new ScriptedPeer("S: 220 x\nC: EHLO\n" + script)) {
            ConnectionLost lost = lost(Hosts.failure(hosts.open(Hosts.SHORT, peer.host())));

            assertThat(lost.stage()).isEqualTo(Stage.EHLO);
        }
    }

    @Test
    void nobodyListens_isLostAtConnect() {
        var host = new HostAddress("mx.test", ScriptedPeer.loopback(), ScriptedPeer.deafPort());

        ConnectionLost lost = lost(Hosts.failure(hosts.open(Hosts.LONG, host)));

        assertThat(lost.stage()).isEqualTo(Stage.CONNECT);
        assertThat(lost.detail()).isEqualTo("Connection refused");
    }

    @Test
    void firstHostFails_nextIsAskedAndTheFirstIsLastFromThenOn() {
        try (var bad = new ScriptedPeer("S: 421 later");
                var good = new ScriptedPeer(InetAddress.ofLiteral("127.0.0.2"), GREETS)) {
            Hosts.opened(hosts.open(Hosts.LONG, bad.host(), good.host()));
            Hosts.opened(hosts.open(Hosts.LONG, bad.host(), good.host()));

            assertThat(bad.connections()).isEqualTo(1);
            assertThat(good.connections()).isEqualTo(2);
        }
    }

    @Test
    void allHostsFail_theMostHopefulAnswerCounts() {
        try (var never = new ScriptedPeer("S: 554 never");
                var later = new ScriptedPeer(InetAddress.ofLiteral("127.0.0.2"), "S: 450 later");
                var gone = new ScriptedPeer(InetAddress.ofLiteral("127.0.0.3"), "X:")) {
            AttemptResult result =
                    Hosts.failure(hosts.open(Hosts.LONG, never.host(), later.host(), gone.host()));

            assertThat(refused(result).reply().code()).isEqualTo(450);
        }
    }

    @Test
    void startTls_isUsedAndWhatWasOfferedBeforeIsForgotten(@TempDir Path folder)
            throws IOException, InterruptedException {
        try (var peer =
                new ScriptedPeer(
                                TLS_AND_DSN
                                        + """
                                        C: MAIL
                                        S: 250 ok
                                        C: RCPT
                                        S: 250 ok
                                        C: DATA
                                        S: 354 go
                                        D:
                                        S: 250 taken
                                        """)
                        .tls(TestCertificate.context(folder))) {
            RemoteSession session = hosts.session(peer);

            assertThat(session.peer().tls()).startsWith("TLSv1.3:TLS_");
            assertThat(session.extensions().pipelining()).isFalse();
            assertThat(session.extensions().dsn()).isTrue();
            TestMail.deliver(
                    session,
                    TestMail.entry("a@x.test"),
                    TestMail.body(TestMail.TEXT),
                    TestMail.DEPARTURE);
            assertThat(peer.texts()).containsExactly(TestMail.TEXT);
            peer.verify();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"S: gibberish", "X:", "WAIT:"})
    void handshakeFails_goesOnInPlainText_onceOnly(String instead) {
        String fails = OFFERS_TLS + "C: STARTTLS\nS: 220 go\n" + instead;
        try (var peer = new ScriptedPeer(fails, OFFERS_TLS, fails, OFFERS_TLS)) {
            RemoteSession first = Hosts.opened(hosts.open(Hosts.SHORT, peer.host()));
            RemoteSession second = Hosts.opened(hosts.open(Hosts.SHORT, peer.host()));

            assertThat(first.peer().tls()).isEmpty();
            assertThat(second.peer().tls()).isEmpty();
            assertThat(peer.connections()).isEqualTo(4);
            peer.verify();
        }
    }

    @Test
    void startTlsRefused_goesOnInPlainText() {
        try (var peer = new ScriptedPeer(OFFERS_TLS + "C: STARTTLS\nS: 454 4.7.0 not now")) {
            assertThat(hosts.session(peer).peer().tls()).isEmpty();
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    /// What comes in plain text behind the answer is never taken for what was said under TLS.
    @Test
    void bytesBehindTheAnswerToStartTls_areNotUsed() {
        try (var peer =
                new ScriptedPeer(
                        OFFERS_TLS + "C: STARTTLS\nRAW: 220 go~250 injected~", OFFERS_TLS)) {
            RemoteSession session = hosts.session(peer);

            assertThat(session.peer().tls()).isEmpty();
            assertThat(peer.connections()).isEqualTo(2);
            peer.verify();
        }
    }

    @Test
    void noUsableSource_isNotTriedAndSaysWhy() {
        var lost =
                new SourceAddress(
                        "s1", Optional.of(InetAddress.ofLiteral("192.0.2.10")), "s1.test");
        var sources = new Sources(List.of(lost), hosts.clock);
        try (var peer = new ScriptedPeer(GREETS)) {
            AttemptResult result =
                    Hosts.failure(
                            hosts.client.open(
                                    List.of(peer.host()),
                                    Protocol.SMTP,
                                    Hosts.outlet(sources),
                                    Hosts.LONG));

            assertThat(((NotTried) result).reply().toString())
                    .isEqualTo("451 4.4.0 source s1: address 192.0.2.10 is not on this machine");
            assertThat(peer.connections()).isZero();
        }
    }

    @Test
    void sourceAddress_isBoundAndItsNameSaid() {
        var source =
                new SourceAddress("s1", Optional.of(InetAddress.ofLiteral("127.0.0.7")), "s1.test");
        var sources = new Sources(List.of(source), hosts.clock);
        try (var peer = new ScriptedPeer(GREETS.replace("mta.test", "s1.test"))) {
            RemoteSession session =
                    Hosts.opened(
                            hosts.client.open(
                                    List.of(peer.host()),
                                    Protocol.SMTP,
                                    Hosts.outlet(sources),
                                    Hosts.LONG));

            assertThat(session.source()).isEqualTo(source);
            assertThat(peer.clients()).containsExactly("127.0.0.7");
            peer.verify();
        }
    }

    private static Refused refused(AttemptResult result) {
        assertThat(result).isInstanceOf(Refused.class);
        return (Refused) result;
    }

    private static ConnectionLost lost(AttemptResult result) {
        assertThat(result).isInstanceOf(ConnectionLost.class);
        return (ConnectionLost) result;
    }
}
