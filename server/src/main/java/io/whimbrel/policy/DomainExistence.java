package io.whimbrel.policy;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.DomainName;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;

/// Whether the domain of a sender or recipient could have mail at all: it has an MX, or an address
/// (RFC 5321 §5.1). Thread-safe; blocks the calling thread as long as the DNS takes.
public final class DomainExistence {
    private final Resolver resolver;
    private final DoorMetrics metrics;

    private enum Finding {
        EXISTS,
        MISSING,
        /// It says that it takes no mail (RFC 7505).
        NULL_MX,
        UNKNOWN
    }

    public DomainExistence(Resolver resolver, DoorMetrics metrics) {
        this.resolver = resolver;
        this.metrics = metrics;
    }

    /// What is wrong with the domain of a reverse-path; empty where nothing is.
    public Optional<SmtpReply> sender(DomainName domain) {
        return switch (find(domain)) {
            case EXISTS -> Optional.empty();
            case UNKNOWN -> unknown(domain);
            case MISSING ->
                    refusal(
                            Reason.SENDER_DOMAIN,
                            SmtpReply.of(
                                    550, 5, 1, 8, "Sender's domain does not exist: " + domain));
            case NULL_MX ->
                    refusal(
                            Reason.SENDER_DOMAIN,
                            SmtpReply.of(
                                    550,
                                    5,
                                    7,
                                    27,
                                    "Sender's domain takes no mail (null MX): " + domain));
        };
    }

    /// What is wrong with the domain of a recipient; empty where nothing is.
    public Optional<SmtpReply> recipient(DomainName domain) {
        return switch (find(domain)) {
            case EXISTS -> Optional.empty();
            case UNKNOWN -> unknown(domain);
            case MISSING ->
                    refusal(
                            Reason.RECIPIENT_DOMAIN,
                            SmtpReply.of(550, 5, 1, 2, "Domain does not exist: " + domain));
            case NULL_MX ->
                    refusal(
                            Reason.RECIPIENT_DOMAIN,
                            SmtpReply.of(
                                    556, 5, 1, 10, "Domain takes no mail (null MX): " + domain));
        };
    }

    private Optional<SmtpReply> unknown(DomainName domain) {
        return refusal(
                Reason.DOMAIN_UNKNOWN,
                SmtpReply.of(451, 4, 4, 3, "No answer from the DNS about " + domain));
    }

    private Optional<SmtpReply> refusal(Reason reason, SmtpReply reply) {
        metrics.refused(reason);
        return Optional.of(reply);
    }

    private Finding find(DomainName domain) {
        if (domain.isLiteral()) {
            return Finding.EXISTS;
        }
        return switch (resolver.mx(domain.value())) {
            case MxAnswer.Hosts _ -> Finding.EXISTS;
            case MxAnswer.NullMx _ -> Finding.NULL_MX;
            case MxAnswer.NoSuchDomain _ -> Finding.MISSING;
            case MxAnswer.TemporaryFailure _ -> Finding.UNKNOWN;
            case MxAnswer.NoMx _ -> {
                Finding ipv4 = found(resolver.ipv4(domain.value()));
                Finding ipv6 = ipv4 == Finding.EXISTS ? ipv4 : found(resolver.ipv6(domain.value()));
                yield ipv6 == Finding.EXISTS || ipv4 == Finding.MISSING ? ipv6 : ipv4;
            }
        };
    }

    private static Finding found(AddressAnswer answer) {
        return switch (answer) {
            case AddressAnswer.Addresses _ -> Finding.EXISTS;
            case AddressAnswer.NoAddress _ -> Finding.MISSING;
            case AddressAnswer.NoSuchDomain _ -> Finding.MISSING;
            case AddressAnswer.TemporaryFailure _ -> Finding.UNKNOWN;
        };
    }
}
