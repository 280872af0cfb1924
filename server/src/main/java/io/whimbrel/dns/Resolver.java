package io.whimbrel.dns;

import io.whimbrel.dns.DnsCache.Question;
import io.whimbrel.metrics.DnsMetrics;

import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Asks the DNS, remembers answers. Thread-safe; each method blocks its (virtual) thread until
/// there is an answer, and ends early with a temporary failure when the thread is interrupted.
///
/// Only the DNS is asked: no hosts file, no search list, and `localhost` is a name like any other.
/// Records that have run out are given again while servers fail, so that a failed lookup moves no
/// mail; that something is not there is said only by a server that answers, so that it ends none.
/// How it remembers, waits and asks: [DnsCache], [Lookups], [NameServers].
public final class Resolver {
    /// RFC 1034 §3.6.2 wants chains followed and loops noticed; real chains have two or three
    /// links.
    private static final int ALIASES_MAX = 8;

    /// Of a failure that names no time (RFC 2308 §5 without SOA).
    private static final Duration NEGATIVE_DEFAULT = Duration.ofMinutes(1);

    private final InstantSource clock;
    private final NameServers servers;
    private final Lookups lookups;

    public Resolver(DnsSettings settings, InstantSource clock, DnsMetrics metrics) {
        this.clock = clock;
        this.servers = new NameServers(settings, clock);
        var cache = new DnsCache(settings.cacheBytesMax(), settings.serveStale());
        var limits = new Lookups.Limits(settings.questionsMax(), servers.longest());
        this.lookups = new Lookups(cache, limits, clock, metrics);
    }

    /// A resolver whose metrics nobody looks at.
    public Resolver(DnsSettings settings, InstantSource clock) {
        this(settings, clock, DnsMetrics.unregistered());
    }

    /// What it tells the time by.
    public InstantSource clock() {
        return clock;
    }

    /// Whether one made anew with `settings`, which are its own still, would ask others: where they
    /// name no server the system does, and that is read again.
    public boolean isOutdated(DnsSettings settings) {
        return !new NameServers(settings, clock).names().equals(servers.names());
    }

    /// Whom it asks, as operators see them.
    public List<String> servers() {
        return servers.names();
    }

    /// Who takes mail for `domain`.
    public MxAnswer mx(String domain) {
        return switch (lookup(domain, Type.MX)) {
            case DnsAnswer.Found found -> AnswerReader.mx(found);
            case DnsAnswer.NoData(Duration ttl, boolean isSecure) ->
                    new MxAnswer.NoMx(ttl, isSecure);
            case DnsAnswer.NoSuchName(Duration ttl, var _) -> new MxAnswer.NoSuchDomain(ttl);
            case DnsAnswer.Failed(String text, var _) -> new MxAnswer.TemporaryFailure(text);
        };
    }

    /// IPv4 addresses of `host`.
    public AddressAnswer ipv4(String host) {
        return addresses(lookup(host, Type.A));
    }

    /// As [#ipv4(String)]; a temporary failure, or what has run out, where there is no answer
    /// within `most`.
    public AddressAnswer ipv4(String host, Duration most) {
        return addresses(lookup(host, Type.A, most));
    }

    /// IPv6 addresses of `host`.
    public AddressAnswer ipv6(String host) {
        return addresses(lookup(host, Type.AAAA));
    }

    /// As [#ipv4(String, Duration)].
    public AddressAnswer ipv6(String host, Duration most) {
        return addresses(lookup(host, Type.AAAA, most));
    }

    /// Begins to ask for the IPv4 addresses of `host`, and does not wait: whoever wants several
    /// answers begins with all of them.
    public void beginIpv4(String host) {
        begin(host, Type.A);
    }

    /// As [#beginIpv4].
    public void beginIpv6(String host) {
        begin(host, Type.AAAA);
    }

    /// The longest that one question takes, once its turn has come.
    public Duration longest() {
        return servers.longest();
    }

    private static AddressAnswer addresses(DnsAnswer answer) {
        return switch (answer) {
            case DnsAnswer.Found found -> AnswerReader.addresses(found);
            case DnsAnswer.NoData(Duration ttl, var _) -> new AddressAnswer.NoAddress(ttl);
            case DnsAnswer.NoSuchName(Duration ttl, var _) -> new AddressAnswer.NoSuchDomain(ttl);
            case DnsAnswer.Failed(String text, var _) -> new AddressAnswer.TemporaryFailure(text);
        };
    }

    /// The texts of `name`.
    public TextAnswer text(String name) {
        return switch (lookup(name, Type.TXT)) {
            case DnsAnswer.Found found -> AnswerReader.texts(found);
            case DnsAnswer.NoData(Duration ttl, var _) -> new TextAnswer.NoText(ttl);
            case DnsAnswer.NoSuchName(Duration ttl, var _) -> new TextAnswer.NoSuchDomain(ttl);
            case DnsAnswer.Failed(String text, var _) -> new TextAnswer.TemporaryFailure(text);
        };
    }

