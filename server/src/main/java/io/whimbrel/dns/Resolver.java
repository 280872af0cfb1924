package io.whimbrel.dns;

import io.whimbrel.dns.DnsCache.Question;
import io.whimbrel.dns.MxAnswer.MxHost;

import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/// Asks the DNS, remembers answers. Thread-safe; each method blocks its (virtual) thread until
/// there is an answer, and ends early with a temporary failure when the thread is interrupted.
///
/// Only the DNS is asked: no hosts file, no search list, and `localhost` is a name like any other.
/// An answer that has run out is given again while servers fail, so that a failed lookup moves no
/// mail.
public final class Resolver {
    /// RFC 1034 §3.6.2 wants chains followed and loops noticed; real chains have two or three
    /// links.
    private static final int ALIASES_MAX = 8;

    /// Of a failure that names no time (RFC 2308 §5 without SOA).
    private static final Duration NEGATIVE_DEFAULT = Duration.ofMinutes(1);

    private final NameServers servers;
    private final DnsCache cache;

    public Resolver(DnsSettings settings, InstantSource clock) {
        this.servers = new NameServers(settings);
        this.cache = new DnsCache(clock);
    }

    /// Whom it asks, as operators see them.
    public List<String> servers() {
        return servers.names();
    }

    /// Who takes mail for `domain`.
    public MxAnswer mx(String domain) {
        return switch (lookup(domain, Type.MX)) {
            case DnsAnswer.Found(List<Record> records, Duration ttl) -> mxAnswer(records, ttl);
            case DnsAnswer.NoData(Duration ttl) -> new MxAnswer.NoMx(ttl);
            case DnsAnswer.NoSuchName(Duration ttl) -> new MxAnswer.NoSuchDomain(ttl);
            case DnsAnswer.Failed(String text) -> new MxAnswer.TemporaryFailure(text);
        };
    }

    /// IPv4 addresses of `host`.
    public AddressAnswer ipv4(String host) {
        return addresses(host, Type.A);
    }

    /// IPv6 addresses of `host`.
    public AddressAnswer ipv6(String host) {
        return addresses(host, Type.AAAA);
    }

    /// The texts of `name`.
    public TextAnswer text(String name) {
        return switch (lookup(name, Type.TXT)) {
            case DnsAnswer.Found(List<Record> records, Duration ttl) -> textAnswer(records, ttl);
            case DnsAnswer.NoData(Duration ttl) -> new TextAnswer.NoText(ttl);
            case DnsAnswer.NoSuchName(Duration ttl) -> new TextAnswer.NoSuchDomain(ttl);
            case DnsAnswer.Failed(String text) -> new TextAnswer.TemporaryFailure(text);
        };
    }

    /// The names of `address`.
    public PointerAnswer names(InetAddress address) {
        return switch (lookup(ReversedAddress.arpa(address), Type.PTR)) {
            case DnsAnswer.Found(List<Record> records, Duration ttl) -> pointerAnswer(records, ttl);
            case DnsAnswer.NoData(Duration ttl) -> new PointerAnswer.NoName(ttl);
            case DnsAnswer.NoSuchName(Duration ttl) -> new PointerAnswer.NoName(ttl);
            case DnsAnswer.Failed(String text) -> new PointerAnswer.TemporaryFailure(text);
        };
    }

    private AddressAnswer addresses(String host, int type) {
        return switch (lookup(host, type)) {
            case DnsAnswer.Found(List<Record> records, Duration ttl) -> addressAnswer(records, ttl);
            case DnsAnswer.NoData(Duration ttl) -> new AddressAnswer.NoAddress(ttl);
            case DnsAnswer.NoSuchName(Duration ttl) -> new AddressAnswer.NoSuchDomain(ttl);
            case DnsAnswer.Failed(String text) -> new AddressAnswer.TemporaryFailure(text);
        };
    }

    private DnsAnswer lookup(String name, int type) {
        String key = name.toLowerCase(Locale.ROOT);
        Name absolute;
        try {
            absolute = Name.fromString(key, Name.root);
        } catch (TextParseException _) {
            // Not a name that the DNS can hold, so it cannot be there.
            return new DnsAnswer.NoSuchName(NEGATIVE_DEFAULT);
        }
        return cache.get(new Question(key, type), () -> followed(absolute, type));
    }

