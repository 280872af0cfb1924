package io.whimbrel.reception;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.smtp.SmtpReply;

import java.time.InstantSource;
import java.util.Optional;

/// Takes responsibility for messages: puts our Received field in front, checks what can be known
/// only at the end, and hands envelope and body to the store. Thread-safe.
final class MessageIntake {
    /// More Received fields than this mean a loop (RFC 5321 §6.3).
    private static final int HOPS_MAX = 100;

    private static final SmtpReply LOOP =
            SmtpReply.of(554, 5, 4, 6, "Mail loop: more than 100 Received fields");

    private final MailStore store;
    private final ArrivingBodies arriving;
    private final Metrics metrics;
    private final InstantSource clock;
    private final ReceivedField receivedField = new ReceivedField();

    MessageIntake(MailStore store, ArrivingBodies arriving, Metrics metrics, InstantSource clock) {
        this.store = store;
        this.arriving = arriving;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Why a new connection is refused now; empty where it is welcome.
    Optional<SmtpReply> refusalOfConnection() {
        return arriving.refusalOfConnection();
    }

    /// For one connection.
    ArrivingBodies.Claim claim() {
        return arriving.claim();
    }

    /// A transaction begins.
    ///
    /// @param size announced, 0 where it was not
    /// @return why it may not, because of what the node has to bear; nothing is claimed then
    Optional<SmtpReply> open(ArrivingBodies.Claim claim, long size) {
        return store.refusal().or(() -> claim.begin(size));
    }

    /// Begins with a message, whose bytes follow; the caller closes it.
    IncomingMail begin(InTransaction transaction, Client client, ArrivingBodies.Claim claim) {
        MailStore.Body body = store.begin();
        byte[] field = receivedField.encode(client, transaction, body.id(), clock.instant());
        body.write(field, 0, field.length);
        return new IncomingMail(body, transaction, client, claim);
    }

    /// The answer to end-of-data: 250 only where the message is ours for good.
    ///
    /// @param isEightBit whether a byte beyond US-ASCII was seen
    SmtpReply accept(IncomingMail mail, boolean isEightBit) {
        ListenTerms terms = mail.client().terms();
        if (mail.isTooLarge()) {
            return SmtpSession.tooLarge(terms.limits().messageBytesMax());
        }
        if (mail.header().receivedCount() > HOPS_MAX) {
            return LOOP;
        }
        Envelope envelope = envelope(mail, isEightBit);
        SmtpReply reply = mail.body().accept(envelope, mail.client().literal());
        if (reply.isPositive()) {
            metrics.messagesAccepted.inc();
            metrics.recipientsAccepted.inc(envelope.recipients().size());
        }
        return reply;
    }

    private Envelope envelope(IncomingMail mail, boolean isEightBit) {
        InTransaction transaction = mail.transaction();
        ListenSettings settings = mail.client().terms().settings();
        return new Envelope(
                transaction.reversePath(),
                transaction.recipients().toList(),
                parameters(transaction.parameters(), isEightBit),
                stream(settings.stream(), mail.header().value()),
                clock.instant(),
                dsnPolicy(mail.client()));
    }

    /// A stranger reaches our postmaster only, under any sender's name. A report to that sender
    /// would carry the stranger's text to anybody: a relay after all.
    private static DsnPolicy dsnPolicy(Client client) {
        return client.mayRelay() ? client.terms().settings().dsnPolicy() : DsnPolicy.NEVER;
    }

    /// Clients send 8-bit text without saying so. The next hop must be told all the same.
    private static MailParameters parameters(MailParameters declared, boolean isEightBit) {
        return isEightBit && declared.bodyType() == BodyType.SEVEN_BIT
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
}
