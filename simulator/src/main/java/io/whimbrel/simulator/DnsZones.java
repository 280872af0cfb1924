package io.whimbrel.simulator;

import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.PTRRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// All of DNS, as this internet sees it: it is authoritative for every name, and what is not in it
/// does not exist. Filled before the first query and not changed afterwards; then thread-safe.
final class DnsZones {
    /// What a client that speaks EDNS is told and sent over UDP at most (DNS flag day 2020).
    static final int UDP_BYTES_MAX = 1_232;

    private static final long TTL_SECONDS = 300;
    private static final int CNAME_CHAIN_MAX = 8;

    private final Map<Name, Map<Integer, List<Record>>> names = new HashMap<>();
    private final Set<Name> existing = new HashSet<>();
    private final Set<Name> zones = new HashSet<>();
    private final Set<Name> failing = new HashSet<>();
    private final Set<Name> silent = new HashSet<>();

    void addHost(String host, List<InetAddress> addresses) {
        Name name = name(host);
        for (InetAddress address : addresses) {
            add(address(name, address));
            add(new PTRRecord(ReverseMap.fromAddress(address), DClass.IN, TTL_SECONDS, name));
        }
    }

    /// `hosts` gives the addresses of a host by its name, for domains without MX.
    void addDomain(MailDomain domain, Map<String, List<InetAddress>> hosts) {
        Name name = name(domain.name());
        zones.add(name);
        switch (domain) {
            case MailDomain.WithMx(_, List<MailDomain.Mx> records) -> {
                for (MailDomain.Mx mx : records) {
                    add(mx(name, mx.preference(), name(mx.host())));
                }
            }
            case MailDomain.WithoutMx(_, String host) -> {
                for (InetAddress address : hosts.getOrDefault(host, List.of())) {
                    add(address(name, address));
                }
            }
            case MailDomain.Alias(_, String target) ->
                    add(new CNAMERecord(name, DClass.IN, TTL_SECONDS, name(target)));
            case MailDomain.NullMx _ -> add(mx(name, 0, Name.root));
            case MailDomain.ServerFailure _ -> failing.add(name);
            case MailDomain.Silent _ -> silent.add(name);
        }
    }

    private static Record mx(Name name, int preference, Name host) {
        return new MXRecord(name, DClass.IN, TTL_SECONDS, preference, host);
    }

    private static Record address(Name name, InetAddress address) {
        return address.getAddress().length == 4
                ? new ARecord(name, DClass.IN, TTL_SECONDS, address)
                : new AAAARecord(name, DClass.IN, TTL_SECONDS, address);
    }

    private void add(Record record) {
        names.computeIfAbsent(record.getName(), _ -> new HashMap<>())
                .computeIfAbsent(record.getType(), _ -> new ArrayList<>())
                .add(record);
        for (Name name = record.getName(); name.labels() > 0; name = new Name(name, 1)) {
            existing.add(name);
        }
    }

    private static Name name(String text) {
        try {
            return Name.fromString(text, Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException("not a domain name: " + text, e);
        }
    }

    /// The answer to a query, or empty where the name servers keep silent.
    Optional<Message> answer(Message query) {
        var answer = new Message(query.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setOpcode(query.getHeader().getOpcode());
        if (query.getHeader().getFlag(Flags.RD)) {
            answer.getHeader().setFlag(Flags.RD);
        }
        if (query.getOPT() != null) {
            answer.addRecord(new OPTRecord(UDP_BYTES_MAX, 0, 0), Section.ADDITIONAL);
        }
        Record question = query.getQuestion();
        if (query.getHeader().getOpcode() != Opcode.QUERY || question == null) {
            answer.getHeader().setRcode(question == null ? Rcode.FORMERR : Rcode.NOTIMP);
            return Optional.of(answer);
        }
        answer.addRecord(question, Section.QUESTION);
        if (isWithin(question.getName(), silent)) {
            return Optional.empty();
        }
        if (isWithin(question.getName(), failing)) {
            answer.getHeader().setRcode(Rcode.SERVFAIL);
            return Optional.of(answer);
        }
        answer.getHeader().setFlag(Flags.AA);
        resolve(question, answer);
        return Optional.of(answer);
    }

    /// Follows aliases as far as this internet knows (RFC 1034 §4.3.2); a loop ends after a few
    /// steps and leaves the client with the aliases.
    private void resolve(Record question, Message answer) {
        Name name = question.getName();
        for (int step = 0; step < CNAME_CHAIN_MAX; step++) {
            Map<Integer, List<Record>> records = recordsOf(name);
            List<Record> found = select(records, question.getType());
            List<Record> alias = records.getOrDefault(Type.CNAME, List.of());
            if (!found.isEmpty()) {
                addAll(found, name, answer);
                return;
            }
            if (alias.isEmpty()) {
                if (!existing.contains(name) && records.isEmpty()) {
                    answer.getHeader().setRcode(Rcode.NXDOMAIN);
                }
                answer.addRecord(authority(name), Section.AUTHORITY);
                return;
            }
            addAll(alias, name, answer);
            name = ((CNAMERecord) alias.getFirst()).getTarget();
        }
    }

    private static List<Record> select(Map<Integer, List<Record>> records, int type) {
        if (type != Type.ANY) {
            return records.getOrDefault(type, List.of());
        }
        var all = new ArrayList<Record>();
        records.values().forEach(all::addAll);
        return all;
    }

    /// Records of a wildcard come back under the name asked for (RFC 4592 §3.3).
    private static void addAll(List<Record> records, Name name, Message answer) {
        for (Record record : records) {
            Record named =
                    record.getName().equals(name)
                            ? record
                            : Record.newRecord(
                                    name,
                                    record.getType(),
                                    DClass.IN,
                                    TTL_SECONDS,
                                    record.rdataToWireCanonical());
            answer.addRecord(named, Section.ANSWER);
        }
    }

    private Map<Integer, List<Record>> recordsOf(Name name) {
        if (existing.contains(name) || name.labels() < 2) {
            return names.getOrDefault(name, Map.of());
        }
        Name ancestor = new Name(name, 1);
        while (!existing.contains(ancestor) && ancestor.labels() > 1) {
            ancestor = new Name(ancestor, 1);
        }
        return ancestor.labels() > 1
                ? names.getOrDefault(name("*." + ancestor), Map.of())
                : Map.of();
    }

    /// The SOA record of the zone that `name` is in: the nearest mail domain above it, or the root.
    private Record authority(Name name) {
        Name zone = name;
        while (zone.labels() > 1 && !zones.contains(zone)) {
            zone = new Name(zone, 1);
        }
        Name host = name("ns.simulator.test");
        Name admin = name("hostmaster.simulator.test");
        return new SOARecord(zone, DClass.IN, 60, host, admin, 1, 3_600, 600, 86_400, 60);
    }

    private static boolean isWithin(Name name, Set<Name> zones) {
        for (Name zone = name; zone.labels() > 1; zone = new Name(zone, 1)) {
            if (zones.contains(zone)) {
                return true;
            }
        }
        return false;
    }
}
