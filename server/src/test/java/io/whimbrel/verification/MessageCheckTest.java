package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.PointerAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TextAnswer;
import io.whimbrel.metrics.VerificationMetrics;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.verification.DmarcVerdict.DmarcResult;
import io.whimbrel.verification.SpfVerdict.SpfResult;
import io.whimbrel.verification.VerificationSettings.Check;
import io.whimbrel.verification.VerificationSettings.OnFail;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(30)
class MessageCheckTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_600_000_000);
    private static final byte[] MESSAGE =
            bytes("From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n");

    private final ZoneLookups zone = new ZoneLookups();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String code(Verdicts verdicts) {
        return verdicts.refusal()
                .map(reply -> reply.code() + " " + reply.status().orElseThrow())
                .orElse("");
    }

    @Test
    void passingMessage_isNotRefused_andItsFieldTellsAll() {
        var signer = new TestSigner(1_024);
        zone.withText("example.com", "v=spf1 ip4:192.0.2.1 -all")
                .withText("_dmarc.example.com", "v=DMARC1; p=reject")
                .withText("sel._domainkey.example.com", signer.record());
        byte[] message =
                signer.sign(
                        MESSAGE,
                        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from");

        Verdicts verdicts = Checked.all(zone, "bounce@example.com", message, NOW);

        assertThat(verdicts.refusal()).isEmpty();
        assertThat(new String(verdicts.field("mx.example"), StandardCharsets.US_ASCII))
                .contains("\tspf=pass smtp.mailfrom=bounce@example.com;\r\n")
                .contains("\tdkim=pass header.d=example.com header.s=sel")
                .contains("\tdmarc=pass header.from=example.com policy.dmarc=reject;\r\n")
                .contains("\tarc=none\r\n");
    }

    @Test
    void spfFails_refuses_withTheWordsOfTheDomain() {
        zone.withText("example.com", "v=spf1 -all exp=why.example.com")
                .withText("why.example.com", "%{i} is not one of us");

        Verdicts verdicts = Checked.all(zone, "a@example.com", MESSAGE, NOW);

        assertThat(code(verdicts)).isEqualTo("550 5.7.23");
        assertThat(verdicts.refusal().map(SmtpReply::text).orElse(""))
                .contains("192.0.2.1")
                .endsWith("it explains: 192.0.2.1 is not one of us");
    }

    @Test
    void dnsFails_refusesForNow() {
        zone.with("example.com", "TIMEOUT", "");
        assertThat(code(Checked.all(zone, "a@example.com", MESSAGE, NOW))).isEqualTo("451 4.7.24");

        zone.with("_dmarc.example.com", "TIMEOUT", "");
        assertThat(code(Checked.all(zone, "a@other.example", MESSAGE, NOW))).isEqualTo("451 4.7.0");
    }

    @Test
    void dmarcFails_refusesWhereThePolicySaysSo() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject");
        assertThat(code(Checked.all(zone, "a@other.example", MESSAGE, NOW)))
                .isEqualTo("550 5.7.26");

        byte[] lax = bytes("From: a@lax.example\r\n\r\nx\r\n");
        zone.withText("_dmarc.lax.example", "v=DMARC1; p=quarantine");
        assertThat(code(Checked.all(zone, "a@other.example", lax, NOW))).isEmpty();
    }

    @Test
    void severalFromFields_areRefusedWhereDmarcRefuses() {
        byte[] message = bytes("From: a@example.com\r\nFrom: b@example.com\r\n\r\nx\r\n");

        assertThat(code(Checked.all(zone, "a@other.example", message, NOW))).isEqualTo("550 5.6.0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a@x1.example, a@x2.example, a@x3.example, a@x4.example, a@bank.example",
                "ceo@bank.example <a@[192.0.2.1]>",
                "a@bank.example, a@[192.0.2.1]",
                "undisclosed:;",
                ""
            })
    void authorThatCannotBeTold_isRefusedWhereDmarcRefuses(String from) {
        zone.withText("_dmarc.bank.example", "v=DMARC1; p=reject");
        byte[] message = bytes("From: " + from + "\r\n\r\nx\r\n");
        var mark = new VerificationSettings(Set.of(Check.DMARC), OnFail.REJECT, OnFail.MARK);

        Verdicts refused = Checked.all(zone, "a@other.example", message, NOW);
        Verdicts marked = Checked.run(mark, zone, "a@other.example", message, NOW);

        assertThat(code(refused)).isEqualTo("550 5.6.0");
        assertThat(marked.refusal()).isEmpty();
        assertThat(marked.dmarc().map(DmarcVerdict::result)).contains(DmarcResult.PERMERROR);
    }

    @Test
    void noFromField_isNotRefused() {
        Verdicts verdicts =
                Checked.all(zone, "a@other.example", bytes("Subject: x\r\n\r\nx\r\n"), NOW);

        assertThat(verdicts.dmarc().map(DmarcVerdict::result)).contains(DmarcResult.PERMERROR);
        assertThat(verdicts.refusal()).isEmpty();
    }

    @Test
    void settingsOnlyMark_refuseNothing_andCheckNoMoreThanIsWanted() {
        zone.withText("example.com", "v=spf1 -all");
        var settings = new VerificationSettings(Set.of(Check.SPF), OnFail.MARK, OnFail.MARK);

        Verdicts verdicts = Checked.run(settings, zone, "a@example.com", MESSAGE, NOW);

        assertThat(verdicts.refusal()).isEmpty();
        assertThat(verdicts.spf().map(SpfVerdict::result)).contains(SpfResult.FAIL);
        assertThat(verdicts.dkim()).isEmpty();
        assertThat(verdicts.dmarc()).isEmpty();
        assertThat(zone.questions()).isEqualTo(1);
    }

    @Test
    void nullReversePath_isCheckedByTheHeloName() {
        zone.withText("client.example", "v=spf1 a -all").with("client.example", "A", "192.0.2.1");

        Verdicts verdicts = Checked.all(zone, "", MESSAGE, NOW);

        assertThat(verdicts.spf().map(SpfVerdict::isHelo)).contains(true);
        assertThat(new String(verdicts.field("mx.example"), StandardCharsets.US_ASCII))
                .contains("spf=pass smtp.helo=client.example;");
    }

    @Test
    void headerWithoutBody_andNothingAtAll_areJudged() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject");

        Verdicts headerOnly =
                Checked.all(zone, "a@example.com", bytes("From: a@example.com\r\n"), NOW);
        assertThat(headerOnly.dmarc().map(DmarcVerdict::result)).contains(DmarcResult.FAIL);
        assertThat(Checked.all(zone, "", new byte[0], NOW).dkim()).hasSize(1);
    }

    @Test
    void hugeHeader_isAnErrorOfEachCheck_andAsksForSpfOnly() {
        byte[] message = bytes(("X-Pad: " + "x".repeat(990) + "\r\n").repeat(1_100));

        Verdicts verdicts = Checked.all(zone, "a@example.com", message, NOW);

        assertThat(verdicts.dmarc().map(DmarcVerdict::result)).contains(DmarcResult.PERMERROR);
        assertThat(verdicts.arc().map(ArcVerdict::reason)).contains("the header is too large");
        assertThat(zone.questions()).isEqualTo(1);
    }

    @Test
    void headerOfManyFields_isAnErrorToo_butOneOfManyFoldsIsNot() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=none");
        byte[] tiny = bytes("a:\r\n".repeat(3_000) + "\r\nx\r\n");
        byte[] folds =
                bytes("To: a" + ",\r\n\tb".repeat(3_000) + "\r\nFrom: a@example.com\r\n\r\n");

        assertThat(Checked.all(zone, "", tiny, NOW).arc().map(ArcVerdict::reason))
                .contains("the header is too large");
        assertThat(Checked.all(zone, "", folds, NOW).dmarc().map(DmarcVerdict::result))
                .contains(DmarcResult.FAIL);
    }

    @Test
    void byTheDnsItself_itIsTheSame() {
        try (var server = new TestNameServer()) {
            server.with("example.com. 300 IN TXT \"v=spf1 mx \" \"-all\"")
                    .with("example.com. 300 IN MX 10 mx.example.com.")
                    .with("mx.example.com. 300 IN A 192.0.2.1")
                    .with("_dmarc.example.com. 300 IN TXT \"v=DMARC1; p=reject\"");
            DnsSettings dns = server.settings();
            var verification =
                    new Verification(
                            new VerificationSettings(
                                    Set.of(Check.DMARC), OnFail.REJECT, OnFail.REJECT),
                            new Resolver(dns, () -> NOW),
                            new VerificationMetrics(new PrometheusRegistry()),
                            () -> NOW);
            try (var check = verification.begin(Checked.CLIENT, "h", "a@example.com")) {
                check.write(MESSAGE, 0, MESSAGE.length);
                Verdicts verdicts = check.end();

                assertThat(verdicts.spf().map(SpfVerdict::cause)).contains("mx");
                assertThat(verdicts.dmarc().map(DmarcVerdict::result)).contains(DmarcResult.PASS);
            }
        }
    }

    /// Lookups that never come back by themselves.
    private static final class SilentLookups implements Lookups {
        final CountDownLatch asked = new CountDownLatch(1);
        final CountDownLatch interrupted = new CountDownLatch(1);

        private String hang() {
            asked.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException _) {
                interrupted.countDown();
                Thread.currentThread().interrupt();
            }
            return "interrupted";
        }

        @Override
        public TextAnswer text(String name) {
            return new TextAnswer.TemporaryFailure(hang());
        }

        @Override
        public PointerAnswer names(InetAddress address) {
            return new PointerAnswer.TemporaryFailure(hang());
        }

        @Override
        public MxAnswer mx(String domain) {
            return new MxAnswer.TemporaryFailure(hang());
        }

        @Override
        public AddressAnswer ipv4(String host) {
            return new AddressAnswer.TemporaryFailure(hang());
        }

        @Override
        public AddressAnswer ipv6(String host) {
            return new AddressAnswer.TemporaryFailure(hang());
        }
    }

    @Test
    void silentDns_isGivenUpWhenItsTimeIsOver() throws InterruptedException {
        var lookups = new SilentLookups();
        var now = new AtomicReference<>(NOW);
        var settings = new VerificationSettings(Set.of(Check.SPF), OnFail.MARK, OnFail.MARK);
        var metrics = new VerificationMetrics(new PrometheusRegistry());
        var verification = new Verification(settings, lookups, metrics, now::get);

        try (var check = verification.begin(Checked.CLIENT, "h", "a@example.com")) {
            check.write(MESSAGE, 0, MESSAGE.length);
            assertThat(lookups.asked.await(10, TimeUnit.SECONDS)).isTrue();
            now.set(NOW.plusSeconds(21));

            Optional<SpfVerdict> spf = check.end().spf();

            assertThat(spf.map(SpfVerdict::result)).contains(SpfResult.TEMPERROR);
            assertThat(lookups.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void messageGivenUp_leavesNoQuestionBehind() throws InterruptedException {
        var lookups = new SilentLookups();
        var settings = new VerificationSettings(Set.of(Check.SPF), OnFail.MARK, OnFail.MARK);
        var metrics = new VerificationMetrics(new PrometheusRegistry());
        var verification = new Verification(settings, lookups, metrics, () -> NOW);

        try (var check = verification.begin(Checked.CLIENT, "h", "a@example.com")) {
            check.write(MESSAGE, 0, 5);
            assertThat(lookups.asked.await(10, TimeUnit.SECONDS)).isTrue();
        }

        assertThat(lookups.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }
}
