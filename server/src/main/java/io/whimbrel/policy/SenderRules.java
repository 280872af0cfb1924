package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.util.List;
import java.util.Optional;

/// Whether a tenant may send as whom a message names. Thread-safe.
///
/// A tenant without `from-domains` may send as anybody. Domains are compared in A-labels and in any
/// case. Replies name domains only, so that they are US-ASCII whatever the client wrote.
public final class SenderRules {
    private final DoorMetrics metrics;

    public SenderRules(DoorMetrics metrics) {
        this.metrics = metrics;
    }

    /// What is wrong with the reverse-path; empty where nothing is. The null reverse-path is always
    /// right: it names nobody, notices must have it (RFC 5321 §4.5.5), and the From field is looked
    /// at all the same.
    public Optional<SmtpReply> reversePath(TenantSettings tenant, SmtpPath path) {
        if (tenant.fromDomains().isEmpty() || path.isNull()) {
            return Optional.empty();
        }
        Optional<DomainName> domain = DomainName.parse(path.domain());
        if (domain.isEmpty()) {
            return refusal(
                    Reason.REVERSE_PATH,
                    tenant,
                    " may not send with a reverse-path without a domain");
        }
        if (isListed(tenant.fromDomains(), domain.get())
                || isListed(tenant.reversePaths(), path.localPart(), domain.get())) {
            return Optional.empty();
        }
        return refusal(
                Reason.REVERSE_PATH,
                tenant,
                " may not send with a reverse-path at "
                        + domain.get()
                        + ": it is not among its"
                        + " from-domains");
    }

    /// What is wrong with the From field; empty where nothing is. Each of its addresses must be
    /// allowed.
    ///
    /// @param fields the values of all From fields; a message has one (RFC 5322 §3.6)
    public Optional<SmtpReply> from(TenantSettings tenant, List<String> fields) {
        if (tenant.fromDomains().isEmpty()) {
            return Optional.empty();
        }
        if (fields.size() != 1) {
            String found = fields.isEmpty() ? "has no" : "has more than one";
            return refusal(
                    Reason.FROM,
                    tenant,
                    " must send with one From field, and this message " + found);
        }
        return switch (FromField.parse(fields.getFirst())) {
            case FromField.Broken(String why) ->
                    refusal(Reason.FROM, tenant, ": the From field cannot be read: " + why);
            case FromField.Addresses(var addresses) ->
                    addresses.stream()
                            .map(FromField.Address::domain)
                            .filter(domain -> !isListed(tenant.fromDomains(), domain))
                            .findFirst()
                            .flatMap(domain ->
                                    refusal(
                                            Reason.FROM,
                                            tenant,
                                            " may not send From "
                                                    + domain
                                                    + ": it is not among its from-domains"));
        };
    }

    private Optional<SmtpReply> refusal(Reason reason, TenantSettings tenant, String text) {
        metrics.refused(reason);
        return Optional.of(SmtpReply.of(550, 5, 7, 1, "Tenant " + tenant.name() + text));
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