    /// The names of `address`.
    public PointerAnswer names(InetAddress address) {
        return switch (lookup(ReversedAddress.arpa(address), Type.PTR)) {
            case DnsAnswer.Found found -> AnswerReader.names(found);
            case DnsAnswer.NoData(Duration ttl, var _) -> new PointerAnswer.NoName(ttl);
            case DnsAnswer.NoSuchName(Duration ttl, var _) -> new PointerAnswer.NoName(ttl);
            case DnsAnswer.Failed(String text, var _) -> new PointerAnswer.TemporaryFailure(text);
        };
    }

    /// Which certificates the service at `port` of `host` may show, by TCP (RFC 6698 §3).
    public TlsaAnswer tlsa(String host, int port) {
        return switch (lookup("_" + port + "._tcp." + host, Type.TLSA)) {
            case DnsAnswer.Found found -> AnswerReader.tlsa(found);
            case DnsAnswer.NoData(var _, boolean isSecure) -> new TlsaAnswer.NoRecords(isSecure);
            case DnsAnswer.NoSuchName(var _, boolean isSecure) ->
                    new TlsaAnswer.NoRecords(isSecure);
            case DnsAnswer.Failed(String text, var _) -> new TlsaAnswer.TemporaryFailure(text);
        };
    }

    /// What `name` is an alias of: one link, and whether that one is secure, which the answer about
    /// a whole chain does not tell.
    public AliasAnswer alias(String name) {
        return switch (lookup(name, Type.CNAME)) {
            case DnsAnswer.Found found -> AnswerReader.alias(found);
            case DnsAnswer.NoData _, DnsAnswer.NoSuchName _ -> new AliasAnswer.NoAlias();
            case DnsAnswer.Failed(String text, var _) -> new AliasAnswer.TemporaryFailure(text);
        };
    }

    private DnsAnswer lookup(String name, int type) {
        String key = key(name);
        return absolute(key)
                .map(absolute ->
                        lookups.get(new Question(key, type), () -> followed(absolute, type)))
                .orElseGet(Resolver::noName);
    }

    private DnsAnswer lookup(String name, int type, Duration most) {
        String key = key(name);
        return absolute(key)
                .map(absolute ->
                        lookups.get(new Question(key, type), () -> followed(absolute, type), most))
                .orElseGet(Resolver::noName);
    }

    private void begin(String name, int type) {
        String key = key(name);
        absolute(key)
                .ifPresent(absolute ->
                        lookups.begin(new Question(key, type), () -> followed(absolute, type)));
    }

    private static String key(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static Optional<Name> absolute(String key) {
        try {
            return Optional.of(Name.fromString(key, Name.root));
        } catch (TextParseException _) {
            return Optional.empty();
        }
    }

    /// Not a name that the DNS can hold, so it cannot be there.
    private static DnsAnswer noName() {
        return new DnsAnswer.NoSuchName(NEGATIVE_DEFAULT, false);
    }

    /// Asks for `name`, then for what it is an alias of, where the server did not follow it.
    private DnsAnswer followed(Name name, int type) {
        Name asked = name;
        Duration timeToLive = DnsCache.MOST;
        boolean isSecure = true;
        for (int i = 0; i <= ALIASES_MAX; i++) {
            Message message;
            switch (servers.ask(asked, type)) {
                case NameServers.Response.Failed(String text, DnsAnswer.Cause cause) -> {
                    return new DnsAnswer.Failed(text, cause);
                }
                case NameServers.Response.Answered(Message answered, boolean isAnswerSecure) -> {
                    message = answered;
                    isSecure &= isAnswerSecure;
                }
            }
            var chain = AliasChain.in(message, asked, type, ALIASES_MAX);
            if (chain.isEndless()) {
                break;
            }
            timeToLive = shorter(timeToLive, chain.timeToLive());
            DnsAnswer answer = answer(message, chain.end(), type, timeToLive, isSecure);
            boolean isComplete = chain.end().equals(asked) || hasSoa(message);
            if (isComplete || !(answer instanceof DnsAnswer.NoData)) {
                return answer;
            }
            asked = chain.end();
        }
        return new DnsAnswer.Failed(
                "a loop, or more than " + ALIASES_MAX + " aliases, at " + name,
                DnsAnswer.Cause.REFUSAL);
    }

    private static DnsAnswer answer(
            Message message, Name owner, int type, Duration mostTtl, boolean isSecure) {
        List<Record> found = new ArrayList<>();
        Duration timeToLive = mostTtl;
        for (Record record : message.getSection(Section.ANSWER)) {
            if (record.getType() == type && record.getName().equals(owner)) {
                found.add(record);
                timeToLive = shorter(timeToLive, Duration.ofSeconds(record.getTTL()));
            }
        }
        if (!found.isEmpty()) {
            return new DnsAnswer.Found(List.copyOf(found), owner, timeToLive, isSecure);
        }
        Duration negative = shorter(mostTtl, negativeTtl(message));
        return message.getRcode() == Rcode.NXDOMAIN
                ? new DnsAnswer.NoSuchName(negative, isSecure)
                : new DnsAnswer.NoData(negative, isSecure);
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

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
