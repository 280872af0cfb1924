package io.whimbrel.eventlog;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.log.Position;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.CommittedRecord;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Accepted;
import io.whimbrel.spool.SpoolRecord.Deferred;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpoolRecord.Settled;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Durable records for the tests of this room.
final class Records {
    static final Instant RECEIVED = Instant.parse("2026-11-23T12:00:00.001Z");
    static final QueueId ID = new QueueId(4711);
    static final AttemptFacts REFUSED =
            new AttemptFacts(
                    "s1",
                    "mx.example.net",
                    "mx.example.net [192.0.2.1]",
                    451,
                    "4.7.1",
                    "later",
                    "TLSv1.3 AES",
                    Optional.of(RECEIVED.plusMillis(61_240)));

    private Records() {}

    static Envelope envelope(String... addresses) {
        var recipients = new ArrayList<Recipient>();
        for (String address : addresses) {
            recipients.add(Recipient.of(new ForwardPath(address, new DomainName("example.net"))));
        }
        return new Envelope(
                new ReversePath("news@shop.example"),
                recipients,
                MailParameters.NONE,
                new MailStream("shop", "autumn", PriorityClass.BULK),
                RECEIVED,
                DsnPolicy.NEVER);
    }

    static SpooledMessage message(String... addresses) {
        return SpooledFixture.message(ID.value(), envelope(addresses), 5120);
    }

    static Accepted accepted(QueueId cause, String... addresses) {
        return new Accepted(RECEIVED, ID, envelope(addresses), "[192.0.2.7]", 5120, cause);
    }

    static Settled settled(Disposition disposition, AttemptFacts facts, int... numbers) {
        return new Settled(
                RECEIVED.plusMillis(61_250),
                ID,
                RecipientNumbers.of(numbers),
                disposition,
                2,
                facts);
    }

    static CommittedRecord committed(int index, SpoolRecord record, SpooledMessage message) {
        return new CommittedRecord(
                new Position(1, index), new Position(1, index + 1), record, Optional.of(message));
    }

    static CommittedRecord committed(int index, SpoolRecord record) {
        return new CommittedRecord(
                new Position(1, index), new Position(1, index + 1), record, Optional.empty());
    }

    /// A log of deferrals and deliveries, each different from all others by its text.
    static List<CommittedRecord> log(int count, Random random) {
        var log = new ArrayList<CommittedRecord>();
        SpooledMessage message = message("a@example.net", "b@example.net", "c@example.net");
        for (int i = 0; i < count; i++) {
            String text = "record " + i + " " + "x".repeat(random.nextInt(80));
            var facts = new AttemptFacts("", "", "", 250, "2.0.0", text, "");
            RecipientNumbers who =
                    random.nextBoolean()
                            ? RecipientNumbers.all(3)
                            : RecipientNumbers.of(random.nextInt(3));
            SpoolRecord record =
                    random.nextBoolean()
                            ? new Settled(RECEIVED, ID, who, Disposition.DELIVERED, 1, facts)
                            : new Deferred(RECEIVED, ID, who, 1, RECEIVED, false, false, facts);
            log.add(committed(i, record, message));
        }
        return log;
    }

    static List<String> lines(List<CommittedRecord> log) {
        var out = new JsonLines(1024);
        var lines = new EventLines(out);
        log.forEach(lines::write);
        return new String(out.bytes(), 0, out.size(), UTF_8).lines().toList();
    }
}
