package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliveryAttempt.Departure;
import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;
import io.whimbrel.token.CampaignBook;
import io.whimbrel.token.TokenKeys;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// Messages and entries for tests of delivery.
final class TestMail {
    static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    static final Departure DEPARTURE = Departure.anyTime(InstantSource.fixed(NOW));
    static final String TEXT = "Subject: x\r\n\r\n.hidden\r\nbody\r\n";

    private static final AtomicLong IDS = new AtomicLong();

    private TestMail() {}

    static QueueEntry entry(String... addresses) {
        return entry(MailParameters.NONE, recipients(addresses));
    }

    static QueueEntry entry(MailParameters parameters, List<Recipient> recipients) {
        SpooledMessage message = message(parameters, recipients);
        return new QueueEntry(
                message,
                recipients.getFirst().path().domain(),
                RecipientNumbers.all(recipients.size()),
                0,
                NOW,
                false);
    }

    static SpooledMessage message(MailParameters parameters, List<Recipient> recipients) {
        var envelope =
                new Envelope(
                        new ReversePath("from@sender.test"),
                        recipients,
                        parameters,
                        MailStream.NONE,
                        NOW,
                        DsnPolicy.FULL);
        return SpooledFixture.message(IDS.incrementAndGet(), envelope, 5_000);
    }

    static List<Recipient> recipients(String... addresses) {
        return Stream.of(addresses).map(TestMail::path).map(Recipient::of).toList();
    }

    static ForwardPath path(String address) {
        String domain = address.substring(address.lastIndexOf('@') + 1);
        return new ForwardPath(address, DomainName.parse(domain).orElseThrow());
    }

    static BodySource body(String... parts) {
        var left = new ArrayDeque<>(List.of(parts));
        return () ->
                left.isEmpty()
                        ? new byte[0]
                        : left.removeFirst().getBytes(StandardCharsets.ISO_8859_1);
    }

    static final CampaignBook NO_CAMPAIGNS =
            new CampaignBook(List.of(), TokenKeys.of(new byte[32]));

    /// Nothing stands in front of `bodies`.
    static Leaving leaving(Supplier<BodySource> bodies) {
        return new Leaving(new byte[0], TEXT.length(), bodies);
    }

    /// As the dispatcher does it, without anything in front of `body`.
    static Ending deliver(
            RemoteSession session, QueueEntry entry, BodySource body, Departure departure) {
        var leaving = new Leaving(new byte[0], entry.message().size(), () -> body);
        return DeliveryAttempt.deliver(session, entry, leaving, departure);
    }
}
