package io.whimbrel.dns;

import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

import java.time.Duration;
import java.util.List;

/// What name servers answered to one question, aliases followed. Immutable.
///
/// `isSecure`: a resolver that is trusted with it has validated this and each alias on the way.
sealed interface DnsAnswer {

    /// Records of the type that was asked for.
    ///
    /// @param owner where they are: the end of the chain of aliases
    record Found(List<Record> records, Name owner, Duration timeToLive, boolean isSecure)
            implements DnsAnswer {

        /// A null MX bounces mail, as what is not found does (RFC 7505 §3).
        private boolean isNullMx() {
            return records.stream()
                    .allMatch(it -> it instanceof MXRecord mx && mx.getTarget().equals(Name.root));
        }
    }

    /// The name is there, records of this type are not.
    record NoData(Duration timeToLive, boolean isSecure) implements DnsAnswer {}

    /// NXDOMAIN.
    record NoSuchName(Duration timeToLive, boolean isSecure) implements DnsAnswer {}

    /// No server answered, or none with an answer.
    record Failed(String text, Cause cause) implements DnsAnswer {}

    /// Why a lookup failed.
    enum Cause {
        /// Not one server sent anything about this in time, though about something else.
        SILENCE,

        /// Not one server sent anything at all in that time.
        UNREACHABLE,

        /// Servers sent something that is no answer.
        REFUSAL,

        /// It was not asked: too many questions wait, or nobody waits for this one any more.
        UNASKED
    }

    /// Whether the answer may be given when it has run out and servers fail. Not one that ends the
    /// life of mail: servers that fail must only ever defer. That a domain has no MX or a host no
    /// IPv6 address ends none, for then it is up to the IPv4 address.
    default boolean mayBeStale(int type) {
        return switch (this) {
            case Found found -> !found.isNullMx();
            case NoData _ -> type == Type.MX || type == Type.AAAA;
            case NoSuchName _, Failed _ -> false;
        };
    }
}
