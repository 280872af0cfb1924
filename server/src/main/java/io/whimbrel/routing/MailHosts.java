package io.whimbrel.routing;

import io.whimbrel.smtp.SmtpReply;

import java.util.List;

/// Which addresses of a next hop are to be tried. Immutable.
public sealed interface MailHosts {

    /// @param addresses best first, at least one
    record Found(List<HostAddress> addresses) implements MailHosts {
        public Found {
            addresses = List.copyOf(addresses);
        }
    }

    /// None that may be tried.
    record None(SmtpReply reply) implements MailHosts {}
}
