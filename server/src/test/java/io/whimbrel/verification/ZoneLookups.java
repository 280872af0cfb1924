package io.whimbrel.verification;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.MxAnswer.MxHost;
import io.whimbrel.dns.PointerAnswer;
import io.whimbrel.dns.ReversedAddress;
import io.whimbrel.dns.TextAnswer;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// Answers from memory. Thread-safe once it is filled.
final class ZoneLookups implements Lookups {
    private static final Duration TTL = Duration.ofHours(1);
    private static final String TIMEOUT = "TIMEOUT";

    /// By name, lower case: records as type and data.
    private final Map<String, List<String[]>> zone = new HashMap<>();

    private final AtomicInteger questions = new AtomicInteger();

    /// @param type `TXT`, `A`, `AAAA`, `MX` (data is preference, space, host), `PTR`, `CNAME`;
    ///   `TIMEOUT` fails each question that finds nothing
    ZoneLookups with(String name, String type, String data) {
        zone.computeIfAbsent(key(name), _ -> new ArrayList<>()).add(new String[] {type, data});
        return this;
    }

    ZoneLookups withText(String name, String text) {
        return with(name, "TXT", text);
    }

    /// The name exists, with nothing at it.
    ZoneLookups withEmpty(String name) {
        zone.computeIfAbsent(key(name), _ -> new ArrayList<>());
        return this;
    }

    int questions() {
        return questions.get();
    }

    private static String key(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    /// The data of all records of that type; `TIMEOUT` where the question fails.
    private List<String> find(String name, String type) {
        questions.incrementAndGet();
        String owner = key(name);
        for (int links = 0; links < 8; links++) {
            List<String> found = new ArrayList<>();
            String alias = "";
            boolean fails = false;
            for (String[] record : zone.getOrDefault(owner, List.of())) {
                if (record[0].equals(type)) {
                    found.add(record[1]);
                } else if (record[0].equals("CNAME")) {
                    alias = record[1];
                }
                fails |= record[0].equals(TIMEOUT);
            }
            if (!found.isEmpty() || alias.isEmpty()) {
                return found.isEmpty() && fails ? List.of(TIMEOUT) : found;
            }
            owner = key(alias);
        }
        return List.of();
    }

    private static boolean isTimeout(List<String> found) {
        return found.contains(TIMEOUT);
    }

    private boolean exists(String name) {
        return zone.containsKey(key(name));
    }

    @Override
    public TextAnswer text(String name) {
        List<String> found = find(name, "TXT");
        if (isTimeout(found)) {
            return new TextAnswer.TemporaryFailure("timeout");
        }
        if (found.isEmpty()) {
            return exists(name) ? new TextAnswer.NoText(TTL) : new TextAnswer.NoSuchDomain(TTL);
        }
        return new TextAnswer.Texts(found, TTL);
    }

    @Override
    public PointerAnswer names(InetAddress address) {
        boolean isIpv6 = address instanceof Inet6Address;
        String name = ReversedAddress.of(address) + (isIpv6 ? ".ip6.arpa" : ".in-addr.arpa");
        List<String> found = find(name, "PTR");
        if (isTimeout(found)) {
            return new PointerAnswer.TemporaryFailure("timeout");
        }
        return found.isEmpty()
                ? new PointerAnswer.NoName(TTL)
                : new PointerAnswer.Names(found.stream().map(ZoneLookups::key).toList(), TTL);
    }

    @Override
    public MxAnswer mx(String domain) {
        List<String> found = find(domain, "MX");
        if (isTimeout(found)) {
            return new MxAnswer.TemporaryFailure("timeout");
        }
        if (found.isEmpty()) {
            return exists(domain) ? new MxAnswer.NoMx(TTL, false) : new MxAnswer.NoSuchDomain(TTL);
        }
        List<MxHost> hosts = new ArrayList<>();
        for (String data : found) {
            String[] words = data.split(" ", 2);
            if (!words[1].isEmpty() && !words[1].equals(".")) {
                hosts.add(new MxHost(Integer.parseInt(words[0]), key(words[1])));
            }
        }
        return hosts.isEmpty()
                ? new MxAnswer.NullMx(TTL)
                : new MxAnswer.Hosts(hosts, TTL, false, domain);
    }

    @Override
    public AddressAnswer ipv4(String host) {
        return addresses(host, "A");
    }

    @Override
    public AddressAnswer ipv6(String host) {
        return addresses(host, "AAAA");
    }

    private AddressAnswer addresses(String host, String type) {
        List<String> found = find(host, type);
        if (isTimeout(found)) {
            return new AddressAnswer.TemporaryFailure("timeout");
        }
        if (found.isEmpty()) {
            return exists(host)
                    ? new AddressAnswer.NoAddress(TTL)
                    : new AddressAnswer.NoSuchDomain(TTL);
        }
        return new AddressAnswer.Addresses(
                found.stream().map(InetAddress::ofLiteral).toList(), TTL, false, host);
    }
}
