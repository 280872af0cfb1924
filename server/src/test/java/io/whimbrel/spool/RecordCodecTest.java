package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.log.EnvelopeCodec;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Payload;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.mail.Treatment;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

final class RecordCodecTest {
    private static final QueueId ID = new QueueId(1_795_000_000_000_001L);

    /// What [#TREATMENT] is on disks.
    private static final String TREATED =
            "1273656e646572406578616d706c652e6f7267000200000473686f7006737072"
                    + "696e6702a09d90d8068094ef3a027fb0b990d806c0a9d33ac0d590d806c0a9d3"
                    + "3ab8c790d806c0a9d33a00010004666173741073686f70406578616d706c652e"
                    + "6f726702016b0476c3a46c056f726465720434373131010c1175736572304065"
                    + "78616d706c652e636f6d";

    private static final QueueScope SCOPE =
            new QueueScope(
                    Optional.of(ID),
                    Optional.of(new DomainName("example.com")),
                    Optional.of("shop"),
                    Optional.of("spring"));

    private static final Treatment TREATMENT =
            new Treatment(
                    Optional.of(NOW.plusSeconds(3600)),
                    Optional.of(NOW.plusSeconds(7200)),
                    Optional.of(new DeliverBy(NOW.plusSeconds(5400), DeliverBy.Mode.RETURN, true)),
                    -9,
                    "fast",
                    "shop@example.org",
                    Map.of("order", "4711", "k", "v\u00e4l"));

    static Stream<LogEntry> entries() {
        return Stream.concat(mail(), acts());
    }

    private static Stream<LogEntry> mail() {
        var rich =
                new Envelope(
                        ReversePath.NULL,
                        List.of(
                                new Recipient(
                                        new ForwardPath("Ä@bücher.example", new DomainName("b")),
                                        new Notify(true, true, false, true),
                                        "rfc822;a+40b"),
                                new Recipient(
                                        new ForwardPath(
                                                "x@Example.COM", new DomainName("example.com")),
                                        Notify.NEVER,
                                        ""),
                                Recipient.of(
                                        new ForwardPath(
                                                "y@[192.0.2.1]", new DomainName("[192.0.2.1]")))),
                        new MailParameters(
                                BodyType.EIGHT_BIT_MIME, true, DsnReturn.HEADERS, "env+20id"),
                        new MailStream("t", "c", PriorityClass.TRANSACTIONAL),
                        Instant.EPOCH.minusNanos(1),
                        DsnPolicy.NEVER);
        var treated = rich.withTreatment(TREATMENT);
        var lessTreated =
                rich.withTreatment(
                        Treatment.NONE
                                .withDeliverBy(new DeliverBy(NOW, DeliverBy.Mode.NOTIFY, false))
                                .withPool("p"));
        var waiting =
                List.of(
                        new RecoveredMessage.Waiting(
                                RecipientNumbers.of(0, 2), 3, NOW.plusSeconds(1), true),
                        new RecoveredMessage.Waiting(RecipientNumbers.of(1), 0, NOW, false));
        LogEntry.Head inParts =
                new LogEntry.Head(NOW, ID, new QueueId(7), "local", 9, 1, 3, 800, Optional.empty());
        return Stream.of(
                new LogEntry.BodyPart(ID, 5),
                new LogEntry.EnvelopePart(ID, 0),
                new LogEntry.Accepted(head(rich)),
                new LogEntry.Accepted(head(envelope(1000))),
                new LogEntry.Accepted(head(treated)),
                new LogEntry.Accepted(head(tls(rich, TlsRequirement.REQUIRED))),
                new LogEntry.Accepted(head(tls(treated, TlsRequirement.OPTIONAL))),
                new LogEntry.Accepted(head(lessTreated)),
                new LogEntry.Accepted(inParts),
                new LogEntry.Carried(head(rich), waiting),
                new LogEntry.Fact(delivered(ID, 0, 1, 2, 5, 99_999)),
                new LogEntry.Fact(deferred(ID, 3, NOW.plusNanos(5), 4)));
    }

