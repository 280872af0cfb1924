package io.whimbrel.delivery;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;

/// The lines that begin a mail transaction, with those parameters that the host understands.
final class TransactionCommands {
    private TransactionCommands() {}

    /// MAIL with SIZE, BODY, SMTPUTF8, RET and ENVID.
    ///
    /// Mail with 8-bit text goes to a host without 8BITMIME as it is, like Exim does: every host in
    /// use passes it, and RFC 6152 §3 leaves only a bounce otherwise.
    static String mail(Envelope envelope, long messageSize, Extensions offered) {
        var line = new StringBuilder(80);
        line.append("MAIL FROM:<").append(envelope.reversePath().address()).append('>');
        MailParameters parameters = envelope.parameters();
        if (offered.size()) {
            line.append(" SIZE=").append(messageSize);
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
        return line.toString();
    }

    /// RCPT with NOTIFY and ORCPT.
    static String rcpt(Recipient recipient, Extensions offered) {
        String address = recipient.path().address();
        var line = new StringBuilder(address.length() + 12);
        line.append("RCPT TO:<").append(address).append('>');
        if (offered.dsn()) {
            if (recipient.notice().isGiven()) {
                line.append(" NOTIFY=").append(recipient.notice().parameter());
            }
            if (!recipient.originalRecipient().isEmpty()) {
                line.append(" ORCPT=").append(recipient.originalRecipient());
            }
        }
        return line.toString();
    }
}
