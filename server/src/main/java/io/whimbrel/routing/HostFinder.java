package io.whimbrel.routing;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PrivateAddresses;
import io.whimbrel.smtp.SmtpReply;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/// Turns a next hop into addresses to try, best first (RFC 5321 §5.1). Thread-safe; blocks while
/// the DNS is asked.
///
/// Hosts by preference, shuffled where it is equal, [#ASKED_AT_ONCE] of them asked for at once, in
/// the time of one question ([HostQuestions]); what is not answered by then is not known now. Of
/// each host the addresses that the provider or `delivery.ip` wants, by default IPv6 and IPv4 by
/// turns; at most [#ADDRESSES_MAX]. Behind an address of this node nothing of the same or a worse
/// preference is tried. Addresses that are not public are left out unless allowed. Where the
/// operator named the hosts they may lie anywhere, and mail waits where none can be tried
/// ([RouteFaults]); those whose names he wrote may be in the [HostsFile] if the DNS has them not.
final class HostFinder {
    static final int ADDRESSES_MAX = 10;

    /// More are rarely tried.
    static final int ASKED_AT_ONCE = 10;

    /// In a reply.
    private static final int HOSTS_NAMED = 3;

    private final HostSettings settings;
    private final Resolver resolver;
    private final OwnNode ownNode;
    private final ProviderLookup providers;
    private final PrivateAddresses privateAddresses;
    private final RouteFaults faults;
    private final RandomGenerator random;
    private final HostsFile hostsFile;

    HostFinder(RoutingPlan plan, RandomGenerator random) {
        this(plan, random, HostsFile.ofSystem());
    }

    HostFinder(RoutingPlan plan, RandomGenerator random, HostsFile hostsFile) {
        this.settings = plan.hosts();
        this.resolver = plan.resolver();
        this.ownNode = plan.ownNode();
        this.providers = plan.providers();
        this.privateAddresses = new PrivateAddresses(settings.allowPrivate());
        this.faults = new RouteFaults(resolver.clock());
        this.random = random;
        this.hostsFile = hostsFile;
    }

    MailHosts find(NextHop.Remote nextHop, Sources sources) {
        var search = new Search(nextHop, sources);
        List<TargetHost> order = shuffled(nextHop.hosts());
        for (int i = 0; i < order.size() && !search.isDone(order.get(i)); i++) {
            if (i % ASKED_AT_ONCE == 0) {
                if (search.isLate()) {
                    break;
                }
                search.begin(order.subList(i, Math.min(i + ASKED_AT_ONCE, order.size())));
            }
            search.add(order.get(i));
        }
        return search.result();
    }

    private List<TargetHost> shuffled(List<TargetHost> hosts) {
        List<TargetHost> order = new ArrayList<>(hosts);
        int from = 0;
        for (int i = 1; i <= order.size(); i++) {
            boolean isGroupEnd =
                    i == order.size() || order.get(i).preference() != order.get(from).preference();
            if (isGroupEnd) {
                Collections.shuffle(order.subList(from, i), Random.from(random));
                from = i;
            }
        }
        return order;
    }

    /// One look at all hosts.
    private final class Search {
        private final NextHop.Remote nextHop;
        private final Sources sources;
        private final HostQuestions questions;
        private final IpPreference preference;
        private final List<HostAddress> found = new ArrayList<>();

        /// Of the host that each address in [#found] belongs to.
        private final List<Integer> preferences = new ArrayList<>();

        private int ourPreference = Integer.MAX_VALUE;
        private Optional<InetAddress> refused = Optional.empty();
        private Optional<String> noAnswer = Optional.empty();

        /// About the present host.
        private boolean hasFailed;

        /// Of a host without any address.
        private Optional<String> unknown = Optional.empty();

        Search(NextHop.Remote nextHop, Sources sources) {
            this.nextHop = nextHop;
            this.sources = sources;
            this.questions = new HostQuestions(resolver);
            this.preference =
                    providers.ipPreference(nextHop.site().provider()).orElse(settings.ip());
        }

        void begin(List<TargetHost> hosts) {
            for (TargetHost host : hosts) {
                if (Network.parseAddress(host.name()).isEmpty() && !isOfThisMachine(host)) {
                    questions.begin(host.name(), preference);
                }
            }
        }

        /// Whether it is too late to ask for more.
        boolean isLate() {
            boolean isLate = questions.isOver();
            unknown = isLate ? unknown.or(() -> Optional.of("no time to ask for all")) : unknown;
            return isLate;
        }

        boolean isDone(TargetHost next) {
            return next.preference() >= ourPreference
                    || (found.size() >= ADDRESSES_MAX && next.preference() > preferences.getLast());
        }

        void add(TargetHost host) {
            Optional<InetAddress> literal = Network.parseAddress(host.name());
            List<InetAddress> addresses = literal.map(List::of).orElseGet(() -> lookUp(host));
            String name = literal.isPresent() ? "" : host.name();
            for (InetAddress address : addresses) {
                if (ownNode.listensOn(address, host.port())) {
                    ourPreference = Math.min(ourPreference, host.preference());
                } else if (nextHop.isRoute()) {
                    add(host, name, address);
                } else if (privateAddresses.isRefused(address)) {
                    refused = Optional.of(address);
                } else {
                    add(host, name, address);
                }
            }
        }

        private void add(TargetHost host, String name, InetAddress address) {
            found.add(new HostAddress(name, address, host.port()));
            preferences.add(host.preference());
            if (sources.reaches(address)) {
                questions.hurry();
            }
        }

