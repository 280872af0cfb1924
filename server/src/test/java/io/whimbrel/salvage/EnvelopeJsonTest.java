package io.whimbrel.salvage;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Whatever the file holds: an answer, never an exception; and what is read is written the same.
class EnvelopeJsonTest {
    private static final int ROUNDS = 2_000;
    private static final String ALPHABET = "{}[]\":,\\0129-.eE\r\n\u0000<>@ azTZ\u00e4";

    private static final String GOOD =
            """
            {"format":1,"id":"001K10B304AJ2","size":42,"sender":"s@example.org","body":"8BITMIME",
             "smtputf8":false,"ret":"HDRS","envid":"a+2Bb","tenant":"shop","campaign":"",
             "class":"bulk","received":"2026-11-24T10:00:00.123456Z","dsn":"failure",
             "recipients":[
              {"address":"a@example.com","notify":"SUCCESS,DELAY","orcpt":"rfc822;a@example.com",
               "attempts":3,"due":"2026-11-24T11:00:00Z","delay_notified":true},
              {"address":"b@example.com","domain":"relay.example.net","notify":"","orcpt":"",
               "attempts":0,"due":"2026-11-24T10:00:00.123456Z","delay_notified":false}]}
            """;

    @Test
    void envelope_isWrittenAsItWasRead() {
        ExportedMail mail = mail(GOOD);

        assertThat(mail.envelope().recipients().get(0).notice().parameter())
                .isEqualTo("SUCCESS,DELAY");
        assertThat(mail.envelope().recipients().get(1).path().domain().value())
                .isEqualTo("relay.example.net");
        assertThat(mail.waiting()).hasSize(2);
        assertThat(mail(text(EnvelopeJson.write(mail)))).isEqualTo(mail);
        assertThat(text(EnvelopeJson.write(mail)).replaceAll("\\s", ""))
                .isEqualTo(GOOD.replaceAll("\\s", ""));
    }

    private static final String TREATED =
            GOOD.replace(
                    "\"recipients\"",
                    """
                    "treatment":{"not_before":"2026-12-01T08:00:00Z",
                     "expires":"2026-12-02T08:00:00.500Z",
                     "deliver_by":{"deadline":"2026-12-01T09:00:00Z","if_late":"notify",
                      "trace":true},
                     "mt_priority":-2,"pool":"fast","user":"shop","meta":{"a":"b","order":"4711"}},
                     "recipients\"\
                    """);

    @Test
    void treatment_isWrittenAsItWasRead() {
        ExportedMail mail = mail(TREATED);

        assertThat(mail.envelope().treatment().mtPriority()).isEqualTo(-2);
        assertThat(mail.envelope().treatment().metadata()).containsEntry("order", "4711");
        assertThat(text(EnvelopeJson.write(mail)).replaceAll("\\s", ""))
                .isEqualTo(TREATED.replaceAll("\\s", ""));
    }

    @Test
    void wrongTreatments_areNamed() {
        assertWrongIn(TREATED, ":-2", ":-10", "treatment.mt_priority must be -9 to 9");
        assertWrongIn(TREATED, ":\"notify\"", ":\"wait\"", "deliver_by.if_late must");
        assertWrongIn(TREATED, "\"4711\"", "4711", "treatment.meta.order must be a text");
        assertWrongIn(TREATED, "4711", "x".repeat(1_020), "treatment.meta must have at most");
        assertWrongIn(TREATED, "\"pool\"", "\"pond\"", "treatment.pond is unknown");
        assertWrongIn(TREATED, "\"fast\"", "{}", "treatment.pool must be a text");
    }

    @Test
    void wrongFields_areNamed() {
        assertWrong("\"format\":1", "\"format\":2", "field format must be 1");
        assertWrong("\"class\":\"bulk\"", "\"class\":\"fast\"", "field class must be one of");
        assertWrong("\"envid\":\"a+2Bb\",", "", "field envid is missing");
        assertWrong("\"size\"", "\"sice\"", "field sice is unknown; allowed: format");
        assertWrong("\"attempts\":3", "\"attempts\":-1", "recipients[0].attempts must be 0 to");
        assertWrong(
                "\"due\":\"2026-11-24T11", "\"due\":\"soon", "recipients[0].due must be a time");
        assertWrong("SUCCESS,DELAY", "SUCCESS,SOON", "recipients[0].notify must be");
        assertWrong("\"tenant\":", "\"tenant\":\"x\",\"tenant\":", "Duplicate");
        assertWrong("{\"format\"", "[{\"format\"", "not JSON");
    }

    @Test
    void addresses_cannotEndTheirCommand() {
        assertWrong(
                "a@example.com\",\"n", "a@example.com>\\r\\nDATA\",\"n", "recipients[0].address");
        assertWrong("a@example.com\",\"n", "a@example.com> NOTIFY=NEVER\",\"n", "[0].address");
        assertWrong("s@example.org", "s@example.org> SIZE=1", "field sender is no address");
        assertWrong("a@example.com\",\"n", "\",\"n", "recipients[0].address");
        assertWrong("\"orcpt\":\"rfc822;", "\"orcpt\":\"rfc822; X=", "recipients[0].orcpt");
    }

    @Test
    void mutatedFiles_haveAnAnswer() {
        long seed = Long.getLong("whimbrel.seed", 7);
        var random = new Random(seed);
        int read = 0;
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder(i % 2 == 0 ? GOOD : TREATED);
            for (int times = random.nextInt(3); times >= 0; times--) {
                char c = ALPHABET.charAt(random.nextInt(ALPHABET.length()));
                text.setCharAt(random.nextInt(text.length()), c);
            }
            read += check(text.toString().getBytes(StandardCharsets.UTF_8), "seed " + seed);
        }
        // Otherwise the test has tried only one of the two answers.
        assertThat(read).isBetween(ROUNDS / 50, ROUNDS * 9 / 10);
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_haveAnAnswer(byte[] bytes) {
        check(bytes, "fuzz");
    }

    private static int check(byte[] bytes, String where) {
        return switch (EnvelopeJson.parse(bytes)) {
            case EnvelopeJson.Parsed.Mail(ExportedMail mail) -> {
                assertThat(mail(text(EnvelopeJson.write(mail)))).as(where).isEqualTo(mail);
                yield 1;
            }
            case EnvelopeJson.Parsed.Wrong(String reason) -> {
                assertThat(reason).as(where).isNotEmpty();
                yield 0;
            }
        };
    }

    private static void assertWrong(String part, String instead, String expected) {
        assertWrongIn(GOOD, part, instead, expected);
    }

    private static void assertWrongIn(String good, String part, String instead, String expected) {
        assertThat(good).contains(part);
        String text = good.replace(part, instead);
        switch (EnvelopeJson.parse(text.getBytes(StandardCharsets.UTF_8))) {
            case EnvelopeJson.Parsed.Mail _ -> throw new AssertionError("was read: " + text);
            case EnvelopeJson.Parsed.Wrong(String reason) -> assertThat(reason).contains(expected);
        }
    }

    private static ExportedMail mail(String text) {
        return switch (EnvelopeJson.parse(text.getBytes(StandardCharsets.UTF_8))) {
            case EnvelopeJson.Parsed.Mail(ExportedMail mail) -> mail;
            case EnvelopeJson.Parsed.Wrong(String reason) -> throw new AssertionError(reason);
        };
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
