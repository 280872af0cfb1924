package io.whimbrel.simulator;

import java.net.IDN;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

import javax.net.ssl.SSLContext;

/// A mailbox provider that is up: its description, where its hosts are, and what it has done so
/// far. Thread-safe.
public final class Provider {
    private final ProviderSpec spec;
    private final List<Endpoint> endpoints;
    private final Optional<SSLContext> tls;
    private final Desk desk;
    private final Tally tally = new Tally();

    /// An address of a host.
    record Endpoint(MailHost host, InetAddress address) {
        boolean listens() {
            return host.kind() != MailHost.Kind.DEAD;
        }
    }

    Provider(ProviderSpec spec, List<Endpoint> endpoints, Optional<SSLContext> tls, Desk desk) {
        this.spec = spec;
        this.endpoints = List.copyOf(endpoints);
        this.tls = tls;
        this.desk = desk;
    }

    public String name() {
        return spec.name();
    }

    public ProviderSpec spec() {
        return spec;
    }

    /// The domains whose mail it takes; `*.many.example` stands for all below `many.example`.
    public List<String> domains() {
        return spec.domains().stream().map(MailDomain::name).toList();
    }

    public List<String> mxHosts() {
        return spec.hosts().stream().map(MailHost::name).toList();
    }

    /// The loopback addresses it listens on, all on [SimulatedInternet#smtpPort].
    public List<InetAddress> addresses() {
        var addresses = new ArrayList<InetAddress>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint.listens()) {
                addresses.add(endpoint.address());
            }
        }
        return addresses;
    }

    public ProviderCounters counters() {
        return tally.snapshot();
    }

    List<Endpoint> endpoints() {
        return endpoints;
    }

    Optional<SSLContext> tls() {
        return tls;
    }

    Desk desk() {
        return desk;
    }

    Tally tally() {
        return tally;
    }

    /// Whether mail to `recipient` belongs here: its domain is one of ours, it is an address
    /// literal for the host itself (`local`), or it is `postmaster` without a domain.
    boolean takesMailFor(String recipient, InetAddress local) {
        int at = recipient.lastIndexOf('@');
        if (at < 0) {
            return recipient.equalsIgnoreCase("postmaster");
        }
        String domain = recipient.substring(at + 1);
        if (domain.startsWith("[")) {
            String address = local.getHostAddress();
            return domain.equals("[" + address + "]") || domain.equals("[IPv6:" + address + "]");
        }
        return hosts(domain);
    }

    boolean hosts(String domain) {
        String ascii = ascii(domain);
        for (MailDomain own : spec.domains()) {
            if (covers(own.name(), ascii)) {
                return true;
            }
        }
        return false;
    }

    static boolean covers(String pattern, String domain) {
        if (pattern.startsWith("*.")) {
            int suffix = pattern.length() - 1;
            return domain.length() > suffix
                    && domain.regionMatches(true, domain.length() - suffix, pattern, 1, suffix);
        }
        return pattern.equalsIgnoreCase(domain);
    }

    /// A domain as DNS has it, lower case.
    static String ascii(String domain) {
        try {
            return IDN.toASCII(domain).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException _) {
            // Not a domain name in any form, so surely not one of ours.
            return domain.toLowerCase(Locale.ROOT);
        }
    }
}
