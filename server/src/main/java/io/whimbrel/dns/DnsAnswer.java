package io.whimbrel.dns;

import org.xbill.DNS.Record;

import java.time.Duration;
import java.util.List;

/// What name servers answered to one question, aliases followed. Immutable.
sealed interface DnsAnswer {

    /// Records of the type that was asked for.
    record Found(List<Record> records, Duration timeToLive) implements DnsAnswer {}

    /// The name is there, records of this type are not.
    record NoData(Duration timeToLive) implements DnsAnswer {}

    /// NXDOMAIN.
    record NoSuchName(Duration timeToLive) implements DnsAnswer {}

    /// No server answered, or none with an answer.
    record Failed(String text) implements DnsAnswer {}
}
