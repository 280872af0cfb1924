package io.whimbrel.reception;

import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.RelayPolicy;
import io.whimbrel.smtp.SmtpReply;

/// The terms of one listener as its sessions use them: the settings, and what follows from them
/// once for all sessions. Immutable; a reload makes new ones for later sessions.
///
/// @param settings as configured
/// @param relayPolicy who may relay here
/// @param hostDomain the host name as a domain; its postmaster is reached from anywhere
/// @param greeting the first reply of a session
/// @param ehloReply what EHLO announces
record ListenTerms(
        ListenSettings settings,
        RelayPolicy relayPolicy,
        DomainName hostDomain,
        SmtpReply greeting,
        SmtpReply ehloReply) {

    /// @throws IllegalArgumentException where the host name is no domain name
    static ListenTerms of(ListenSettings settings) {
        String hostName = settings.hostName();
        DomainName hostDomain =
                DomainName.parse(hostName)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "the host name must be a domain name: " + hostName));
        return new ListenTerms(
                settings,
                new RelayPolicy(settings.relayFrom()),
                hostDomain,
                SmtpReply.plain(220, hostName + " ESMTP Whimbrel"),
                SmtpReply.plain(
                        250,
                        hostName,
                        "PIPELINING",
                        "SIZE " + settings.limits().messageBytesMax(),
                        "8BITMIME",
                        "ENHANCEDSTATUSCODES",
                        "SMTPUTF8",
                        "CHUNKING",
                        "DSN"));
    }

    SessionLimits limits() {
        return settings.limits();
    }
}