    /// Of operators and of the node itself.
    private static Stream<LogEntry> acts() {
        return Stream.of(
                operator(new SpoolRecord.OperatorAction.Hold(SCOPE, "why")),
                operator(new SpoolRecord.OperatorAction.Release(QueueScope.ALL)),
                new LogEntry.Fact(job(new QueueJob.Work.Bounce(), SpoolRecord.Stage.BEGUN)),
                new LogEntry.Fact(job(new QueueJob.Work.Delete(), SpoolRecord.Stage.RUNNING)),
                new LogEntry.Fact(
                        job(
                                new QueueJob.Work.Move(
                                        Optional.of("new"),
                                        Optional.empty(),
                                        Optional.of(PriorityClass.BULK)),
                                SpoolRecord.Stage.DONE)),
                new LogEntry.Fact(
                        new SpoolRecord.Moved(
                                SpoolFixtures.NOW,
                                new QueueId(5),
                                new MailStream("t", "c", PriorityClass.NORMAL),
                                new QueueId(99))),
                operator(
                        new SpoolRecord.OperatorAction.Hold(
                                SCOPE.noLaterThan(new QueueId(77)), "old")),
                operator(
                        new SpoolRecord.OperatorAction.Suspend(
                                SCOPE, Duration.ofMillis(1500), "r")),
                operator(new SpoolRecord.OperatorAction.Resume(SCOPE)),
                operator(new SpoolRecord.OperatorAction.RetryNow(SCOPE)),
                new LogEntry.StillInForce(
                        new SpoolRecord.Operator(
                                NOW, new SpoolRecord.OperatorAction.Hold(SCOPE, ""))),
                new LogEntry.Fact(
                        new SpoolRecord.Notice(
                                NOW, SpoolRecord.NoticeKind.BUDGET_EASED, "heap", "7 of 8")),
                new LogEntry.Fact(
                        new SpoolRecord.Quarantined(
                                NOW,
                                ID,
                                RecipientNumbers.of(0, 2),
                                List.of(
                                        inQueue("a.example", RecipientNumbers.of(0)),
                                        inQueue("b.example", RecipientNumbers.of(2))))),
                new LogEntry.Fact(
                        new SpoolRecord.Quarantined(
                                Instant.EPOCH, ID, RecipientNumbers.of(), List.of())));
    }

    private static SpoolRecord.InQueue inQueue(String domain, RecipientNumbers recipients) {
        var stream = new MailStream("shop", "", PriorityClass.BULK);
        return new SpoolRecord.InQueue(new QueueName(stream, new DomainName(domain)), recipients);
    }

    private static LogEntry operator(SpoolRecord.OperatorAction action) {
        return new LogEntry.Fact(new SpoolRecord.Operator(NOW, action));
    }

    private static LogEntry.Head head(Envelope envelope) {
        int recipients = envelope.recipients().size();
        return new LogEntry.Head(
                NOW, ID, ID, "[192.0.2.7]", 5000, 1, 0, recipients, Optional.of(envelope));
    }

