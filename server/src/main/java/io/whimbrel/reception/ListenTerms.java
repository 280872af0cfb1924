package io.whimbrel.reception;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.RelayPolicy;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.tls.ServerTls;
import io.whimbrel.verification.Verification;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The terms of one listener as its sessions use them: the settings, and what follows from them
/// once for all sessions. Immutable; a reload makes new ones for later sessions.
///
/// @param settings as configured
/// @param relayPolicy who may relay here without a login
/// @param hostDomain the host name as a domain; its postmaster is reached from anywhere
/// @param greeting the first reply of a session
/// @param tls there unless connections are in plain text only
/// @param authenticator of all listeners with equal settings
/// @param verification there where mail of others is checked
/// @param door who may send what, and how much
record ListenTerms(
        ListenSettings settings,
        RelayPolicy relayPolicy,
        DomainName hostDomain,
        SmtpReply greeting,
        Optional<ServerTls> tls,
        Authenticator authenticator,
        Optional<Verification> verification,
        Door door) {

    /// What the listeners of one configuration are made of.
    record Parts(
            Optional<ServerTls> tls,
            Authenticator authenticator,
            Optional<Verification> verification,
            Door door) {}

    /// @throws IllegalArgumentException where the host name is no domain name
    static ListenTerms of(ListenSettings settings, Parts parts) {
        String hostName = settings.hostName();
        String protocol = settings.isLmtp() ? " LMTP Whimbrel" : " ESMTP Whimbrel";
        return new ListenTerms(
                settings,
                new RelayPolicy(settings.access().relayFrom()),
                domainOf(hostName),
                SmtpReply.plain(220, hostName + protocol),
                parts.tls,
                parts.authenticator,
                parts.verification,
                parts.door);
    }

    /// @throws IllegalArgumentException where the host name is no domain name
    static DomainName domainOf(String hostName) {
        return DomainName.parse(hostName)
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "the host name must be a domain name: " + hostName));
    }

    /// What EHLO announces to `client`.
    SmtpReply ehloReply(Client client, Instant now) {
        var lines = new ArrayList<String>(16);
        lines.add(settings.hostName());
        lines.add("PIPELINING");
        lines.add("SIZE " + client.messageBytesMax());
        lines.add("8BITMIME");
        lines.add("ENHANCEDSTATUSCODES");
        lines.add("SMTPUTF8");
        lines.add("CHUNKING");
        lines.add("DSN");
        lines.add(Offered.limitsLine(client.recipientsMax()));
        lines.addAll(announced(client).ehloLines(now));
        if (offersStartTls() && client.tls().isEmpty()) {
            lines.add("STARTTLS");
        }
        if (offersAuth()) {
            List<String> mechanisms = authenticator.mechanisms(client.authClient());
            if (!mechanisms.isEmpty()) {
                lines.add("AUTH " + String.join(" ", mechanisms));
            }
        }
        if (client.isTrustedProxy()) {
            lines.add("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
        }
        return new SmtpReply(250, Optional.empty(), List.copyOf(lines));
    }

    /// A stranger is not told of what he may not use: a host that hears of DELIVERBY passes BY on,
    /// and would be refused for it. Where no mail is taken before AUTH it is told before, for no
    /// EHLO need follow AUTH.
    private Offered announced(Client client) {
        return requiresAuth()
                ? settings.handling().offered().withRequireTls(client.tls().isPresent())
                : client.offered();
    }

    boolean offersStartTls() {
        return switch (settings.entrance().tls().mode()) {
            case STARTTLS, REQUIRED -> true;
            case NONE, IMPLICIT -> false;
        };
    }

    boolean requiresTls() {
        return settings.entrance().tls().mode() == TlsMode.REQUIRED;
    }

    boolean isTlsImplicit() {
        return settings.entrance().tls().mode() == TlsMode.IMPLICIT;
    }

    boolean offersAuth() {
        return settings.access().auth().mode() != AuthSettings.Mode.NONE;
    }

    boolean requiresAuth() {
        return settings.access().auth().mode() == AuthSettings.Mode.REQUIRED;
    }

    SessionLimits limits() {
        return settings.limits();
    }
}
