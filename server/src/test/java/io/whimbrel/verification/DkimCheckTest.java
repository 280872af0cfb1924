package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.DkimResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

class DkimCheckTest {
    private static final TestSigner SIGNER = new TestSigner(1_024);
    private static final String KEY_NAME = "sel._domainkey.example.com";
    private static final String TAGS =
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:subject";
    private static final byte[] MESSAGE =
            bytes("From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n");

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static ZoneLookups zone(String... records) {
        var zone = new ZoneLookups();
        for (String record : records) {
            zone.withText(KEY_NAME, record);
        }
        return zone;
    }

    private static DkimVerdict verdict(ZoneLookups zone, byte[] message) {
        return Checked.dkim(zone, message).getFirst();
    }

    private static DkimResult result(String record, String tags) {
        return verdict(zone(record), SIGNER.sign(MESSAGE, tags)).result();
    }

    @Test
    void goodSignature_passes_andTellsWhoSigned() {
        byte[] message = SIGNER.sign(MESSAGE, TAGS + "; i=bob@mail.example.com");

        DkimVerdict verdict = verdict(zone(SIGNER.record()), message);

        assertThat(verdict.result()).isEqualTo(DkimResult.PASS);
        assertThat(verdict.domain()).isEqualTo("example.com");
        assertThat(verdict.selector()).isEqualTo("sel");
        assertThat(verdict.identity()).isEqualTo("bob@mail.example.com");
        assertThat(verdict.signature()).hasSize(8);
        assertThat(verdict.reason()).isEmpty();
    }

