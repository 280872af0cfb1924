package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.dkim.DkimResult;
import io.whimbrel.verification.ArcVerdict.ArcResult;
import io.whimbrel.verification.DmarcVerdict.DmarcPolicy;
import io.whimbrel.verification.DmarcVerdict.DmarcResult;
import io.whimbrel.verification.SpfVerdict.SpfResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;

class AuthenticationResultsTest {
    private static final String US = "mx1.example.com";

    private static String field(Verdicts verdicts) {
        return new String(verdicts.field(US), StandardCharsets.ISO_8859_1);
    }

    @Test
    void allVerdicts_areTold() {
        var verdicts =
                new Verdicts(
                        Checked.CLIENT,
                        Optional.of(
                                new SpfVerdict(
                                        SpfResult.SOFTFAIL,
                                        false,
                                        "a@example.org",
                                        "example.org",
                                        "",
                                        "~all")),
                        List.of(
                                new DkimVerdict(
                                        DkimResult.PASS,
                                        "example.org",
                                        "sel",
                                        "@example.org",
                                        "rsa-sha256",
                                        "Ab/+12=x",
                                        "")),
                        Optional.of(
                                new DmarcVerdict(
                                        DmarcResult.PASS,
                                        "example.org",
                                        DmarcPolicy.REJECT,
                                        "example.org",
                                        false,
                                        1,
                                        "")),
                        Optional.of(new ArcVerdict(ArcResult.PASS, 2, "example.net", false, "")),
                        Optional.empty());

        assertThat(field(verdicts))
                .isEqualTo(
                        "Authentication-Results: mx1.example.com;\r\n"
                                + "\tspf=softfail reason=~all smtp.mailfrom=a@example.org;\r\n"
                                + "\tdkim=pass header.d=example.org header.s=sel"
                                + " header.a=rsa-sha256\r\n"
                                + "\theader.b=\"Ab/+12=x\";\r\n"
                                + "\tdmarc=pass header.from=example.org policy.dmarc=reject;\r\n"
                                + "\tarc=pass smtp.remote-ip=192.0.2.1\r\n");
    }

    @Test
    void nothingChecked_isSaid() {
        var nothing =
                new Verdicts(
                        Checked.CLIENT,
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());

        assertThat(field(nothing)).isEqualTo("Authentication-Results: mx1.example.com; none\r\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "example.com | example.com",
                "a+b@example.com | a+b@example.com",
                "@example.com | @example.com",
                "\"a b\"@example.com | \"\\\"a b\\\"@example.com\"",
                "a;b | \"a;b\"",
                "a\\b | \"a\\\\b\"",
                "b\u00fccher | \"b?cher\"",
                "a@b@c.example | \"a@b@c.example\"",
                "a..b@example.com | \"a..b@example.com\"",
                "a(b)@example.com | \"a(b)@example.com\"",
                "2001:db8::1 | \"2001:db8::1\"",
            })
    void value_isTokenAddressOrQuoted(String peers, String expected) {
        assertThat(AuthenticationResults.value(peers)).isEqualTo(expected);
    }

    @Test
    void value_withLineEnd_cannotEndTheField() {
        assertThat(AuthenticationResults.value("a\r\nX: y")).isEqualTo("\"a??X: y\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authentication-Results: mx1.example.com; spf=pass",
                "authentication-results : MX1.Example.COM; none",
                "Authentication-Results:mx1.example.com 1; none",
                "Authentication-Results: (hi (there \\) you)) mx1.example.com; none",
                "Authentication-Results:\r\n\tmx1.example.com;\r\n\tspf=pass",
                "Authentication-Results: \"mx1.example.com\"; none",
                "Authentication-Results: \"mx1.\\example.com\"; none",
                "Authentication-Results: mx1.example.com.; none",
                "Authentication-Results: mx1.example.com(x); none",
                "Authentication-Results: mx1.example.com",
                "Authentication-Results: ; spf=pass",
                "Authentication-Results:",
                "Authentication-Results: (unclosed mx1.example.com; spf=pass",
            })
    void forged_isFound(String field) {
        assertThat(isForged(field)).isTrue();
        assertThat(isForged(field + "\r\n")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authentication-Results: mx2.example.com; spf=pass",
                "Authentication-Results: mx1.example.com.evil.example; none",
                "ARC-Authentication-Results: i=1; mx1.example.com; none",
                "X-Authentication-Results: mx1.example.com; none",
                "Subject: Authentication-Results: mx1.example.com",
                "no field at all",
            })
    void othersFields_areLeft(String field) {
        assertThat(isForged(field)).isFalse();
    }

    private static boolean isForged(String field) {
        byte[] bytes = field.getBytes(StandardCharsets.ISO_8859_1);
        return AuthenticationResults.isForged(bytes, 0, bytes.length, US);
    }

    @FuzzTest(maxDuration = "30s")
    void field_withAnythingOfPeers_isOneField(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8));
    }

    @Test
    void field_withRandomTexts_isOneField() {
        long seed = 20261127;
        var random = new Random(seed);
        String alphabet = "ab.@\"\\;()=\r\n\t \u00e9\u20ac<>:,/?[]\0%";
        for (int round = 0; round < 20_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(40); i >= 0; i--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                check(text.toString());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", text " + text, e);
            }
        }
    }

    /// What a peer wrote stands in every place; the field must keep its shape whatever it is.
    private static void check(String text) {
        var dkim = new DkimVerdict(DkimResult.FAIL, text, text, text, text, text, text);
        var verdicts =
                new Verdicts(
                        Checked.CLIENT,
                        Optional.of(new SpfVerdict(SpfResult.FAIL, true, text, text, text, text)),
                        List.of(dkim, dkim),
                        Optional.of(
                                new DmarcVerdict(
                                        DmarcResult.FAIL,
                                        text,
                                        DmarcPolicy.NONE,
                                        text,
                                        false,
                                        1,
                                        text)),
                        Optional.of(new ArcVerdict(ArcResult.FAIL, 1, text, false, text)),
                        Optional.empty());
        String field = field(verdicts);
        assertThat(field).endsWith("\r\n").hasSizeLessThan(20_000);
        for (String line : field.substring(0, field.length() - 2).split("\r\n", -1)) {
            assertThat(line).hasSizeLessThan(998).isNotBlank();
            assertThat(line.startsWith("Authentication-Results: ") || line.startsWith("\t"))
                    .isTrue();
            assertThat(line.substring(1)).matches("[ -~]*");
        }
        // Outside of quotes only our own semicolons: five methods follow the name.
        String bare = field.replaceAll("\\\\.", "").replaceAll("\"[^\"]*\"", "");
        assertThat(bare.chars().filter(c -> c == ';').count()).isEqualTo(5);
        assertThat(isForged(field)).isTrue();
        isForged("Authentication-Results:" + text);
    }
}
