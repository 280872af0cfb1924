package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.mail.Treatment;
import io.whimbrel.smtp.EsmtpParameter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Parameters of MAIL that ask for a treatment: RFC 4865, RFC 6710, RFC 2852, and AUTH of RFC 4954.
class MailOptionsTest {
    private static final Instant NOW = Instant.parse("2026-11-27T10:00:00Z");
    private static final Offered ALL =
            new Offered(
                    true,
                    Optional.of(Duration.ofDays(1)),
                    true,
                    Optional.of(Duration.ofSeconds(60)));

    @Test
    void holdFor_countsFromMail() {
        assertThat(treatment("HOLDFOR=86400").notBefore())
                .contains(Instant.parse("2026-11-28T10:00:00Z"));
    }

    @Test
    void holdUntil_isATimeInUtc() {
        assertThat(treatment("HOLDUNTIL=2026-11-28T10:00:00Z").notBefore())
                .contains(Instant.parse("2026-11-28T10:00:00Z"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HOLDFOR=86401",
                "HOLDFOR=0",
                "HOLDFOR=-5",
                "HOLDFOR=1234567890",
                "HOLDFOR=",
                "HOLDUNTIL=2026-11-28T10:00:01Z",
                "HOLDUNTIL=2026-11-27T10:00:00Z",
                "HOLDUNTIL=2026-11-28T09:00:00+01",
                "HOLDUNTIL=2026-13-28T09:00:00Z",
                "HOLDUNTIL=2026-11-28T09:00Z",
                "HOLDUNTIL=tomorrow",
                "HOLDFOR=60 HOLDUNTIL=2026-11-28T09:00:00Z",
                "HOLDFOR=60 HOLDFOR=60",
                "HOLDFOR=600 BY=600;R",
                "MT-PRIORITY=10",
                "MT-PRIORITY=-0",
                "MT-PRIORITY=+1",
                "MT-PRIORITY=01",
                "MT-PRIORITY=",
                "MT-PRIORITY=-",
                "MT-PRIORITY=high",
                "BY=0;R",
                "BY=-60;R",
                "BY=60",
                "BY=;N",
                "BY=60;",
                "BY=60;T",
                "BY=60;X",
                "BY=60;RTT",
                "BY=60;NR",
                "BY=+-60;N",
                "BY=1234567890;N",
                "BY=T",
                "AUTH=",
                "AUTH=a+4",
                "AUTH=\u00e9",
            })
    void badValues_areRefused501(String parameters) {
        assertThat(refusal(parameters, ALL)).startsWith("501 5.5.4 ");
    }

    @Test
    void return_soonerThanAnnounced_isRefused() {
        assertThat(refusal("BY=59;R", ALL)).startsWith("555 5.5.4 BY with mode R takes 60");
        assertThat(treatment("BY=59;N").deliverBy()).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "BY=120;R, 120, RETURN, false",
        "BY=+120;rt, 120, RETURN, true",
        "BY=-60;N, -60, NOTIFY, false",
        "BY=0;NT, 0, NOTIFY, true",
        "BY=999999999;N, 999999999, NOTIFY, false"
    })
    void deliverBy_countsFromMail(
            String parameter, long seconds, DeliverBy.Mode mode, boolean isTraced) {
        assertThat(treatment(parameter).deliverBy())
                .contains(new DeliverBy(NOW.plusSeconds(seconds), mode, isTraced));
    }

    @ParameterizedTest
    @CsvSource({"-9, -9", "-1, -1", "0, 0", "3, 3", "9, 9"})
    void mtPriority_isNineStepsUpAndDown(String value, int priority) {
        assertThat(treatment("MT-PRIORITY=" + value).mtPriority()).isEqualTo(priority);
    }

    @ParameterizedTest
    @ValueSource(strings = {"AUTH=<>", "AUTH=e+3Dmc2@example.com", "AUTH=<> SIZE=5"})
    void auth_isReadAndHasNoEffect(String parameters) {
        assertThat(treatment(parameters)).isSameAs(Treatment.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HOLDFOR=60",
                "HOLDUNTIL=2026-11-28T09:00:00Z",
                "MT-PRIORITY=1",
                "BY=60;N",
                "AUTH=<>",
                "BODY=8BITMIME REQUIRETLS"
            })
    void whatIsNotOffered_isNotRecognized(String parameters) {
        assertThat(refusal(parameters, Offered.NONE)).startsWith("555 5.5.4 ");
    }

