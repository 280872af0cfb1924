package io.whimbrel.reception;

import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;

import java.util.List;

/// The envelope of a message that comes from this machine, not by SMTP. Immutable.
///
/// @param recipients at least one
/// @param user who left it, such as `uid 1000`: printable US-ASCII without parentheses
/// @param file its name where it was left, for events: printable US-ASCII, at most 100 characters
public record LocalMail(
        ReversePath reversePath,
        List<Recipient> recipients,
        MailParameters parameters,
        String user,
        String file) {

    public LocalMail {
        recipients = List.copyOf(recipients);
    }
}
