package io.whimbrel.reception;

import io.whimbrel.header.HeaderScanner;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.smtp.ByteSink;
import io.whimbrel.smtp.SmtpReply;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// The door for mail of this machine that does not come by SMTP: the same store, the same budget of
/// arriving bodies, the same answers. Thread-safe.
public final class LocalIntake {
    /// More Received fields than this mean a loop (RFC 5321 §6.3).
    private static final int HOPS_MAX = 100;

    private static final SmtpReply LOOP =
            SmtpReply.of(554, 5, 4, 6, "Mail loop: more than 100 Received fields");

    private final MailStore store;
    private final ArrivingBodies arriving;
    private final Metrics metrics;
    private final InstantSource clock;
    private final ReceivedField receivedField = new ReceivedField();

    /// Where the bytes of a message come from.
    @FunctionalInterface
    public interface Source {
        /// Writes the whole message, lines ended by CRLF.
        void writeTo(ByteSink sink) throws IOException;
    }

    LocalIntake(MailStore store, ArrivingBodies arriving, Metrics metrics, InstantSource clock) {
        this.store = store;
        this.arriving = arriving;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Takes responsibility for a message.
    ///
    /// @return 250 only where it is on stable storage; 4xx where it may be offered again, 5xx where
    ///   it will never be taken
    /// @throws IOException what `source` throws; nothing was taken then
    public SmtpReply accept(LocalTerms terms, LocalMail mail, Source source) throws IOException {
        ArrivingBodies.Claim claim = arriving.claim();
        Optional<SmtpReply> refusal = store.refusal().or(() -> claim.begin(0));
        if (refusal.isPresent()) {
            return refusal.get();
        }
        try (MailStore.Body body = store.begin()) {
            return accept(terms, mail, source, new Bytes(body, claim, terms));
        } finally {
            claim.end();
        }
    }

    private SmtpReply accept(LocalTerms terms, LocalMail mail, Source source, Bytes bytes)
            throws IOException {
        MailStore.Body body = bytes.body;
        Instant now = clock.instant();
        Recipients recipients = new Recipients.None();
        for (Recipient recipient : mail.recipients()) {
            recipients = recipients.with(recipient);
        }
        List<Recipient> distinct = recipients.toList();
        byte[] field = received(terms, mail, distinct, body.id(), now);
        body.write(field, 0, field.length);
        source.writeTo(bytes);
        if (bytes.isTooLarge()) {
            return SmtpSession.tooLarge(terms.messageBytesMax());
        }
        if (bytes.header.receivedCount() > HOPS_MAX) {
            return LOOP;
        }
        var envelope =
                new Envelope(
                        mail.reversePath(),
                        distinct,
                        parameters(mail.parameters(), bytes.isEightBit),
                        stream(terms.stream(), bytes.header.value()),
                        now,
                        terms.dsnPolicy());
        SmtpReply reply = body.accept(envelope, "local " + mail.user() + " " + mail.file());
        if (reply.isPositive()) {
            metrics.messagesAccepted.inc();
            metrics.recipientsAccepted.inc(distinct.size());
        }
        return reply;
    }

    /// Our Received field (RFC 5321 §4.4). Its From clause names no host, for there was none.
    private byte[] received(
            LocalTerms terms, LocalMail mail, List<Recipient> recipients, QueueId id, Instant now) {
        var field = new StringBuilder(256).append("Received: from local (").append(mail.user());
        field.append(")\r\n\tby ").append(terms.hostName()).append(" with local id ").append(id);
        if (recipients.size() == 1) {
            field.append("\r\n\tfor ").append(recipients.getFirst().path());
        }
        field.append(";\r\n\t").append(receivedField.date(now)).append("\r\n");
        return field.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static MailParameters parameters(MailParameters declared, boolean isEightBit) {
        return isEightBit
                ? new MailParameters(
                        BodyType.EIGHT_BIT_MIME,
                        declared.smtpUtf8(),
                        declared.dsnReturn(),
                        declared.envelopeId())
                : declared;
    }

    private static MailStream stream(MailStream configured, String campaign) {
        return campaign.isEmpty()
                ? configured
                : new MailStream(configured.tenant(), campaign, configured.priority());
    }

    /// The message on its way to the store, watched for size, hops, campaign and 8-bit text. Past
    /// the limit bytes are counted and dropped. Confined to one thread.
    private static final class Bytes implements ByteSink {
        private final MailStore.Body body;
        private final ArrivingBodies.Claim claim;
        private final HeaderScanner header;
        private final long bytesMax;
        private long size;
        private boolean isEightBit;

        Bytes(MailStore.Body body, ArrivingBodies.Claim claim, LocalTerms terms) {
            this.body = body;
            this.claim = claim;
            this.header = new HeaderScanner(terms.campaignHeader());
            this.bytesMax = terms.messageBytesMax();
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            size += length;
            if (isTooLarge()) {
                return;
            }
            claim.grow(size);
            header.scan(bytes, from, length);
            for (int i = from; i < from + length && !isEightBit; i++) {
                isEightBit = bytes[i] < 0;
            }
            body.write(bytes, from, length);
        }

        boolean isTooLarge() {
            return size > bytesMax;
        }
    }
}
