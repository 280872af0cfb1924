package io.whimbrel.eventlog;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.log.Position;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.CommittedRecord;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Deferred;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpoolRecord.NoticeKind;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

final class EventLinesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void accepted_isReceivedOncePerRecipient() {
        assertThat(lines(Records.accepted(Records.ID, "a@example.net", "b@example.net")))
                .containsExactly(
                        "{\"event\":\"received\",\"time\":\"2026-11-23T12:00:00.001Z\","
                                + "\"id\":\"00000000004K7\",\"recipient\":\"a@example.net\","
                                + "\"sender\":\"news@shop.example\",\"tenant\":\"shop\","
                                + "\"campaign\":\"autumn\",\"peer\":\"[192.0.2.7]\","
                                + "\"size\":5120,\"class\":\"bulk\"}",
                        "{\"event\":\"received\",\"time\":\"2026-11-23T12:00:00.001Z\","
                                + "\"id\":\"00000000004K7\",\"recipient\":\"b@example.net\","
                                + "\"sender\":\"news@shop.example\",\"tenant\":\"shop\","
                                + "\"campaign\":\"autumn\",\"peer\":\"[192.0.2.7]\","
                                + "\"size\":5120,\"class\":\"bulk\"}");
    }

    @Test
    void treatment_isToldWithReceived_itsMetadataWithAll() {
        var by = new DeliverBy(Records.RECEIVED.plusSeconds(90), DeliverBy.Mode.RETURN, false);
        var treatment =
                new Treatment(
                        Optional.of(Instant.parse("2026-11-24T08:00:00Z")),
                        Optional.of(Instant.parse("2026-11-25T08:00:00Z")),
                        Optional.of(by),
                        -3,
                        "fast",
                        "anna",
                        Map.of("order", "47\"11", "a b", ""));
        Envelope envelope = Records.envelope("a@example.net").withTreatment(treatment);
        SpooledMessage message = SpooledFixture.message(Records.ID.value(), envelope, 5120);
        var accepted =
                new SpoolRecord.Accepted(
                        Records.RECEIVED, Records.ID, envelope, "[192.0.2.7]", 5120, Records.ID);
        var delivered = Records.settled(Disposition.DELIVERED, Records.REFUSED, 0);
        List<String> lines =
                Records.lines(
                        List.of(
                                Records.committed(0, accepted, message),
                                Records.committed(1, delivered, message)));

        assertThat(lines.get(0))
                .endsWith(
                        "\"campaign\":\"autumn\",\"meta\":{\"a b\":\"\",\"order\":\"47\\\"11\"},"
                                + "\"peer\":\"[192.0.2.7]\",\"size\":5120,\"class\":\"bulk\","
                                + "\"user\":\"anna\",\"pool\":\"fast\","
                                + "\"not_before\":\"2026-11-24T08:00:00.000Z\","
                                + "\"expires\":\"2026-11-25T08:00:00.000Z\","
                                + "\"deliver_by\":\"2026-11-23T12:01:30.001Z\","
                                + "\"if_late\":\"return\",\"mt_priority\":-3}");
        assertThat(JSON.readTree(lines.get(0)).path("meta").path("order").stringValue())
                .isEqualTo("47\"11");
        assertThat(lines.get(1)).contains("\"meta\":{").doesNotContain("not_before");
    }

    @Test
    void quarantined_isToldForEachRecipient_thatWasQueued() {
        var record =
                new SpoolRecord.Quarantined(
                        Records.RECEIVED.plusSeconds(2),
                        Records.ID,
                        RecipientNumbers.of(1),
                        List.of());
        assertThat(lines(record))
                .containsExactly(
                        "{\"event\":\"quarantined\",\"time\":\"2026-11-23T12:00:02.001Z\","
                                + "\"id\":\"00000000004K7\",\"recipient\":\"b@example.net\","
                                + "\"sender\":\"news@shop.example\",\"tenant\":\"shop\","
                                + "\"campaign\":\"autumn\",\"queued_s\":2.000}");
    }

    @Test
    void quarantined_whereNothingCanBeRead_isToldWithTheId_andItsQueueWhereThatIsKnown() {
        var queue =
                new QueueName(
                        new MailStream("shop", "autumn", PriorityClass.BULK),
                        new DomainName("example.net"));
        var record =
                new SpoolRecord.Quarantined(
                        Records.RECEIVED,
                        Records.ID,
                        RecipientNumbers.of(0, 1),
                        List.of(new SpoolRecord.InQueue(queue, RecipientNumbers.of(0))));
        var unreadable =
                new CommittedRecord(
                        new Position(1, 1), new Position(1, 2), record, Optional.empty());
        String start =
                "{\"event\":\"quarantined\",\"time\":\"2026-11-23T12:00:00.001Z\","
                        + "\"id\":\"00000000004K7\"";
        assertThat(Records.lines(List.of(unreadable)))
                .containsExactly(
                        start
                                + ",\"tenant\":\"shop\",\"campaign\":\"autumn\","
                                + "\"domain\":\"example.net\"}",
                        start + "}");
    }

    @Test
    void report_namesItsCause() {
        assertThat(lines(Records.accepted(new QueueId(32), "a@example.net")))
                .singleElement()
                .asString()
                .endsWith("\"cause\":\"0000000000010\"}");
    }

    @Test
    void delivered_tellsAllOfTheAttempt() {
        assertThat(lines(Records.settled(Disposition.DELIVERED, Records.REFUSED, 1)))
                .containsExactly(
                        "{\"event\":\"delivered\",\"time\":\"2026-11-23T12:01:01.251Z\","
                                + "\"id\":\"00000000004K7\",\"recipient\":\"b@example.net\","
                                + "\"sender\":\"news@shop.example\",\"tenant\":\"shop\","
                                + "\"campaign\":\"autumn\",\"source\":\"s1\","
                                + "\"site\":\"mx.example.net\","
                                + "\"peer\":\"mx.example.net [192.0.2.1]\",\"code\":451,"
                                + "\"enhanced\":\"4.7.1\",\"text\":\"later\",\"attempt\":2,"
                                + "\"queued_s\":61.250,\"tls\":\"TLSv1.3 AES\","
                                + "\"mail_at\":\"2026-11-23T12:01:01.241Z\",\"size\":5120}");
    }

    @Test
    void deferred_tellsWhenItIsDue() {
        var deferred =
                new Deferred(
                        Records.RECEIVED,
                        Records.ID,
                        RecipientNumbers.all(2),
                        1,
                        Records.RECEIVED.plusSeconds(300),
                        false,
                        true,
                        Records.REFUSED);

        assertThat(lines(deferred))
                .hasSize(2)
                .allMatch(line -> line.contains("\"event\":\"deferred\""))
                .allMatch(line ->
                        line.endsWith(
                                "\"queued_s\":0.000,\"tls\":\"TLSv1.3 AES\","
                                        + "\"mail_at\":\"2026-11-23T12:01:01.241Z\","
                                        + "\"due\":\"2026-11-23T12:05:00.001Z\","
                                        + "\"possible_duplicate\":true}"));
    }

    @ParameterizedTest
    @CsvSource({
        "DELIVERED, delivered",
        "BOUNCED, bounced",
        "EXPIRED, expired",
        "BOUNCED_BY_OPERATOR, bounced",
        "DELETED_BY_OPERATOR, removed"
    })
    void disposition_hasItsEvent(Disposition disposition, String event) {
        assertThat(lines(Records.settled(disposition, AttemptFacts.NONE, 0)))
                .singleElement()
                .asString()
                .startsWith("{\"event\":\"" + event + "\",");
    }

    @Test
    void whatDoesNotApply_isAbsent() {
        JsonNode line =
                JSON.readTree(
                        lines(Records.settled(Disposition.BOUNCED, AttemptFacts.NONE, 0))
                                .getFirst());

        assertThat(line.propertyNames())
                .containsExactly(
                        "event",
                        "time",
                        "id",
                        "recipient",
                        "sender",
                        "tenant",
                        "campaign",
                        "attempt",
                        "queued_s");
    }

    @Test
    void unknownMessage_isToldByItsIdAlone() {
        var committed =
                Records.committed(0, Records.settled(Disposition.BOUNCED, AttemptFacts.NONE, 0));

        assertThat(Records.lines(List.of(committed)))
                .containsExactly(
                        "{\"event\":\"bounced\",\"time\":\"2026-11-23T12:01:01.251Z\","
                                + "\"id\":\"00000000004K7\",\"attempt\":2}");
    }

    @Test
    void operatorActions_tellScopeAndReason() {
        var scope =
                new QueueScope(
                        Optional.empty(),
                        Optional.of(new DomainName("example.net")),
                        Optional.of("shop"),
                        Optional.empty());
        var one =
                new QueueScope(
                        Optional.of(Records.ID),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("autumn"));

        assertThat(operator(new OperatorAction.Hold(scope, "blocked")))
                .endsWith(
                        "\"hold\",\"time\":\"2026-11-23T12:00:00.001Z\",\"tenant\":\"shop\","
                                + "\"domain\":\"example.net\",\"text\":\"blocked\"}");
        assertThat(operator(new OperatorAction.Release(QueueScope.ALL)))
                .endsWith("\"release\",\"time\":\"2026-11-23T12:00:00.001Z\"}");
        assertThat(operator(new OperatorAction.Suspend(scope, Duration.ofHours(1), "")))
                .endsWith("\"domain\":\"example.net\",\"duration_s\":3600}")
                .contains("\"suspend\"");
        assertThat(operator(new OperatorAction.Resume(one)))
                .endsWith("\"id\":\"00000000004K7\",\"campaign\":\"autumn\"}")
                .contains("\"resume\"");
        assertThat(operator(new OperatorAction.RetryNow(one))).contains("\"retry-now\"");
    }

    @Test
    void anyText_survivesAsJson() {
        for (long seed = 0; seed < 5000; seed++) {
            var random = new Random(seed);
            String text = hostile(random);
            var facts = new AttemptFacts(text, text, text, 550, text, text, text);
            String line = lines(Records.settled(Disposition.BOUNCED, facts, 0)).getFirst();

            assertThat(JSON.readTree(line).path("text").stringValue(""))
                    .as("seed " + seed)
                    .isEqualTo(wellFormed(text));
        }
    }

    @Test
    void times_areWrittenAsRfc3339() {
        var out = new JsonLines(16);
        for (String time : List.of("2026-11-23T12:00:00Z", "1999-12-31T23:59:59.999999Z")) {
            out.begin();
            out.time("t", Instant.parse(time));
            out.end();
        }

        assertThat(new String(out.bytes(), 0, out.size(), UTF_8))
                .isEqualTo(
                        """
                        {"t":"2026-11-23T12:00:00.000Z"}
                        {"t":"1999-12-31T23:59:59.999Z"}
                        """);
    }

    private static String hostile(Random random) {
        var text = new StringBuilder("x");
        int length = random.nextInt(40);
        for (int i = 0; i < length; i++) {
            int below =
                    switch (random.nextInt(4)) {
                        case 0 -> 0x20;
                        case 1 -> 0x80;
                        case 2 -> 0x800;
                        default -> 0x10000;
                    };
            text.append((char) random.nextInt(below));
            if (random.nextInt(8) == 0) {
                text.appendCodePoint(0x10000 + random.nextInt(0x100000));
            }
        }
        return text.toString();
    }

    private static String wellFormed(String text) {
        var fixed = new StringBuilder();
        text.codePoints()
                .forEach(c -> fixed.appendCodePoint(c >= 0xd800 && c <= 0xdfff ? 0xfffd : c));
        return fixed.toString();
    }

    @Test
    void notices_nameTheBudget() {
        assertThat(notice(NoticeKind.BUDGET_FELT))
                .isEqualTo(
                        "{\"event\":\"budget-felt\",\"time\":\"2026-11-23T12:00:00.001Z\","
                                + "\"budget\":\"heap\",\"text\":\"700 MiB of 600 MiB\"}");
        assertThat(notice(NoticeKind.BUDGET_EASED)).contains("\"event\":\"budget-eased\"");
    }

    private static String notice(NoticeKind kind) {
        var record = new SpoolRecord.Notice(Records.RECEIVED, kind, "heap", "700 MiB of 600 MiB");
        return Records.lines(List.of(Records.committed(0, record))).getFirst();
    }

    private static String operator(OperatorAction action) {
        List<String> lines =
                Records.lines(
                        List.of(
                                Records.committed(
                                        0, new SpoolRecord.Operator(Records.RECEIVED, action))));
        assertThat(lines).hasSize(1);
        return lines.getFirst();
    }

    private static List<String> lines(SpoolRecord record) {
        SpooledMessage message = Records.message("a@example.net", "b@example.net");
        return Records.lines(List.of(Records.committed(0, record, message)));
    }
}
