package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Which recipients are taken from whom: any from clients that may relay, those of inbound domains
/// from everybody, and nobody else. Immutable, so thread-safe; a reload makes a new one.
///
/// From a client that may not relay, nothing is taken whose local part another host could read as
/// an address of its own (`user%other@ours`, `other!user@ours`, `"user@other"@ours`): handed on
/// inside, such mail has made relays of hosts that refused all others. Source routes were dropped
/// when the path was read (RFC 5321 appendix C); what counts is the last address.
public final class RecipientPolicy {
    private static final String ROUTING_CHARACTERS = "%!@:";

    private final DomainName hostDomain;
    private final DoorMetrics metrics;
    private final Map<DomainName, InboundSettings> exact = new HashMap<>();
    private final Map<DomainName, InboundSettings> below = new HashMap<>();

    /// What becomes of a recipient.
    public sealed interface Decision {

        /// Mail that is to be sent on.
        record Relay() implements Decision {}

        /// Mail of a domain of ours.
        record Inbound(InboundSettings settings) implements Decision {}

        /// The postmaster of this host, whom everybody reaches (RFC 5321 §4.5.1).
        record Postmaster() implements Decision {}

        record Refused(SmtpReply reply) implements Decision {}
    }

    /// @param hostDomain the name of this host: it is no inbound domain by itself
    public RecipientPolicy(
            List<InboundSettings> inbound, DomainName hostDomain, DoorMetrics metrics) {
        this.hostDomain = hostDomain;
        this.metrics = metrics;
        for (InboundSettings settings : inbound) {
            switch (settings.domain()) {
                case DomainPattern.Every() -> throw new IllegalArgumentException("an open relay");
                case DomainPattern.Exactly(DomainName domain) ->
                        exact.putIfAbsent(domain, settings);
                case DomainPattern.Below(DomainName apex) -> below.putIfAbsent(apex, settings);
            }
        }
    }

    /// @param mayRelay because of its network, or because it authenticated
    /// @param domain of `path`
    public Decision decide(InetAddress client, boolean mayRelay, SmtpPath path, DomainName domain) {
        Optional<InboundSettings> inbound = inbound(domain);
        if (mayRelay) {
            return inbound.<Decision>map(Decision.Inbound::new).orElseGet(Decision.Relay::new);
        }
        if (domain.equals(hostDomain) && path.isPostmaster()) {
            return new Decision.Postmaster();
        }
        if (inbound.isEmpty()) {
            metrics.refused(Reason.RELAY);
            return new Decision.Refused(RelayPolicy.refusal(client));
        }
        if (isRoute(path.localPart())) {
            metrics.refused(Reason.ROUTE);
            String text = "Relaying denied: the part before the last @ names another host";
            return new Decision.Refused(SmtpReply.of(550, 5, 7, 1, text));
        }
        return new Decision.Inbound(inbound.get());
    }

    /// The settings of the domain itself, else of the nearest domain above it.
    public Optional<InboundSettings> inbound(DomainName domain) {
        InboundSettings found = exact.get(domain);
        String rest = domain.value();
        int dot = domain.isLiteral() ? -1 : rest.indexOf('.');
        while (found == null && dot >= 0 && dot < rest.length() - 1) {
            rest = rest.substring(dot + 1);
            found = below.get(new DomainName(rest));
            dot = rest.indexOf('.');
        }
        return Optional.ofNullable(found);
    }

    private static boolean isRoute(String localPart) {
        for (int i = 0; i < localPart.length(); i++) {
            if (ROUTING_CHARACTERS.indexOf(localPart.charAt(i)) >= 0) {
                return true;
            }
        }
        return false;
    }
}
