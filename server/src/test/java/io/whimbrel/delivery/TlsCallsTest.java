package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.TlsOutMetrics;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.OpenSsl;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.transport.BrokenTls;
import io.whimbrel.transport.DaneAnswer;
import io.whimbrel.transport.HostPlace;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.OutboundTls;
import io.whimbrel.transport.StsAnswer;
import io.whimbrel.transport.StsPolicy;
import io.whimbrel.transport.TlsFailure;
import io.whimbrel.transport.TlsLevel;
import io.whimbrel.transport.TlsMemory;
import io.whimbrel.transport.TlsOutSettings;
import io.whimbrel.transport.TlsReport;
import io.whimbrel.transport.TlsResults;
import io.whimbrel.transport.TlsRule;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;

@Timeout(60)
final class TlsCallsTest {
    private static final String PLAIN =
            """
            S: 220 mx.test
            C: EHLO mta.test
            S: 250-mx.test
            S: 250 PIPELINING
            """;
    private static final String OFFERS =
            """
            S: 220 mx.test
            C: EHLO mta.test
            S: 250-mx.test
            S: 250 STARTTLS
            """;
    private static final String TLS =
            OFFERS
                    + """
                    C: STARTTLS
                    S: 220 go
                    TLS:
                    C: EHLO mta.test
                    S: 250-mx.test
                    S: 250 REQUIRETLS
                    """;
    private static final DomainName DOMAIN = new DomainName("x.test");
    private static final TlsReport.Sender SENDER =
            new TlsReport.Sender("us", "us@mta.test", "mta.test");
    private static final DomainName EASY = new DomainName("easy.test");

    @TempDir Path folder;
    private final Hosts hosts = new Hosts();
    private Instant now = TestMail.NOW;
    private final BrokenTls broken = new BrokenTls(() -> now);
    private final TlsResults results = new TlsResults(hosts.clock);
    private final TlsMemory memory =
            new TlsMemory(broken, results, new TlsOutMetrics(new PrometheusRegistry()));
    private TlsParties parties;
    private StsAnswer sts = new StsAnswer.None();
    private DaneAnswer dane = new DaneAnswer.None();

