package io.whimbrel.spool;

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

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Mail and settings for the tests of the spool.
final class SpoolFixtures {
    static final Instant NOW = Instant.parse("2026-11-23T10:00:00.123456Z");
    static final InstantSource CLOCK = InstantSource.fixed(NOW);
    static final String ORIGIN = "[192.0.2.7]";

    private SpoolFixtures() {}

    static SpoolSettings settings(Path folder, long segmentBytes) {
        return new SpoolSettings(
                folder, segmentBytes, Duration.ofMillis(20), 1 << 20, 1 << 20, 32 << 20);
    }

    /// All messages in the queue, by id.
    static List<RecoveredMessage> queued(Spool spool) throws IOException {
        return spool.queued(Optional.empty(), Integer.MAX_VALUE);
    }

    static Envelope envelope(int recipients) {
        var list = new ArrayList<Recipient>(recipients);
        for (int i = 0; i < recipients; i++) {
            var path = new ForwardPath("user" + i + "@example.com", new DomainName("example.com"));
            list.add(Recipient.of(path));
        }
        return new Envelope(
                new ReversePath("sender@example.org"),
                list,
                MailParameters.NONE,
                new MailStream("shop", "spring", PriorityClass.BULK),
                NOW,
                DsnPolicy.FULL);
    }

    static byte[] bytes(int length, long seed) {
        var bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static SpooledMessage accept(Spool spool, Envelope envelope, byte[] body) {
        AcceptResult result = offer(spool, envelope, body);
        if (result instanceof AcceptResult.Stored(SpooledMessage message)) {
            return message;
        }
        throw new AssertionError("refused: " + result);
    }

    static AcceptResult offer(Spool spool, Envelope envelope, byte[] body) {
        try (IncomingBody incoming = spool.newBody()) {
            for (int from = 0; from < body.length; from += 10_000) {
                incoming.write(body, from, Math.min(10_000, body.length - from));
            }
            return spool.accept(envelope, incoming, ORIGIN);
        }
    }

    static byte[] read(Spool spool, SpooledMessage message) throws IOException {
        BodyReader reader = spool.read(message);
        var bytes = new ByteArrayOutputStream();
        for (byte[] part = reader.nextPart(); part.length > 0; part = reader.nextPart()) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }

    static SpoolRecord.Settled delivered(QueueId id, int... recipients) {
        return new SpoolRecord.Settled(
                NOW,
                id,
                RecipientNumbers.of(recipients),
                SpoolRecord.Disposition.DELIVERED,
                1,
                new AttemptFacts("s1", "example.com", "mx [192.0.2.1]", 250, "2.0.0", "Ok", ""));
    }

    static SpoolRecord.Deferred deferred(QueueId id, int attempt, Instant due, int... recipients) {
        return new SpoolRecord.Deferred(
                NOW,
                id,
                RecipientNumbers.of(recipients),
                attempt,
                due,
                attempt > 1,
                false,
                new AttemptFacts("s1", "example.com", "mx", 451, "4.7.1", "Later", "TLSv1.3"));
    }

    static SpoolBatch batch(SpoolRecord... records) {
        return new SpoolBatch(List.of(records), List.of());
    }
}
