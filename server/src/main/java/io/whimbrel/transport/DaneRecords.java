package io.whimbrel.transport;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TlsaRecord;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// What DANE asks for when mail is sent to a host (RFC 7672 §2.2). Immutable.
public sealed interface DaneRecords {

    /// Nothing: there are no TLSA records, or something on the way to them is not signed. `why` is
    /// for operators.
    record NotUsed(String why) implements DaneRecords {}

    /// TLS, with a certificate that [DaneTrust] finds in order.
    ///
    /// @param records at least one; usage DANE-TA or DANE-EE, all parts in order
    /// @param baseDomain the name to say in SNI (RFC 7672 §8.1)
    /// @param names of which the certificate must have one, by usage DANE-TA; the base domain first
    record Usable(List<TlsaRecord> records, String baseDomain, Set<String> names)
            implements DaneRecords {

        public Usable {
            records = List.copyOf(records);
            names = Collections.unmodifiableSet(new LinkedHashSet<>(names));
        }
    }

    /// TLS, with any certificate at all: there are records, none of which can be used (RFC 7672
    /// §2.2).
    ///
    /// @param records those, for reports
    record Unusable(List<TlsaRecord> records, String baseDomain) implements DaneRecords {

        public Unusable {
            records = List.copyOf(records);
        }
    }

    /// It cannot be told now, so the host must not be used now: whoever suppresses an answer would
    /// otherwise choose it (RFC 7672 §2.1.2).
    record Failed(String text) implements DaneRecords {}

    /// Asks for them; blocks while the DNS is asked.
    static DaneRecords find(Resolver resolver, DaneTarget target) {
        return new DaneSearch(resolver, target).find();
    }
}