    @BeforeEach
    void make() {
        parties = new TlsParties(folder);
    }

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void encrypt_takesAnyCertificate() throws IOException {
        try (var peer = peer("ca", "other.test", TLS)) {
            RemoteSession session = Hosts.opened(open(TlsLevel.ENCRYPT, peer.host()));
            assertThat(session.peer().tls()).startsWith("TLSv1.3:");
            assertThat(session.tls().isPlain()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"encrypt", "verify", "dane-only"})
    void hostWithoutTls_getsNoMail(String level) throws IOException {
        dane = new DaneAnswer.Usable((_, _) -> Optional.empty(), List.of("3 1 1 00"));
        try (var peer = new ScriptedPeer(PLAIN + "C: QUIT\nS: 221 bye")) {
            Opening opening = open(TlsLevel.parse(level).orElseThrow(), peer.host());
            assertThat(refusal(opening))
                    .startsWith("451 4.7.10 mx.test [127.0.0.1]:")
                    .endsWith(": STARTTLS is not offered; wanted by [[tls-policy]]");
            assertThat(((Opening.Failed) opening).isOwn()).isTrue();
        }
    }

    @Test
    void startTlsRefused_isQuoted() throws IOException {
        try (var peer =
                new ScriptedPeer(
                        OFFERS + "C: STARTTLS\nS: 454 4.7.0 not now\nC: QUIT\nS: 221 bye")) {
            assertThat(refusal(open(TlsLevel.ENCRYPT, peer.host())))
                    .contains("STARTTLS was answered with: 454 4.7.0 not now");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"S: gibberish", "X:", "WAIT:"})
    void handshakeFails_noPlainTextEver(String instead) throws IOException {
        try (var peer = new ScriptedPeer(OFFERS + "C: STARTTLS\nS: 220 go\n" + instead)) {
            assertThat(refusal(open(Hosts.SHORT, wish(TlsLevel.ENCRYPT), peer.host())))
                    .startsWith("451 4.7.5 ")
                    .contains("the TLS handshake failed");
            assertThat(peer.connections()).isEqualTo(1);
            assertThat(isBroken(peer, "mx.test")).isFalse();
        }
    }

    @Test
    void firstHostIsNotSafeEnough_theNextIs() throws IOException {
        try (var first = new ScriptedPeer(PLAIN + "C: QUIT\nS: 221 bye");
                var second = peer("ca", "mx.test", TLS)) {
            RemoteSession session =
                    Hosts.opened(open(TlsLevel.VERIFY, first.host(), second.host()));
            assertThat(session.host().port()).isEqualTo(second.port());
        }
    }

    @Test
    void twoStallsApart_areRememberedUntilTlsWorks() throws IOException {
        String stall = OFFERS + "C: STARTTLS\nS: 220 go\nWAIT:";
        try (var peer =
                new ScriptedPeer(stall, PLAIN, stall, PLAIN, stall, PLAIN, PLAIN, TLS)
                        .tls(parties.server(parties.issue("ca", "mx", "mx.test"), false))) {
            Hosts.opened(open(Hosts.SHORT, wish(TlsLevel.MAY), peer.host()));
            now = now.plusSeconds(59);
            Hosts.opened(open(Hosts.SHORT, wish(TlsLevel.MAY), peer.host()));
            assertThat(isBroken(peer, "mx.test")).isFalse();
            now = now.plusSeconds(1);
            Hosts.opened(open(Hosts.SHORT, wish(TlsLevel.MAY), peer.host()));
            assertThat(isBroken(peer, "mx.test")).isTrue();
            assertThat(isBroken(peer, "mx2.test")).isFalse();
            Hosts.opened(open(Hosts.SHORT, wish(TlsLevel.MAY), peer.host()));
            assertThat(peer.connections()).isEqualTo(7);
            // Where plain text is not allowed TLS is tried all the same.
            Hosts.opened(open(TlsLevel.ENCRYPT, peer.host()));
            assertThat(isBroken(peer, "mx.test")).isFalse();
        }
        assertThat(report()).contains("validation-failure", "timed out after 300 ms");
    }

    @Test
    void hostThatTakesNoPlainTextEither_isNotRemembered() throws IOException {
        try (var peer = new ScriptedPeer(OFFERS + "C: STARTTLS\nS: 220 go\nX:", "X:")) {
            for (int i = 0; i < 3; i++) {
                Hosts.failure(open(Hosts.SHORT, automatic(), peer.host()));
                now = now.plus(Duration.ofMinutes(1));
            }
            assertThat(isBroken(peer, "mx.test")).isFalse();
        }
    }

    /// A tarpit, or a limit of connections: no reason for plain text.
    @ParameterizedTest
    @ValueSource(strings = {"WAIT:", "X:", "XRST:"})
    void hangUpBehindTheHandshake_isNoFailureOfTls(String instead) throws IOException {
        String script = OFFERS + "C: STARTTLS\nS: 220 go\nTLS:\nC: EHLO\n" + instead;
        try (var peer = peer("ca", "mx.test", script, PLAIN)) {
            Opening opening = open(Hosts.SHORT, wish(TlsLevel.MAY), peer.host());
            assertThat(Hosts.failure(opening))
                    .isInstanceOfSatisfying(
                            ConnectionLost.class,
                            lost -> assertThat(lost.stage()).isEqualTo(Stage.EHLO));
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    private boolean isBroken(ScriptedPeer peer, String name) {
        var place = new HostPlace(name, peer.port(), NamedBy.SIGNED_MX);
        return broken.contains(place, ScriptedPeer.loopback());
    }

    /// RFC 7672 §8.1: the host has several certificates, and TLSA records under the end of an
    /// alias.
    @Test
    void dane_theHostIsToldTheNameOfTheRecords() throws IOException {
        dane = new DaneAnswer.Usable((_, _) -> Optional.empty(), List.of("3 1 1 00"), "real.test");
        try (var peer = peer("none", "mx.test", TLS)) {
            Hosts.opened(open(Hosts.LONG, automatic(), peer.host()));
            assertThat(peer.serverNames()).containsExactly("real.test");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ca, mx.test, ''",
        "ca, *.test, ''",
        "ca, other.test, 'certificate is for other.test, not for mx.test'",
        "none, mx.test, certificate is not from an authority that is trusted here",
        "middle, mx.test, certificate is not from an authority that is trusted here",
    })
    void verify_wantsAnAuthorityAndTheName(String issuer, String name, String problem)
            throws IOException {
        try (var peer = peer(issuer, name, TLS)) {
            Opening opening = open(TlsLevel.VERIFY, peer.host());
            if (problem.isEmpty()) {
                Hosts.opened(opening);
            } else {
                assertThat(refusal(opening)).startsWith("451 4.7.5 ").contains(problem);
            }
        }
    }

    @Test
    void session_carriesOnlyWhatItIsSafeEnoughFor() throws IOException {
        try (var peer = peer("ca", "mx.test", TLS);
                var other = peer("none", "mx.test", TLS)) {
            TlsWish wish = wish(TlsLevel.VERIFY);
            TlsWish easy = easy(wish);
            RemoteSession proven = Hosts.opened(open(Hosts.LONG, easy, peer.host()));
            RemoteSession unproven = Hosts.opened(open(Hosts.LONG, easy, other.host()));
            OutboundTls tls = wish.tls();
            assertThat(tls.allows(wish.domain(), proven.tls(), TestMail.NOW)).isTrue();
            assertThat(tls.allows(wish.domain(), unproven.tls(), TestMail.NOW)).isFalse();
            assertThat(tls.allows(easy.domain(), unproven.tls(), TestMail.NOW)).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "enforce, mx.test, ca, ''",
        "enforce, mx.test, none, trusted here",
        "enforce, mx2.test, ca, not among those",
        "testing, mx2.test, none, ''",
    })
    void mtaSts_isEnforcedOrReported(String mode, String mx, String issuer, String problem)
            throws IOException {
        sts =
                new StsAnswer.Found(
                        StsPolicy.parse(
                                        "version: STSv1\nmode: "
                                                + mode
                                                + "\nmx: "
                                                + mx
                                                + "\nmax_age: 100")
                                .orElseThrow());
        try (var peer = peer(issuer, "mx.test", TLS)) {
            Opening opening = open(Hosts.LONG, automatic(), peer.host());
            if (problem.isEmpty()) {
                Hosts.opened(opening);
            } else {
                assertThat(refusal(opening)).contains(problem);
            }
        }
        boolean isGood = mode.equals("enforce") && problem.isEmpty();
        assertThat(report())
                .contains("\"policy-type\" : \"sts\"")
                .contains("successful-session-count\" : " + (isGood ? 1 : 0))
                .contains("failure-session-count\" : " + (isGood ? 0 : 1));
    }

    @Test
    void dane_needsNoAuthority_butAMatch() throws IOException {
        try (var peer = peer("none", "other.test", TLS, TLS)) {
            dane = new DaneAnswer.Usable((_, _) -> Optional.empty(), List.of("3 1 1 00"));
            Hosts.opened(open(Hosts.LONG, automatic(), peer.host()));
            dane = new DaneAnswer.Usable((_, _) -> Optional.of("no match"), List.of("3 1 1 00"));
            assertThat(refusal(open(Hosts.LONG, automatic(), peer.host())))
                    .contains("no match; wanted by the TLSA records of the host");
        }
    }

    @Test
    void daneLookupFails_theHostIsNotConnectedTo() throws IOException {
        dane = new DaneAnswer.Failed("no server answers");
        try (var peer = new ScriptedPeer(PLAIN)) {
            assertThat(refusal(open(Hosts.LONG, automatic(), peer.host())))
                    .startsWith("451 4.7.5 ")
                    .contains("no server answers");
            assertThat(peer.connections()).isZero();
        }
    }

    @Test
    void requireTls_needsAHostThatOffersIt() throws IOException {
        String without = TLS.replace("S: 250 REQUIRETLS", "S: 250 DSN") + "C: QUIT\nS: 221 bye";
        try (var good = peer("ca", "mx.test", TLS);
                var bad = peer("ca", "mx.test", without)) {
            TlsWish wish = wish(TlsLevel.MAY, TlsRequirement.REQUIRED, List.of());
            assertThat(Hosts.opened(open(Hosts.LONG, wish, good.host())).extensions().requireTls())
                    .isTrue();
            assertThat(refusal(open(Hosts.LONG, wish, bad.host())))
                    .startsWith("550 5.7.30 ")
                    .contains("REQUIRETLS is not offered");
        }
    }

    /// The session was in TLS as the domain wants it; what the message wants beside is not for
    /// them.
    @Test
    void report_saysNothingOfRequireTls() throws IOException {
        String without = TLS.replace("S: 250 REQUIRETLS", "S: 250 DSN") + "C: QUIT\nS: 221 bye";
        try (var peer = peer("ca", "mx.test", without, without)) {
            TlsWish wish = wish(TlsLevel.MAY, TlsRequirement.REQUIRED, List.of());
            refusal(open(Hosts.LONG, wish, peer.host()));
            assertThat(results.report(SENDER, DOMAIN, today())).isEmpty();

            dane = new DaneAnswer.Usable((_, _) -> Optional.empty(), List.of("3 1 1 00"));
            TlsWish proven = wish(List.of(), TlsRequirement.REQUIRED);
            refusal(open(Hosts.LONG, proven, peer.host()));
            assertThat(report())
                    .contains("successful-session-count\" : 1", "failure-session-count\" : 0");
        }
    }

    /// They are the operator's, not those that the domain publishes.
    @Test
    void report_saysNothingOfHostsOfRoutes() throws IOException {
        try (var peer = peer("ca", "mx.test", TLS)) {
            TlsWish wish = automatic();
            var route =
                    new TlsWish(
                            wish.tls(), wish.domain(), false, NamedBy.OPERATOR, Optional.empty());
            Hosts.opened(open(Hosts.LONG, route, peer.host()));
            assertThat(results.report(SENDER, DOMAIN, today())).isEmpty();
        }
    }

    @Test
    void report_countsAPolicyThatCannotBeHadOnceForEachSession() throws IOException {
        sts = new StsAnswer.Broken(TlsFailure.STS_POLICY_FETCH_ERROR, "no web server");
        var deaf = new HostAddress("mx.test", ScriptedPeer.loopback(), ScriptedPeer.deafPort());
        try (var peer = peer("ca", "mx.test", OFFERS + "C: STARTTLS\nS: 220 go\nX:", PLAIN)) {
            Hosts.opened(open(Hosts.LONG, automatic(), deaf, peer.host()));
        }
        assertThat(report())
                .contains("sts-policy-fetch-error", "failure-session-count\" : 1")
                .doesNotContain("no-policy-found");
    }

    @Test
    void implicitTls_beginsBeforeTheGreeting() throws IOException {
        CertificateFiles files = parties.issue("ca", "mx", "mx.test");
        try (var peer = new ScriptedPeer("TLS:\n" + PLAIN).tls(parties.server(files, false))) {
            TlsWish wish = wish(TlsLevel.VERIFY);
            var implicit =
                    new TlsWish(
                            wish.tls(), wish.domain(), true, NamedBy.SIGNED_MX, Optional.empty());
            RemoteSession session = Hosts.opened(open(Hosts.LONG, implicit, peer.host()));
            assertThat(session.peer().tls()).startsWith("TLSv1.3:");
        }
    }

    @Test
    void implicitTls_thatFails_isNotTriedInPlainText() throws IOException {
        try (var peer = new ScriptedPeer("S: 220 hi\nWAIT:")) {
            TlsWish wish = wish(TlsLevel.MAY);
            var implicit =
                    new TlsWish(
                            wish.tls(), wish.domain(), true, NamedBy.SIGNED_MX, Optional.empty());
            Opening opening = open(Hosts.SHORT, implicit, peer.host());
            assertThat(Hosts.failure(opening)).isInstanceOf(ConnectionLost.class);
            assertThat(peer.connections()).isEqualTo(1);
        }
    }

    /// KumoMTA's tls_client_certificate: none, ok, missing intermediate.
    @ParameterizedTest
    @CsvSource({"none, false", "ca, true", "middle, false"})
    void clientCertificate_isShownWhereAskedFor(String issuer, boolean isGood) throws IOException {
        CertificateFiles server = parties.issue("ca", "mx", "mx.test");
        Optional<CertificateFiles> own =
                issuer.equals("none")
                        ? Optional.empty()
                        : Optional.of(parties.issue(issuer, "client", "mta.test"));
        String asks = TLS.replace("TLS:", "TLSASK:");
        try (var peer = new ScriptedPeer(asks).tls(parties.server(server, true))) {
            List<CertificateFiles> shown = own.stream().toList();
            TlsWish wish = wish(TlsLevel.ENCRYPT, TlsRequirement.UNSPECIFIED, shown);
            Opening opening = open(Hosts.LONG, wish, peer.host());
            if (isGood) {
                Hosts.opened(opening);
            } else {
                // By TLS 1.3 the host says so behind the handshake, and hangs up on our EHLO.
                assertThat(Hosts.failure(opening))
                        .isInstanceOfAny(NotTried.class, ConnectionLost.class);
            }
        }
    }

    /// KumoMTA's tls_client_certificate: bad key.
    @Test
    void clientCertificateThatIsGone_defers() throws IOException {
        CertificateFiles own = parties.issue("ca", "client", "mta.test");
        try (var peer = new ScriptedPeer(TLS)) {
            TlsWish wish = wish(TlsLevel.MAY, TlsRequirement.UNSPECIFIED, List.of(own));
            Files.copy(
                    parties.issue("ca", "client2", "mta.test").key(),
                    own.key(),
                    StandardCopyOption.REPLACE_EXISTING);
            assertThat(refusal(open(Hosts.LONG, wish, peer.host())))
                    .startsWith("451 4.3.5 ")
                    .contains("client.key is not the key of");
            assertThat(peer.connections()).isZero();
        }
    }

    private ScriptedPeer peer(String issuer, String name, String... scripts) {
        String file = "mx-" + issuer + "-" + scripts.length + name.length();
        CertificateFiles files =
                issuer.equals("none")
                        ? new OpenSsl(folder).certificate("mx", "ec")
                        : parties.issue(issuer, file, name);
        return new ScriptedPeer(scripts).tls(parties.server(files, false));
    }

    private Opening open(TlsLevel level, HostAddress... all) throws IOException {
        return open(Hosts.LONG, wish(level), all);
    }

    private Opening open(DeliverySettings.Timeouts timeouts, TlsWish wish, HostAddress... all) {
        return hosts.client.open(
                List.of(all),
                new SmtpClient.Talk(Protocol.SMTP, wish, Optional.empty(), timeouts),
                Hosts.outlet(hosts.sources));
    }

    private TlsWish wish(TlsLevel level) throws IOException {
        return wish(level, TlsRequirement.UNSPECIFIED, List.of());
    }

    private TlsWish wish(TlsLevel level, TlsRequirement asked, List<CertificateFiles> own)
            throws IOException {
        var rule =
                new TlsRule(
                        Optional.of(new DomainPattern.Exactly(DOMAIN)),
                        Optional.empty(),
                        level,
                        List.of(),
                        own.stream().findFirst());
        return wish(List.of(rule), asked);
    }

    private TlsWish automatic() throws IOException {
        return wish(List.of(), TlsRequirement.UNSPECIFIED);
    }

    private TlsWish wish(List<TlsRule> rules, TlsRequirement asked) throws IOException {
        var settings =
                new TlsOutSettings(
                        TlsLevel.MAY,
                        ProtocolMinimum.TLS_1_2,
                        Duration.ofSeconds(30),
                        Duration.ofDays(3),
                        Optional.empty(),
                        Optional.of(parties.authority()),
                        true,
                        true,
                        443,
                        rules);
        var tls = new OutboundTls(settings, Map.of(), _ -> sts, (_, _, _) -> dane, memory);
        return new TlsWish(
                tls,
                tls.forDomain(DOMAIN, "", asked, true),
                false,
                NamedBy.SIGNED_MX,
                Optional.empty());
    }

    private static TlsWish easy(TlsWish wish) {
        return new TlsWish(
                wish.tls(),
                wish.tls().forDomain(EASY, "", TlsRequirement.UNSPECIFIED, true),
                false,
                NamedBy.SIGNED_MX,
                Optional.empty());
    }

    private LocalDate today() {
        return LocalDate.ofInstant(hosts.clock.instant(), ZoneOffset.UTC);
    }

    private String report() {
        return results.report(SENDER, DOMAIN, today()).orElseThrow();
    }

    private static String refusal(Opening opening) {
        return ((NotTried) Hosts.failure(opening)).reply().toString();
    }
}