    @Test
    void groupsThatClaimManyRecipients_takeNoMemory() {
        var out = new Payload.Writer(1 << 20).number(40_000);
        for (int i = 0; i < 40_000; i++) {
            out.number(1).number(0).number(RecordCodec.RECIPIENTS_MAX);
            out.number(0).instant(NOW).flag(false);
        }
        assertThat(RecordCodec.decode(LogFormat.CARRIED, ByteBuffer.wrap(out.toBytes()))).isEmpty();
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("entries")
    void entry_isReadBack(LogEntry entry) {
        ByteBuffer payload = ByteBuffer.wrap(RecordCodec.encode(entry));
        assertThat(RecordCodec.decode(RecordCodec.type(entry), payload)).contains(entry);
        assertThat(payload.hasRemaining()).isFalse();
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("entries")
    void cutEntry_isNone(LogEntry entry) {
        byte[] payload = RecordCodec.encode(entry);
        // Without their last number these are of version 2, and whole.
        boolean hasFacts =
                entry instanceof LogEntry.Fact(SpoolRecord.Settled _)
                        || entry instanceof LogEntry.Fact(SpoolRecord.Deferred _);
        int least = payload.length - (hasFacts ? 1 : 0);
        for (int length = 0; length < Math.min(least, 500); length++) {
            assertThat(
                            RecordCodec.decode(
                                    RecordCodec.type(entry), ByteBuffer.wrap(payload, 0, length)))
                    .isEmpty();
        }
    }

    /// These bytes are on disks: another version must read them.
    @Test
    void format_staysAsItIs() {
        assertThat(hex(new LogEntry.Fact(delivered(ID, 0, 1, 5))))
                .isEqualTo(
                        "a09d90d8068094ef3a81e0fc8ab0919803000102000203010273310b6578616d"
                                + "706c652e636f6d0e6d78205b3139322e302e322e315dfa0105322e302e30024f"
                                + "6b0000");
        assertThat(hex(new LogEntry.Accepted(head(envelope(1)))))
                .isEqualTo(
                        "a09d90d8068094ef3a81e0fc8ab091980381e0fc8ab09198030b5b3139322e30"
                                + "2e322e375d882701001273656e646572406578616d706c652e6f726700000000"
                                + "0473686f7006737072696e6702a09d90d8068094ef3a02010c11757365723040"
                                + "6578616d706c652e636f6d");
    }

    @Test
    void formatOfATreatment_staysAsItIs() {
        Envelope treated = envelope(1).withTreatment(TREATMENT);
        assertThat(HexFormat.of().formatHex(EnvelopeCodec.encode(treated))).isEqualTo(TREATED);
    }

    @Test
    void mostMail_isTreatedAsItsStream_andHasOneObjectForThat() {
        byte[] bytes = EnvelopeCodec.encode(envelope(1));
        assertThat(EnvelopeCodec.decode(ByteBuffer.wrap(bytes)).orElseThrow().treatment())
                .isSameAs(Treatment.NONE);
    }

    @Test
    void treatmentOfALaterVersion_isNone() {
        byte[] bytes = EnvelopeCodec.encode(envelope(1).withTreatment(TREATMENT));
        int bits = new String(bytes, StandardCharsets.ISO_8859_1).indexOf('\u007f');
        bytes[bits] = (byte) 0xff;
        assertThat(EnvelopeCodec.decode(ByteBuffer.wrap(bytes))).isEmpty();
    }

    @Test
    void factsOfVersion2_tellNoTimeOfMail() {
        var facts = new AttemptFacts("s", "x", "p", 250, "2.0.0", "ok", "", Optional.of(NOW));
        var record =
                new SpoolRecord.Settled(
                        NOW,
                        ID,
                        RecipientNumbers.of(0),
                        SpoolRecord.Disposition.DELIVERED,
                        1,
                        facts);
        ByteBuffer written = ByteBuffer.wrap(RecordCodec.encode(new LogEntry.Fact(record)));
        int timeBytes = 6;
        ByteBuffer older = written.slice(0, written.limit() - timeBytes);

        assertThat(facts(written)).isEqualTo(facts);
        assertThat(facts(older)).isEqualTo(new AttemptFacts("s", "x", "p", 250, "2.0.0", "ok", ""));
    }

    private static AttemptFacts facts(ByteBuffer payload) {
        LogEntry entry = RecordCodec.decode(LogFormat.SETTLED, payload.duplicate()).orElseThrow();
        return ((SpoolRecord.Settled) ((LogEntry.Fact) entry).record()).facts();
    }

    @Test
    void longText_isCut_notInsideACharacter() {
        String text = "x".repeat(1023) + "\ud83d\udce7" + "tail";
        var facts = new AttemptFacts("s", "", "", 451, "", text, "", Optional.of(NOW));
        var record =
                new SpoolRecord.Deferred(
                        NOW, ID, RecipientNumbers.of(0), 1, NOW, false, false, facts);
        var cut = (SpoolRecord.Deferred) RecordCodec.shortened(record);
        assertThat(cut.facts().text()).isEqualTo("x".repeat(1023));
        assertThat(cut.facts().mailAt()).isEqualTo(facts.mailAt());
        var settled = delivered(ID, 0);
        assertThat(RecordCodec.shortened(settled)).isSameAs(settled);
    }

    @Test
    void changedBytes_giveAValueOrNone() {
        var random = new Random(20261123);
        List<LogEntry> entries = entries().toList();
        for (int i = 0; i < 40_000; i++) {
            LogEntry entry = entries.get(random.nextInt(entries.size()));
            byte[] payload = RecordCodec.encode(entry);
            for (int change = random.nextInt(3); change >= 0; change--) {
                payload[random.nextInt(Math.min(payload.length, 300))] = (byte) random.nextInt();
            }
            decode((byte) (1 + random.nextInt(15)), payload);
            decode(RecordCodec.type(entry), payload);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAValueOrNone(byte[] bytes) {
        for (byte type = 0; type <= 15; type++) {
            decode(type, bytes);
        }
        EnvelopeCodec.decode(ByteBuffer.wrap(bytes))
                .ifPresent(envelope -> {
                    byte[] again = EnvelopeCodec.encode(envelope);
                    assertThat(EnvelopeCodec.decode(ByteBuffer.wrap(again))).contains(envelope);
                });
    }

    /// What can be read is written and read again as the same.
    private static void decode(byte type, byte[] bytes) {
        Optional<LogEntry> entry = RecordCodec.decode(type, ByteBuffer.wrap(bytes));
        if (entry.isPresent()) {
            ByteBuffer again = ByteBuffer.wrap(RecordCodec.encode(entry.get()));
            assertThat(RecordCodec.decode(type, again)).isEqualTo(entry);
        }
    }

    private static String hex(LogEntry entry) {
        return HexFormat.of().formatHex(RecordCodec.encode(entry));
    }

    private static SpoolRecord.Job job(QueueJob.Work work, SpoolRecord.Stage stage) {
        var job = new QueueJob(new QueueId(99), work, SCOPE, "why");
        return new SpoolRecord.Job(SpoolFixtures.NOW, job, stage, 7, 1_000_000);
    }

    private static Envelope tls(Envelope envelope, TlsRequirement tls) {
        return new Envelope(
                envelope.reversePath(),
                envelope.recipients(),
                envelope.parameters().withTls(tls),
                envelope.stream(),
                envelope.receivedAt(),
                envelope.dsnPolicy(),
                envelope.treatment());
    }
}
