package io.whimbrel.dns;

import io.whimbrel.dns.MxAnswer.MxHost;

import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.TLSARecord;
import org.xbill.DNS.TXTRecord;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/// Makes answers of the records that were found. Stateless.
final class AnswerReader {
    private AnswerReader() {}

    static MxAnswer mx(DnsAnswer.Found found) {
        // A host that stands there twice counts with its better preference.
        var preferences = new TreeMap<String, Integer>();
        for (Record record : found.records()) {
            if (record instanceof MXRecord mx && !mx.getTarget().equals(Name.root)) {
                preferences.merge(text(mx.getTarget()), mx.getPriority(), Math::min);
            }
        }
        if (preferences.isEmpty()) {
            return new MxAnswer.NullMx(found.timeToLive());
        }
        List<MxHost> hosts = new ArrayList<>();
        preferences.forEach((host, preference) -> hosts.add(new MxHost(preference, host)));
        hosts.sort(Comparator.comparingInt(MxHost::preference).thenComparing(MxHost::host));
        return new MxAnswer.Hosts(
                List.copyOf(hosts), found.timeToLive(), found.isSecure(), text(found.owner()));
    }

    static AddressAnswer addresses(DnsAnswer.Found found) {
        List<InetAddress> addresses = new ArrayList<>();
        for (Record record : found.records()) {
            InetAddress address =
                    switch (record) {
                        case ARecord a -> a.getAddress();
                        case AAAARecord aaaa -> aaaa.getAddress();
                        default -> throw new IllegalStateException("not an address: " + record);
                    };
            addresses.add(nameless(address));
        }
        return new AddressAnswer.Addresses(
                List.copyOf(addresses), found.timeToLive(), found.isSecure(), text(found.owner()));
    }

    static TextAnswer texts(DnsAnswer.Found found) {
        List<String> texts = new ArrayList<>();
        for (Record record : found.records()) {
            if (record instanceof TXTRecord txt) {
                var text = new StringBuilder();
                for (byte[] string : txt.getStringsAsByteArrays()) {
                    text.append(new String(string, StandardCharsets.ISO_8859_1));
                }
                texts.add(text.toString());
            }
        }
        return new TextAnswer.Texts(List.copyOf(texts), found.timeToLive());
    }

    static PointerAnswer names(DnsAnswer.Found found) {
        List<String> names = new ArrayList<>();
        for (Record record : found.records()) {
            if (record instanceof PTRRecord pointer) {
                names.add(text(pointer.getTarget()));
            }
        }
        return new PointerAnswer.Names(List.copyOf(names), found.timeToLive());
    }

    static TlsaAnswer tlsa(DnsAnswer.Found found) {
        List<TlsaRecord> records = new ArrayList<>();
        for (Record record : found.records()) {
            if (record instanceof TLSARecord tlsa) {
                records.add(
                        new TlsaRecord(
                                tlsa.getCertificateUsage(),
                                tlsa.getSelector(),
                                tlsa.getMatchingType(),
                                HexFormat.of().formatHex(tlsa.getCertificateAssociationData())));
            }
        }
        return new TlsaAnswer.Records(List.copyOf(records), found.isSecure(), found.timeToLive());
    }

    static AliasAnswer alias(DnsAnswer.Found found) {
        for (Record record : found.records()) {
            if (record instanceof CNAMERecord alias) {
                return new AliasAnswer.Alias(text(alias.getTarget()), found.isSecure());
            }
        }
        return new AliasAnswer.NoAlias();
    }

    /// dnsjava gives the address its host's name, which would show wherever it is printed. IPv4
    /// addresses mapped into IPv6 become IPv4.
    private static InetAddress nameless(InetAddress address) {
        try {
            return InetAddress.getByAddress(address.getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }

    private static String text(Name name) {
        return name.toString(true).toLowerCase(Locale.ROOT);
    }
}