    @Test
    void noSignature_isNone() {
        assertThat(Checked.dkim(zone(), MESSAGE)).containsExactly(DkimVerdict.none());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v=1; a=rsa-sha1; c=relaxed/relaxed; d=example.com; s=sel; h=from | POLICY",
                "v=2; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from | PERMERROR",
                "v=1; a=rsa-sha512; c=relaxed/relaxed; d=example.com; s=sel; h=from | PERMERROR",
                "v=1; a=rsa-sha256; c=loose/relaxed; d=example.com; s=sel; h=from | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=to | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=com; s=sel; h=from | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; h=from | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=a b; h=from | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from;"
                        + " i=a@ample.com | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; q=http"
                        + " | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; t=9; x=9"
                        + " | PERMERROR",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; x=1599999999"
                        + " | FAIL",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; x=1600000000"
                        + " | PASS",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; l=8 | FAIL",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; l=7 | PASS",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; z=From:a"
                        + " | PASS",
                "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from; x=99999999999"
                        + "9999999999999999 | PASS",
            })
    void tags_decide(String tags, DkimResult expected) {
        assertThat(result(SIGNER.record(), tags)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v=DKIM1; k=rsa; h=sha1:sha256; s=email; p= | PASS",
                "k=rsa; n=a note; p= | PASS",
                "v=DKIM1; s=*; p= | PASS",
                "v=DKIM1; h=sha1; p= | PERMERROR",
                "v=DKIM1; s=tlsrpt; p= | PERMERROR",
                "v=DKIM2; p= | PERMERROR",
                "k=rsa; v=DKIM1; p= | PERMERROR",
                "v=DKIM1; k=ed25519; p= | PERMERROR",
                "v=DKIM1; k=new; p= | PERMERROR",
                "v=DKIM1; p=; q= | PERMERROR",
                "v=DKIM1; p=AAAA; q= | PERMERROR",
                "v=DKIM1; p=?; q= | PERMERROR",
                "v=spf1 -all; q= | PERMERROR",
            })
    void keyRecord_decides(String record, DkimResult expected) {
        assertThat(result(record + SIGNER.publicKey(), TAGS)).isEqualTo(expected);
    }

    @Test
    void keyIsStrict_refusesSubdomainsOnly() {
        String strict = "v=DKIM1; t=s; p=" + SIGNER.publicKey();

        assertThat(result(strict, TAGS + "; i=a@example.com")).isEqualTo(DkimResult.PASS);
        assertThat(result(strict, TAGS + "; i=a@mail.example.com")).isEqualTo(DkimResult.PERMERROR);
    }

    @Test
    void keyUnderTest_failsAsIfNobodyHadSigned() {
        var other = new TestSigner(1_024);
        String testing = "v=DKIM1; t=y; p=" + other.publicKey();

        assertThat(result(testing, TAGS)).isEqualTo(DkimResult.NEUTRAL);
    }

    @Test
    void severalKeyRecords_oneOfThemRight_passes() {
        var other = new TestSigner(1_024);
        byte[] message = SIGNER.sign(MESSAGE, TAGS);

        assertThat(verdict(zone(other.record(), SIGNER.record()), message).result())
                .isEqualTo(DkimResult.PASS);
    }

    @Test
    void keyTooShort_isAgainstPolicy() {
        var weak = new TestSigner(512);

        assertThat(verdict(zone(weak.record()), weak.sign(MESSAGE, TAGS)).result())
                .isEqualTo(DkimResult.POLICY);
    }

    @Test
    void dnsFails_isTemporary_andMissingKeyIsNot() {
        byte[] message = SIGNER.sign(MESSAGE, TAGS);

        assertThat(verdict(new ZoneLookups().with(KEY_NAME, "TIMEOUT", ""), message).result())
                .isEqualTo(DkimResult.TEMPERROR);
        assertThat(verdict(zone(), message).result()).isEqualTo(DkimResult.PERMERROR);
    }

    @Test
    void repeatedField_isSignedFromTheBottom_andOversigningForbidsMore() {
        byte[] twice = bytes("From: a@example.com\r\nX: 1\r\nX: 2\r\n\r\nHello\r\n");
        String once = TAGS.replace("h=from:subject", "h=from:x");
        String over = TAGS.replace("h=from:subject", "h=from:x:x:x");
        var zone = zone(SIGNER.record());

        String signedOnce = text(SIGNER.sign(twice, once));
        assertThat(verdict(zone, bytes(signedOnce.replace("X: 1", "X: 9"))).result())
                .isEqualTo(DkimResult.PASS);
        assertThat(verdict(zone, bytes(signedOnce.replace("X: 2", "X: 9"))).result())
                .isEqualTo(DkimResult.FAIL);
        String signedOver = text(SIGNER.sign(twice, over));
        assertThat(verdict(zone, bytes(signedOver)).result()).isEqualTo(DkimResult.PASS);
        assertThat(verdict(zone, bytes("X: 0\r\n" + signedOver)).result())
                .isEqualTo(DkimResult.FAIL);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void manySignatures_tenAreJudged_andAskedForOnce() {
        var message = new StringBuilder();
        String signed = text(SIGNER.sign(MESSAGE, TAGS));
        String field = signed.substring(0, signed.indexOf("\r\n") + 2);
        for (int i = 0; i < 500; i++) {
            message.append(field);
        }
        var zone = zone(SIGNER.record());

        List<DkimVerdict> verdicts = Checked.dkim(zone, bytes(message + text(MESSAGE)));

        assertThat(verdicts).hasSize(10).allMatch(it -> it.result() == DkimResult.PASS);
        assertThat(zone.questions()).isEqualTo(1);
    }

    @Test
    void hugeHeader_isNotLookedAt() {
        String padding = "X-Pad: " + "x".repeat(900) + "\r\n";
        byte[] message = bytes(padding.repeat(1_200) + text(SIGNER.sign(MESSAGE, TAGS)));
        var zone = zone(SIGNER.record());

        assertThat(Checked.dkim(zone, message))
                .singleElement()
                .matches(it -> it.result() == DkimResult.PERMERROR);
        assertThat(zone.questions()).isZero();
    }

    @Test
    void hugeListOfFields_isJudgedInTime() {
        String names = "from" + ":a".repeat(100_000);
        byte[] message = SIGNER.sign(MESSAGE, TAGS.replace("from:subject", names));

        assertThat(Checked.dkim(zone(SIGNER.record()), message, Instant.EPOCH).getFirst().result())
                .isEqualTo(DkimResult.PASS);
    }

    @Test
    void body_ofEmptyLinesOnly_takesNoMemory() {
        var body = new BodyHash(false);
        var digest = body.digest(java.util.OptionalLong.empty());
        byte[] lines = bytes("\r\n".repeat(10_000));
        for (int i = 0; i < 1_000; i++) {
            body.write(lines, 0, lines.length);
        }
        body.finish();

        // RFC 6376 §3.4.3: the hash of CRLF alone.
        assertThat(java.util.Base64.getEncoder().encodeToString(digest.value()))
                .isEqualTo("frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
    }
}