    /// Asks for `name`, then for what it is an alias of, where the server did not follow it.
    private DnsAnswer followed(Name name, int type) {
        Name asked = name;
        Duration timeToLive = DnsCache.MOST;
        for (int i = 0; i <= ALIASES_MAX; i++) {
            Message message;
            switch (servers.ask(asked, type)) {
                case NameServers.Response.Failed(String text, boolean isUnreachable) -> {
                    if (isUnreachable) {
                        cache.unreachable();
                    }
                    return new DnsAnswer.Failed(text);
                }
                case NameServers.Response.Answered(Message answered) -> message = answered;
            }
            var chain = AliasChain.in(message, asked, ALIASES_MAX);
            if (chain.isEndless()) {
                break;
            }
            timeToLive = shorter(timeToLive, chain.timeToLive());
            DnsAnswer answer = answer(message, chain.end(), type, timeToLive);
            boolean isComplete = chain.end().equals(asked) || hasSoa(message);
            if (isComplete || !(answer instanceof DnsAnswer.NoData)) {
                return answer;
            }
            asked = chain.end();
        }
        return new DnsAnswer.Failed("a loop, or more than " + ALIASES_MAX + " aliases, at " + name);
    }

    private static DnsAnswer answer(Message message, Name owner, int type, Duration mostTtl) {
        List<Record> found = new ArrayList<>();
        Duration timeToLive = mostTtl;
        for (Record record : message.getSection(Section.ANSWER)) {
            if (record.getType() == type && record.getName().equals(owner)) {
                found.add(record);
                timeToLive = shorter(timeToLive, Duration.ofSeconds(record.getTTL()));
            }
        }
        if (!found.isEmpty()) {
            return new DnsAnswer.Found(found, timeToLive);
        }
        Duration negative = shorter(mostTtl, negativeTtl(message));
        return message.getRcode() == Rcode.NXDOMAIN
                ? new DnsAnswer.NoSuchName(negative)
                : new DnsAnswer.NoData(negative);
    }

    private static boolean hasSoa(Message message) {
        for (Record record : message.getSection(Section.AUTHORITY)) {
            if (record instanceof SOARecord) {
                return true;
            }
        }
        return false;
    }

    /// RFC 2308 §5: the lesser of the SOA's own time to live and its MINIMUM field.
    private static Duration negativeTtl(Message message) {
        for (Record record : message.getSection(Section.AUTHORITY)) {
            if (record instanceof SOARecord soa) {
                return Duration.ofSeconds(Math.min(soa.getTTL(), soa.getMinimum()));
            }
        }
        return NEGATIVE_DEFAULT;
    }

    private static MxAnswer mxAnswer(List<Record> records, Duration timeToLive) {
        // A host that stands there twice counts with its better preference.
        var preferences = new TreeMap<String, Integer>();
        for (Record record : records) {
            if (record instanceof MXRecord mx && !mx.getTarget().equals(Name.root)) {
                preferences.merge(text(mx.getTarget()), mx.getPriority(), Math::min);
            }
        }
        if (preferences.isEmpty()) {
            return new MxAnswer.NullMx(timeToLive);
        }
        List<MxHost> hosts = new ArrayList<>();
        preferences.forEach((host, preference) -> hosts.add(new MxHost(preference, host)));
        hosts.sort(Comparator.comparingInt(MxHost::preference).thenComparing(MxHost::host));
        return new MxAnswer.Hosts(List.copyOf(hosts), timeToLive);
    }

    private static AddressAnswer addressAnswer(List<Record> records, Duration timeToLive) {
        List<InetAddress> addresses = new ArrayList<>();
        for (Record record : records) {
            InetAddress address =
                    switch (record) {
                        case ARecord a -> a.getAddress();
                        case AAAARecord aaaa -> aaaa.getAddress();
                        default -> throw new IllegalStateException("not an address: " + record);
                    };
            addresses.add(nameless(address));
        }
        return new AddressAnswer.Addresses(List.copyOf(addresses), timeToLive);
    }

    private static TextAnswer textAnswer(List<Record> records, Duration timeToLive) {
        List<String> texts = new ArrayList<>();
        for (Record record : records) {
            if (record instanceof TXTRecord txt) {
                var text = new StringBuilder();
                for (byte[] string : txt.getStringsAsByteArrays()) {
                    text.append(new String(string, StandardCharsets.ISO_8859_1));
                }
                texts.add(text.toString());
            }
        }
        return new TextAnswer.Texts(List.copyOf(texts), timeToLive);
    }

    private static PointerAnswer pointerAnswer(List<Record> records, Duration timeToLive) {
        List<String> names = new ArrayList<>();
        for (Record record : records) {
            if (record instanceof PTRRecord pointer) {
                names.add(text(pointer.getTarget()));
            }
        }
        return new PointerAnswer.Names(List.copyOf(names), timeToLive);
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

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
