package io.whimbrel.reception;

import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.RelayPolicy;
import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The terms of one listener as its sessions use them: the settings, and what follows from them
/// once for all sessions. Immutable; a reload makes new ones for later sessions.
///
/// @param settings as configured
/// @param security what must come before mail
/// @param relayPolicy who may relay here
/// @param hostDomain the host name as a domain; its postmaster is reached from anywhere
/// @param greeting the first reply of a session
record ListenTerms(
        ListenSettings settings,
        Security security,
        RelayPolicy relayPolicy,
        DomainName hostDomain,
        SmtpReply greeting) {

    /// What a session offers and demands. Immutable.
    ///
    /// @param offersTls STARTTLS can be had
    /// @param requiresTls nothing is taken without TLS
    /// @param offersAuth AUTH can be had
    /// @param requiresAuth MAIL is refused to who has not authenticated
    record Security(
            boolean offersTls, boolean requiresTls, boolean offersAuth, boolean requiresAuth) {
        static final Security NONE = new Security(false, false, false, false);
    }

    /// @throws IllegalArgumentException where the host name is no domain name
    static ListenTerms of(ListenSettings settings) {
        String hostName = settings.hostName();
        DomainName hostDomain =
                DomainName.parse(hostName)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "the host name must be a domain name: " + hostName));
        String protocol = settings.isLmtp() ? " LMTP Whimbrel" : " ESMTP Whimbrel";
        return new ListenTerms(
                settings,
                Security.NONE,
                new RelayPolicy(settings.access().relayFrom()),
                hostDomain,
                SmtpReply.plain(220, hostName + protocol));
    }

    /// What EHLO announces to `client`.
    SmtpReply ehloReply(Client client) {
        var lines = new ArrayList<String>(12);
        lines.add(settings.hostName());
        lines.add("PIPELINING");
        lines.add("SIZE " + settings.limits().messageBytesMax());
        lines.add("8BITMIME");
        lines.add("ENHANCEDSTATUSCODES");
        lines.add("SMTPUTF8");
        lines.add("CHUNKING");
        lines.add("DSN");
        if (security.offersTls && client.tls().isEmpty()) {
            lines.add("STARTTLS");
        }
        if (client.isTrustedProxy()) {
            lines.add("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
        }
        return new SmtpReply(250, Optional.empty(), List.copyOf(lines));
    }

    SessionLimits limits() {
        return settings.limits();
    }
}
