package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.util.List;
import java.util.Optional;

/// Whether a tenant, or the clients of a listener, may send as whom a message names. Thread-safe.
///
/// A tenant without `from-domains` may send as anybody. Domains are compared in A-labels and in any
/// case. Replies name domains only, so that they are US-ASCII whatever the client wrote.
public final class SenderRules {
    private final DoorMetrics metrics;

    public SenderRules(DoorMetrics metrics) {
        this.metrics = metrics;
    }

    /// Whom the rules bind, and what they allow. Immutable.
    ///
    /// @param who for replies: `Tenant shop`, `Clients of this listener`
    /// @param fromDomains empty for anybody
    /// @param reversePaths besides
    public record Allowed(
            String who, List<DomainPattern> fromDomains, List<AddressPattern> reversePaths) {

        public Allowed {
            fromDomains = List.copyOf(fromDomains);
            reversePaths = List.copyOf(reversePaths);
        }

        static Allowed of(TenantSettings tenant) {
            return new Allowed(
                    "Tenant " + tenant.name(), tenant.fromDomains(), tenant.reversePaths());
        }
    }

    /// As [#reversePath(Allowed, SmtpPath)], of a tenant.
    public Optional<SmtpReply> reversePath(TenantSettings tenant, SmtpPath path) {
        return reversePath(Allowed.of(tenant), path);
    }

    /// What is wrong with the reverse-path; empty where nothing is. The null reverse-path is always
    /// right: it names nobody, notices must have it (RFC 5321 §4.5.5), and the From field is looked
    /// at all the same.
    public Optional<SmtpReply> reversePath(Allowed allowed, SmtpPath path) {
        if (allowed.fromDomains().isEmpty() || path.isNull()) {
            return Optional.empty();
        }
        Optional<DomainName> domain = DomainName.parse(path.domain());
        if (domain.isEmpty()) {
            return refusal(
                    Reason.REVERSE_PATH,
                    allowed,
                    " may not send with a reverse-path without a domain");
        }
        if (isListed(allowed.fromDomains(), domain.get())
                || isListed(allowed.reversePaths(), path.localPart(), domain.get())) {
            return Optional.empty();
        }
        return refusal(
                Reason.REVERSE_PATH,
                allowed,
                " may not send with a reverse-path at "
                        + domain.get()
                        + ": it is not among its from-domains");
    }

    /// As [#from(Allowed, List)], of a tenant.
    public Optional<SmtpReply> from(TenantSettings tenant, List<String> fields) {
        return from(Allowed.of(tenant), fields);
    }

    /// What is wrong with the From field; empty where nothing is. Each of its addresses must be
    /// allowed.
    ///
    /// @param fields the values of all From fields; a message has one (RFC 5322 §3.6)
    public Optional<SmtpReply> from(Allowed allowed, List<String> fields) {
        if (allowed.fromDomains().isEmpty()) {
            return Optional.empty();
        }
        if (fields.size() != 1) {
            String found = fields.isEmpty() ? "has no" : "has more than one";
            return refusal(
                    Reason.FROM,
                    allowed,
                    " must send with one From field, and this message " + found);
        }
        return switch (FromField.parse(fields.getFirst())) {
            case FromField.Broken(String why) ->
                    refusal(Reason.FROM, allowed, ": the From field cannot be read: " + why);
            case FromField.Addresses(var addresses) ->
                    addresses.stream()
                            .map(FromField.Address::domain)
                            .filter(domain -> !isListed(allowed.fromDomains(), domain))
                            .findFirst()
                            .flatMap(domain ->
                                    refusal(
                                            Reason.FROM,
                                            allowed,
                                            " may not send From "
                                                    + domain
                                                    + ": it is not among its from-domains"));
        };
    }

    private Optional<SmtpReply> refusal(Reason reason, Allowed allowed, String text) {
        metrics.refused(reason);
        return Optional.of(SmtpReply.of(550, 5, 7, 1, allowed.who() + text));
    }

    private static boolean isListed(List<DomainPattern> patterns, DomainName domain) {
        for (DomainPattern pattern : patterns) {
            if (pattern.matches(domain)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isListed(
            List<AddressPattern> patterns, String localPart, DomainName domain) {
        for (AddressPattern pattern : patterns) {
            if (pattern.matches(localPart, domain)) {
                return true;
            }
        }
        return false;
    }
}
