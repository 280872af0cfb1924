package io.whimbrel.reception;

import io.whimbrel.header.HeaderEdit;
import io.whimbrel.header.HeaderRules;
import io.whimbrel.header.HeaderScanner;
import io.whimbrel.header.HeldHeader;
import io.whimbrel.header.MessageControls;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.verification.AuthenticationResults;
import io.whimbrel.verification.MessageCheck;

import java.time.Instant;
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

    /// What the clock says.
    Instant now() {
        return clock.instant();
    }

    /// Begins with a message, whose bytes follow; the caller closes it.
    IncomingMail begin(Arrival arrival) {
        MailStore.Body body = store.begin();
        Client client = arrival.client();
        byte[] field =
                receivedField.encode(client, arrival.transaction(), body.id(), clock.instant());
        Optional<HeldMail> whole = whole(arrival, field);
        if (whole.isEmpty()) {
            body.write(field, 0, field.length);
        }
        return new IncomingMail(body, arrival, held(client, body.id()), whole);
    }

    private static Optional<HeldMail> whole(Arrival arrival, byte[] received) {
        Client client = arrival.client();
        if (!client.isVerified()) {
            return Optional.empty();
        }
        MessageCheck check =
                client.terms()
                        .verification()
                        .orElseThrow()
                        .begin(
                                client.address(),
                                arrival.transaction().hello().name(),
                                arrival.transaction().reversePath().address());
        return Optional.of(new HeldMail(check, arrival.claim(), received));
    }

    private Optional<IncomingMail.Held> held(Client client, QueueId id) {
        HeaderRules rules = client.terms().settings().header();
        boolean isOurs = client.mayRelay();
        Optional<String> tenantField = isOurs ? rules.tenantField() : Optional.empty();
        boolean hasRules =
                isOurs
                        && !(client.standing().tenant().fromDomains().isEmpty()
                                && client.terms().settings().access().fromDomains().isEmpty());
        boolean mayControl = client.mayControl();
        boolean isVerified = client.isVerified();
        if (!rules.isSubmission()
                && !mayControl
                && !hasRules
                && !isVerified
                && tenantField.isEmpty()) {
            return Optional.empty();
        }
        String authservId = client.terms().settings().hostName();
        HeaderEdit.Forgery forgery =
                (bytes, from, to) ->
                        isVerified && AuthenticationResults.isForged(bytes, from, to, authservId);
        var order =
                new HeaderEdit.Order(
                        rules.isSubmission() && isOurs,
                        mayControl,
                        tenantField,
                        forgery,
                        client.terms().door().pools());
        return Optional.of(
                new IncomingMail.Held(
                        new HeldHeader(rules.bytesMax()),
                        header -> HeaderEdit.of(header, order, origin(client, id))));
    }

    private HeaderEdit.Origin origin(Client client, QueueId id) {
        Instant now = clock.instant();
        String hostName = client.terms().settings().hostName();
        return new HeaderEdit.Origin(id, hostName, receivedField.date(now), now);
    }

    /// The answer to end-of-data: 250 only where the message is ours for good.
    ///
    /// @param isEightBit whether a byte beyond US-ASCII was seen
    SmtpReply accept(IncomingMail mail, boolean isEightBit) {
        mail.end();
        Optional<SmtpReply> refusal = refusal(mail);
        if (refusal.isPresent()) {
            return refusal.get();
        }
        return switch (Sending.of(mail, clock.instant())) {
            case Sending.Refused(SmtpReply reply) -> reply;
            case Sending.Allowed allowed ->
                    mail.verified().orElseGet(() -> accept(mail, allowed, isEightBit));
        };
    }

    private SmtpReply accept(IncomingMail mail, Sending.Allowed allowed, boolean isEightBit) {
        Envelope envelope = envelope(mail, allowed, isEightBit);
        String origin = mail.arrival().client().literal();
        SmtpReply reply = mail.body().accept(envelope, origin);
        if (reply.isPositive()) {
            allowed.claim().keep();
            metrics.messagesAccepted.inc();
            metrics.recipientsAccepted.inc(envelope.recipients().size());
        } else {
            allowed.claim().giveBack();
        }
        return reply;
    }

    private static Optional<SmtpReply> refusal(IncomingMail mail) {
        Client client = mail.arrival().client();
        if (mail.isTooLarge()) {
            return Optional.of(SmtpSession.tooLarge(client.messageBytesMax()));
        }
        if (mail.isHeaderTooLarge()) {
            return Optional.of(headerTooLarge(client.terms().settings().header().bytesMax()));
        }
        return loop(mail.header()).or(() -> mail.edit().flatMap(HeaderEdit::refusal));
    }

    /// Why a message with this header goes round in circles.
    static Optional<SmtpReply> loop(HeaderScanner header) {
        return header.receivedCount() > HOPS_MAX ? Optional.of(LOOP) : Optional.empty();
    }

    private static SmtpReply headerTooLarge(int bytesMax) {
        return SmtpReply.of(
                552, 5, 3, 4, "The header is larger than the " + bytesMax + " octets we take");
    }

    private Envelope envelope(IncomingMail mail, Sending.Allowed allowed, boolean isEightBit) {
        InTransaction transaction = mail.arrival().transaction();
        return new Envelope(
                transaction.reversePath(),
                transaction.recipients().toList(),
                withTls(parameters(transaction.parameters(), mail.controls(), isEightBit), mail),
                allowed.stream(),
                clock.instant(),
                dsnPolicy(mail.arrival().client(), allowed.tenant()),
                allowed.treatment());
    }

    /// A stranger reaches our postmaster only, under any sender's name. A report to that sender
    /// would carry the stranger's text to anybody: a relay after all.
    private static DsnPolicy dsnPolicy(Client client, TenantSettings tenant) {
        DsnPolicy byListener = client.terms().settings().handling().dsnPolicy();
        return client.mayRelay() ? tenant.dsnPolicy().orElse(byListener) : DsnPolicy.NEVER;
    }

    /// RFC 8689 §3: the field says nothing where REQUIRETLS was said.
    private static MailParameters withTls(MailParameters declared, IncomingMail mail) {
        return declared.tls() == TlsRequirement.UNSPECIFIED && mail.isTlsOptional()
                ? declared.withTls(TlsRequirement.OPTIONAL)
                : declared;
    }

    /// Clients send 8-bit text without saying so. The next hop must be told all the same.
    static MailParameters parameters(
            MailParameters declared, MessageControls controls, boolean isEightBit) {
        boolean isUndeclared = isEightBit && declared.bodyType() == BodyType.SEVEN_BIT;
        if (!isUndeclared && controls.envelopeId().isEmpty()) {
            return declared;
        }
        return new MailParameters(
                isUndeclared ? BodyType.EIGHT_BIT_MIME : declared.bodyType(),
                declared.smtpUtf8(),
                declared.dsnReturn(),
                controls.envelopeId().orElse(declared.envelopeId()),
                declared.tls());
    }
}
