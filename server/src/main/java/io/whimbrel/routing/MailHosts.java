package io.whimbrel.routing;

import io.whimbrel.smtp.SmtpReply;

import java.util.List;
import java.util.Optional;

/// Which addresses of a next hop are to be tried. Immutable.
public sealed interface MailHosts {

    /// @param addresses best first, at least one
    /// @param unknown why there may be further hosts whose addresses nobody could tell now; empty
    ///   where there are none
    record Found(List<HostAddress> addresses, Optional<String> unknown) implements MailHosts {
        public Found {
            addresses = List.copyOf(addresses);
        }
    }

    /// None that may be tried.
    record None(SmtpReply reply) implements MailHosts {}
}
