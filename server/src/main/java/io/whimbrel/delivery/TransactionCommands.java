package io.whimbrel.delivery;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.TlsRequirement;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// The lines that begin a mail transaction, with those parameters that the host understands.
final class TransactionCommands {
    /// RFC 2852 §3: nine digits.
    private static final long BY_MOST = 999_999_999;

    private TransactionCommands() {}

    /// MAIL with SIZE, BODY, SMTPUTF8, RET, ENVID, MT-PRIORITY, REQUIRETLS and BY. What
    /// FUTURERELEASE asked for was done here (RFC 4865): to a later host the message is one to be
    /// delivered now.
    ///
    /// For a host without SMTPUTF8 domains are in A-labels; local parts must be US-ASCII then.
    ///
    /// Mail with 8-bit text that could not be encoded goes to a host without 8BITMIME as it is,
    /// like Exim does: every host in use passes it, and RFC 6152 §3 leaves only a bounce otherwise.
    static String mail(Envelope envelope, Leaving leaving, Extensions offered, Instant now) {
        var line = new StringBuilder(80);
        String address = leaving.reversePath(envelope);
        line.append("MAIL FROM:<").append(shown(address, offered)).append('>');
        MailParameters parameters = envelope.parameters();
        if (offered.size()) {
            line.append(" SIZE=").append(leaving.size());
        }
        if (offered.eightBitMime() && parameters.bodyType() == BodyType.EIGHT_BIT_MIME) {
            line.append(" BODY=8BITMIME");
        }
        if (offered.smtpUtf8() && parameters.smtpUtf8()) {
            line.append(" SMTPUTF8");
        }
        if (offered.dsn()) {
            switch (parameters.dsnReturn()) {
                case FULL -> line.append(" RET=FULL");
                case HEADERS -> line.append(" RET=HDRS");
                case UNSPECIFIED -> {}
            }
            if (!parameters.envelopeId().isEmpty()) {
                line.append(" ENVID=").append(parameters.envelopeId());
            }
        }
        int mtPriority = envelope.treatment().mtPriority();
        if (offered.mtPriority() && mtPriority != 0) {
            line.append(" MT-PRIORITY=").append(mtPriority);
        }
        if (offered.requireTls() && parameters.tls() == TlsRequirement.REQUIRED) {
            line.append(" REQUIRETLS");
        }
        Optional<DeliverBy> by = envelope.treatment().deliverBy();
        if (by.isPresent() && offered.deliverBy().isPresent()) {
            deliverBy(line, by.get(), now);
        }
        return line.toString();
    }

    /// RFC 2852 §4: what is left of the time; none may be left only where tries go on.
    private static void deliverBy(StringBuilder line, DeliverBy by, Instant now) {
        long left = Duration.between(now, by.deadline()).toSeconds();
        switch (by.mode()) {
            case RETURN -> line.append(" BY=").append(Math.clamp(left, 1, BY_MOST)).append(";R");
            case NOTIFY ->
                    line.append(" BY=").append(Math.clamp(left, -BY_MOST, BY_MOST)).append(";N");
        }
        if (by.isTraced()) {
            line.append('T');
        }
    }

    private static String shown(String address, Extensions offered) {
        return offered.smtpUtf8() ? address : AsciiForms.address(address);
    }

    /// RCPT with NOTIFY and ORCPT.
    static String rcpt(Recipient recipient, Extensions offered) {
        String address = recipient.path().address();
        var line = new StringBuilder(address.length() + 12);
        line.append("RCPT TO:<").append(shown(address, offered)).append('>');
        if (offered.dsn()) {
            if (recipient.notice().isGiven()) {
                line.append(" NOTIFY=").append(recipient.notice().parameter());
            }
            String original = recipient.originalRecipient();
            if (!original.isEmpty()) {
                line.append(" ORCPT=");
                line.append(offered.smtpUtf8() ? original : AsciiForms.parameter(original));
            }
        }
        return line.toString();
    }
}
