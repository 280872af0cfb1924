package io.whimbrel.reception;

import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Treatment;
import io.whimbrel.smtp.EsmtpParameter;
import io.whimbrel.smtp.SmtpReply;

import java.time.Instant;
import java.util.List;

/// What the parameters of one MAIL say: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET
/// and ENVID (RFC 3461); and, where they are offered, HOLDFOR and HOLDUNTIL (RFC 4865), MT-PRIORITY
/// (RFC 6710), BY (RFC 2852) and AUTH (RFC 4954).
sealed interface MailOptions {

    /// @param size declared octets; 0 where none were
    /// @param treatment what was asked for this message alone; the class that MT-PRIORITY stands
    ///   for is [io.whimbrel.mail.PriorityClass#ofMtPriority]
    record Given(MailParameters parameters, long size, Treatment treatment)
            implements MailOptions {}

    record Refused(SmtpReply reply) implements MailOptions {}

    MailOptions NONE = new Given(MailParameters.NONE, 0, Treatment.NONE);

    /// Where nothing is offered beyond what always is.
    static MailOptions read(List<EsmtpParameter> parameters) {
        return read(parameters, Offered.NONE, Instant.EPOCH);
    }

    /// @param now when MAIL came: from then on the times that it asks for count
    static MailOptions read(List<EsmtpParameter> parameters, Offered offered, Instant now) {
        return parameters.isEmpty() ? NONE : new MailParameterReader(offered, now).read(parameters);
    }
}