        private List<InetAddress> lookUp(TargetHost target) {
            String host = target.name();
            hasFailed = false;
            if (isOfThisMachine(target)) {
                return ofThisMachine(host);
            }
            List<InetAddress> ipv6 =
                    preference.wantsIpv6() ? addresses(questions.ipv6(host)) : List.of();
            List<InetAddress> ipv4 =
                    preference.wantsIpv4() ? addresses(questions.ipv4(host)) : List.of();
            List<InetAddress> ordered =
                    switch (preference) {
                        case BY_TURNS -> alternating(ipv6, ipv4);
                        case IPV4_FIRST, IPV4_ONLY -> joined(ipv4, ipv6);
                        case IPV6_FIRST, IPV6_ONLY -> joined(ipv6, ipv4);
                    };
            if (ordered.isEmpty() && target.isWritten()) {
                ordered = ofThisMachine(host);
            }
            if (ordered.isEmpty() && hasFailed) {
                unknown = noAnswer;
            }
            return ordered;
        }

        /// RFC 6761 §6.3: not a question for the DNS.
        private static boolean isOfThisMachine(TargetHost target) {
            return target.isWritten() && HostsFile.isLocalhost(target.name());
        }

        private List<InetAddress> ofThisMachine(String host) {
            List<InetAddress> wanted = new ArrayList<>(hostsFile.addresses(host));
            wanted.removeIf(it ->
                    it instanceof Inet6Address ? !preference.wantsIpv6() : !preference.wantsIpv4());
            return wanted;
        }

        private List<InetAddress> addresses(AddressAnswer answer) {
            return switch (answer) {
                case AddressAnswer.Addresses(var addresses, var _, var _, var _) -> {
                    List<InetAddress> order = new ArrayList<>(addresses);
                    Collections.shuffle(order, Random.from(random));
                    yield order;
                }
                case AddressAnswer.TemporaryFailure(String text) -> {
                    noAnswer = Optional.of(text);
                    hasFailed = true;
                    yield List.of();
                }
                case AddressAnswer.NoAddress _, AddressAnswer.NoSuchDomain _ -> List.of();
            };
        }

        MailHosts result() {
            List<HostAddress> allowed = new ArrayList<>();
            List<HostAddress> reachable = new ArrayList<>();
            for (int i = 0; i < found.size(); i++) {
                if (preferences.get(i) < ourPreference) {
                    HostAddress host = found.get(i);
                    allowed.add(host);
                    if (sources.reaches(host.address())) {
                        reachable.add(host);
                    }
                }
            }
            if (allowed.isEmpty()) {
                return new MailHosts.None(nothing());
            }
            // Where no source reaches any, the connection is tried all the same: it tells why.
            List<HostAddress> order = reachable.isEmpty() ? allowed : reachable;
            return new MailHosts.Found(
                    order.subList(0, Math.min(order.size(), ADDRESSES_MAX)), unknown);
        }

        private SmtpReply nothing() {
            if (noAnswer.isPresent()) {
                return SmtpReply.of(451, 4, 4, 3, "No answer from the DNS: " + noAnswer.get());
            }
            if (unknown.isPresent()) {
                return SmtpReply.of(451, 4, 4, 3, "No address is known: " + unknown.get());
            }
            if (nextHop.isRoute()) {
                return faults.reply(nextHop.site().name(), troubleOfRoute());
            }
            if (ourPreference != Integer.MAX_VALUE) {
                return SmtpReply.of(
                        554, 5, 4, 6, "Mail for " + nextHop.site() + " loops back to this node");
            }
            if (refused.isPresent()) {
                return notPublic(refused.get());
            }
            return SmtpReply.of(
                    550, 5, 4, 4, "No mail host of " + nextHop.site() + " has " + wanted());
        }

        private String troubleOfRoute() {
            if (ourPreference != Integer.MAX_VALUE) {
                return "it loops back to this node";
            }
            String hosts =
                    nextHop.hosts().stream()
                            .map(TargetHost::name)
                            .limit(HOSTS_NAMED)
                            .collect(Collectors.joining(", "));
            return "the DNS has not " + wanted() + " of " + hosts;
        }

        private String wanted() {
            return switch (preference) {
                case IPV4_ONLY -> "an IPv4 address";
                case IPV6_ONLY -> "an IPv6 address";
                case BY_TURNS, IPV4_FIRST, IPV6_FIRST -> "an address";
            };
        }

        private SmtpReply notPublic(InetAddress address) {
            String text =
                    "Mail hosts of "
                            + nextHop.site()
                            + " have no public address ("
                            + IpText.of(address)
                            + ")"
                            + (address.isAnyLocalAddress()
                                    ? ""
                                    : "; delivery.allow-private can allow it");
            // A private network may be the operator's own, only not allowed yet.
            return PrivateAddresses.isMeaningless(address)
                    ? SmtpReply.of(550, 5, 4, 4, text)
                    : SmtpReply.of(451, 4, 4, 4, text);
        }
    }

    private static List<InetAddress> joined(List<InetAddress> first, List<InetAddress> then) {
        List<InetAddress> all = new ArrayList<>(first);
        all.addAll(then);
        return all;
    }

    private static List<InetAddress> alternating(List<InetAddress> ipv6, List<InetAddress> ipv4) {
        List<InetAddress> all = new ArrayList<>(ipv6.size() + ipv4.size());
        for (int i = 0; i < Math.max(ipv6.size(), ipv4.size()); i++) {
            if (i < ipv6.size()) {
                all.add(ipv6.get(i));
            }
            if (i < ipv4.size()) {
                all.add(ipv4.get(i));
            }
        }
        return all;
    }
}
