package io.whimbrel.dns;

import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

import java.time.Duration;
import java.util.List;

/// The aliases in one answer, followed from the name asked for (RFC 1034 §3.6.2). Immutable.
///
/// @param end the name that is no alias, as far as the answer tells
/// @param timeToLive of the shortest-lived alias
/// @param isEndless it has more links than allowed, so it is a loop and `end` means nothing
record AliasChain(Name end, Duration timeToLive, boolean isEndless) {

    /// @param type asked for; who asks for aliases wants none followed
    /// @param linksMax most links that are followed
    static AliasChain in(Message message, Name start, int type, int linksMax) {
        Name end = start;
        long ttl = DnsCache.MOST.toSeconds();
        if (type == Type.CNAME) {
            return new AliasChain(end, DnsCache.MOST, false);
        }
        List<Record> records = message.getSection(Section.ANSWER);
        for (int links = 0; links < linksMax; links++) {
            Name before = end;
            for (Record record : records) {
                if (record instanceof CNAMERecord alias && alias.getName().equals(before)) {
                    end = alias.getTarget();
                    ttl = Math.min(ttl, alias.getTTL());
                    break;
                }
            }
            if (end.equals(before)) {
                return new AliasChain(end, Duration.ofSeconds(ttl), false);
            }
        }
        return new AliasChain(end, Duration.ofSeconds(ttl), true);
    }
}
