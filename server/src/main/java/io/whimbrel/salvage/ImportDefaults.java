package io.whimbrel.salvage;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.spool.RecoveredMessage.Waiting;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The envelope of messages that come without one. Immutable.
public final class ImportDefaults {
    private final ReversePath from;
    private final List<Recipient> to;
    private final String tenant;

    private ImportDefaults(ReversePath from, List<Recipient> to, String tenant) {
        this.from = from;
        this.to = List.copyOf(to);
        this.tenant = tenant;
    }

    /// @param from without brackets; `""` for none
    /// @param to at least one
    /// @throws IllegalArgumentException where one is no address; the message names it
    public static ImportDefaults of(String from, List<String> to, String tenant) {
        if (!Addresses.isReversePath(from)) {
            throw new IllegalArgumentException("Not an address: " + from);
        }
        var recipients = new ArrayList<Recipient>();
        for (String address : to) {
            Optional<DomainName> domain = Addresses.domainOf(address);
            if (domain.isEmpty() || !Addresses.isForwardPath(address)) {
                throw new IllegalArgumentException("Not an address: " + address);
            }
            recipients.add(Recipient.of(new ForwardPath(address, domain.get())));
        }
        return new ImportDefaults(new ReversePath(from), recipients, tenant);
    }

    /// Fresh mail, received `now`.
    ExportedMail mail(Instant now) {
        boolean isUtf8 =
                isInternational(from.address())
                        || to.stream().anyMatch(one -> isInternational(one.path().address()));
        var parameters = new MailParameters(BodyType.SEVEN_BIT, isUtf8, DsnReturn.UNSPECIFIED, "");
        var stream = new MailStream(tenant, "", PriorityClass.NORMAL);
        Instant received = now.truncatedTo(ChronoUnit.MICROS);
        var envelope = new Envelope(from, to, parameters, stream, received, DsnPolicy.FULL);
        var all = new Waiting(RecipientNumbers.all(to.size()), 0, received, false);
        return new ExportedMail(Optional.empty(), Optional.empty(), envelope, List.of(all));
    }

    private static boolean isInternational(String address) {
        return address.chars().anyMatch(c -> c > '~');
    }
}
