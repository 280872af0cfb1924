package io.whimbrel.transport;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.AliasAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TlsaAnswer;
import io.whimbrel.dns.TlsaRecord;
import io.whimbrel.mail.Network;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Finds the TLSA records that count for one host (RFC 7672 §2.2). Immutable.
///
/// They are asked for only where the host's own zone is signed: servers of others may answer
/// questions of a type that they do not know with an error, which would stop the mail for nothing.
final class DaneSearch {
    private final Resolver resolver;
    private final DaneTarget target;

    DaneSearch(Resolver resolver, DaneTarget target) {
        this.resolver = resolver;
        this.target = target;
    }

    DaneRecords find() {
        String host = target.host();
        if (Network.parseAddress(host).isPresent()) {
            return new DaneRecords.NotUsed(host + " is an address");
        }
        if (!target.isMxSecure()) {
            return new DaneRecords.NotUsed(
                    "the MX records that lead to " + host + " are not signed");
        }
        List<AddressAnswer> answers = List.of(resolver.ipv4(host), resolver.ipv6(host));
        for (AddressAnswer answer : answers) {
            if (answer instanceof AddressAnswer.Addresses found && found.isSecure()) {
                // RFC 7672 §2.2.3: where aliases lead first, then the name itself.
                var bases = new LinkedHashSet<String>(List.of(found.canonicalName()));
                bases.add(host);
                return below(bases);
            }
        }
        return notSecure(answers);
    }

    /// The name itself may be in a signed zone still, and be an alias that leads out of it (RFC
    /// 7672 §2.2.2).
    private DaneRecords notSecure(List<AddressAnswer> answers) {
        String host = target.host();
        for (AddressAnswer answer : answers) {
            if (answer instanceof AddressAnswer.Addresses found) {
                return found.canonicalName().equals(host)
                        ? new DaneRecords.NotUsed("the addresses of " + host + " are not signed")
                        : byAlias();
            }
        }
        for (AddressAnswer answer : answers) {
            if (answer instanceof AddressAnswer.TemporaryFailure(String text)) {
                return new DaneRecords.Failed("No answer about " + host + ": " + text);
            }
        }
        return new DaneRecords.NotUsed(host + " has no address");
    }

    private DaneRecords byAlias() {
        String host = target.host();
        return switch (resolver.alias(host)) {
            case AliasAnswer.Alias(String _, boolean isSecure) ->
                    isSecure
                            ? below(Set.of(host))
                            : new DaneRecords.NotUsed("the alias " + host + " is not signed");
            case AliasAnswer.NoAlias() ->
                    new DaneRecords.NotUsed("the addresses of " + host + " are not signed");
            case AliasAnswer.TemporaryFailure(String text) ->
                    new DaneRecords.Failed("No answer about the alias " + host + ": " + text);
        };
    }

    /// The records of the first of the names that has any.
    private DaneRecords below(Set<String> bases) {
        for (String base : bases) {
            switch (resolver.tlsa(base, target.port())) {
                case TlsaAnswer.Records(var records, boolean isSecure, var _) -> {
                    if (isSecure) {
                        return judged(base, records);
                    }
                }
                case TlsaAnswer.NoRecords _ -> {}
                case TlsaAnswer.TemporaryFailure(String text) -> {
                    return new DaneRecords.Failed(
                            "No answer about the TLSA records of " + base + ": " + text);
                }
            }
        }
        return new DaneRecords.NotUsed(target.host() + " has no signed TLSA records");
    }

    private DaneRecords judged(String base, List<TlsaRecord> records) {
        List<TlsaRecord> usable = TlsaChoice.usable(records);
        if (usable.isEmpty()) {
            return new DaneRecords.Unusable(records, base);
        }
        var names = new LinkedHashSet<String>(List.of(base));
        names.addAll(target.domains());
        return new DaneRecords.Usable(usable, base, names);
    }
}