    @Test
    void binaryMime_isRefused() {
        assertThat(refusal("BODY=BINARYMIME", ALL)).startsWith("501 5.5.4");
    }

    @Test
    void ordinaryMail_hasNoTreatmentOfItsOwn() {
        assertThat(treatment("SIZE=100 BODY=8BITMIME RET=FULL ENVID=a SMTPUTF8"))
                .isSameAs(Treatment.NONE);
    }

    @Test
    void extensions_areAnnounced() {
        assertThat(ALL.ehloLines(NOW))
                .containsExactly(
                        "FUTURERELEASE 86400 2026-11-28T10:00:00Z",
                        "MT-PRIORITY MIXER",
                        "DELIVERBY 60");
        assertThat(Offered.DEFAULT.ehloLines(NOW)).contains("DELIVERBY");
        assertThat(Offered.NONE.ehloLines(NOW)).isEmpty();
        assertThat(Offered.limitsLine(1_000)).isEqualTo("LIMITS RCPTMAX=1000");
    }

    @Test
    void offerBeyondItsBounds_isRefused() {
        assertThatThrownBy(() ->
                        new Offered(false, Optional.of(Duration.ZERO), true, Optional.empty()))
                .hasMessageContaining("future-release must be 1s to 3650d");
        assertThatThrownBy(() ->
                        new Offered(
                                false, Optional.empty(), true, Optional.of(Duration.ofSeconds(-1))))
                .hasMessageContaining("deliver-by must be 0s to 3650d");
    }

    @FuzzTest(maxDuration = "30s")
    void anyParametersOfRcpt_haveAnAnswer(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        switch (RcptOptions.read(parameters(text), text.length() % 2 == 0)) {
            case RcptOptions.Given(_, String originalRecipient) ->
                    assertThat(originalRecipient).doesNotContainPattern("[\\p{Cntrl} ]");
            case RcptOptions.Refused(var reply) -> assertThat(reply.code()).isBetween(501, 555);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyParameters_haveAnAnswer(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        switch (MailOptions.read(parameters(text), ALL, NOW)) {
            case MailOptions.Given(_, long size, Treatment treatment) -> {
                assertThat(size).isNotNegative();
                assertThat(treatment.isOver(NOW)).isFalse();
                assertThat(treatment.notBefore().filter(NOW.plus(Duration.ofDays(1))::isBefore))
                        .isEmpty();
            }
            case MailOptions.Refused(var reply) -> assertThat(reply.code()).isBetween(501, 555);
        }
    }

    private static Treatment treatment(String parameters) {
        return switch (MailOptions.read(parameters(parameters), ALL, NOW)) {
            case MailOptions.Given(_, _, Treatment treatment) -> treatment;
            case MailOptions.Refused(var reply) -> throw new AssertionError(reply.toString());
        };
    }

    private static String refusal(String parameters, Offered offered) {
        return switch (MailOptions.read(parameters(parameters), offered, NOW)) {
            case MailOptions.Given given -> throw new AssertionError(given.toString());
            case MailOptions.Refused(var reply) -> reply.toString();
        };
    }

    private static List<EsmtpParameter> parameters(String text) {
        return Stream.of(text.split(" "))
                .map(one -> {
                    int equals = one.indexOf('=');
                    return equals < 0
                            ? new EsmtpParameter(one, "")
                            : new EsmtpParameter(
                                    one.substring(0, equals), one.substring(equals + 1));
                })
                .toList();
    }

    @Test
    void requireTls_isTakenWhereOfferedAndHasNoValue() {
        Offered offered = Offered.NONE.withRequireTls(true);
        assertThat(offered.ehloLines(NOW)).containsExactly("REQUIRETLS");
        assertThat(refusal("REQUIRETLS", Offered.NONE)).startsWith("555 5.5.4 ");
        assertThat(refusal("REQUIRETLS=yes", offered)).startsWith("501 5.5.4 ");
        var parameters = List.of(new EsmtpParameter("REQUIRETLS", ""));
        assertThat(MailOptions.read(parameters, offered, NOW))
                .isInstanceOfSatisfying(
                        MailOptions.Given.class,
                        given ->
                                assertThat(given.parameters().tls())
                                        .isEqualTo(TlsRequirement.REQUIRED));
    }
}
