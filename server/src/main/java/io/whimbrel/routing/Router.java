package io.whimbrel.routing;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.MxAnswer.MxHost;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Wildcards;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Finds the next hop of a domain: the first `[[route]]` that matches, else what the DNS says (RFC
/// 5321 §5.1). Immutable; a reload makes a new one. Blocks while the DNS is asked.
///
/// Of the MX hosts of a domain the [#HOSTS_MAX] best count. Those that no host can be called, and
/// those that `delivery.skip-hosts` names, are passed over. Where a route names the domain whose MX
/// count (`mx:other.example`), the hosts are the operator's ([NextHop.Remote#isRoute]), and mail
/// waits where there are none ([RouteFaults]).
final class Router {
    /// Of what no DNS answer bounds.
    private static final Duration ROUTE_TIME_TO_LIVE = Duration.ofHours(1);

    static final int HOSTS_MAX = 50;

    private final RouteTable routes;
    private final HostSettings settings;
    private final Resolver resolver;
    private final OwnNode ownNode;
    private final ProviderLookup providers;
    private final FixedHops fixedHops;
    private final RouteFaults faults;
    private final Optional<NextHop.Remote> fallback;

    Router(RoutingPlan plan) {
        this.routes = plan.routes();
        this.settings = plan.hosts();
        this.resolver = plan.resolver();
        this.ownNode = plan.ownNode();
        this.providers = plan.providers();
        this.fixedHops = new FixedHops(routes.routes());
        this.faults = new RouteFaults(resolver.clock());
        this.fallback = settings.fallback().map(FixedHops::relay);
    }

    /// @param route as [RouteTable#routeOf] says
    Resolution resolve(DomainName domain, String route) {
        if (!routes.has(route)) {
            // Only an operator can say where that mail was meant to go.
            return notFound(451, 4, 3, 5, "Route " + route + " is in the configuration no more");
        }
        Optional<RouteSettings> found = routes.find(domain, route);
        if (found.isEmpty()) {
            var terms = new NextHop.Terms(false, "", Optional.empty(), fallback);
            return byDns(hostsOf(domain), new Way(domain, "", false, terms));
        }
        RouteSettings settled = found.get();
        Optional<NextHop> fixed = fixedHops.of(settled);
        if (fixed.isPresent()) {
            return new Resolution.Found(fixed.get(), ROUTE_TIME_TO_LIVE);
        }
        RouteSettings.Terms terms = settled.terms();
        var nextTerms =
                new NextHop.Terms(
                        false,
                        terms.tls(),
                        Optional.empty(),
                        terms.fallback().map(FixedHops::relay).or(() -> fallback));
        String marks = FixedHops.marks(terms);
        if (settled.targets().getFirst() instanceof RouteTarget.MxOf(DomainName other)) {
            Hosts hosts = waiting(settled, hostsOf(other));
            return byDns(hosts, new Way(other, " (route)" + marks, true, nextTerms));
        }
        return byDns(hostsOf(domain), new Way(domain, marks, false, nextTerms));
    }

    /// Only the operator can mend what he named: mail does not go back for it.
    private Hosts waiting(RouteSettings route, Hosts hosts) {
        if (hosts instanceof Hosts.Nowhere(Resolution.NotFound(SmtpReply reply))
                && reply.isPermanent()) {
            String name = "route " + route.name() + " (" + route.targets().getFirst().text() + ")";
            return new Hosts.Nowhere(new Resolution.NotFound(faults.reply(name, reply.text())));
        }
        return hosts;
    }

    /// How mail goes to the MX hosts of a domain.
    ///
    /// @param domain whose hosts they are
    /// @param marks that set its site apart
    /// @param isRoute the operator named that domain
    private record Way(DomainName domain, String marks, boolean isRoute, NextHop.Terms terms) {}

    private Resolution byDns(Hosts found, Way way) {
        return switch (found) {
            case Hosts.Nowhere(Resolution.NotFound notFound) -> notFound;
            case Hosts.At(List<MxHost> hosts, Duration timeToLive, boolean isSecure) -> {
                DomainName domain = way.domain();
                List<String> names = hosts.stream().map(MxHost::host).toList();
                // Where others vouch for the names, mail may rely on them: not the same next hop.
                String signed = isSecure ? " (signed)" : "";
                String name =
                        domain.isLiteral() ? "[" + names.getFirst() + "]" : SiteName.of(hosts);
                var site =
                        new Site(
                                SiteName.bounded(name + way.marks() + signed),
                                providers.provider(names, domain));
                var targets =
                        hosts.stream()
                                .map(it ->
                                        new TargetHost(it.preference(), it.host(), settings.port()))
                                .toList();
                yield new Resolution.Found(
                        new NextHop.Remote(
                                site,
                                Protocol.SMTP,
                                targets,
                                way.isRoute(),
                                isSecure ? way.terms().withSureNames() : way.terms()),
                        timeToLive);
            }
        };
    }

    /// Who takes the mail of a domain.
    private sealed interface Hosts {
        record At(List<MxHost> hosts, Duration timeToLive, boolean isSecure) implements Hosts {}

        record Nowhere(Resolution.NotFound notFound) implements Hosts {}
    }

    private Hosts hostsOf(DomainName domain) {
        if (domain.isLiteral()) {
            return literal(domain);
        }
        return switch (resolver.mx(domain.value())) {
            case MxAnswer.Hosts(List<MxHost> hosts, Duration ttl, boolean isSecure, var _) ->
                    secured(byHosts(domain, hosts, ttl), isSecure);
            case MxAnswer.NullMx _ -> nowhere(556, 5, 1, 10, domain + " accepts no mail (null MX)");
            // The MX question is confirmed by the one for addresses: some servers answer NXDOMAIN
            // to types that they do not know.
            case MxAnswer.NoMx(Duration ttl, boolean isSecure) ->
                    secured(byAddress(domain, ttl), isSecure);
            case MxAnswer.NoSuchDomain(Duration ttl) -> byAddress(domain, ttl);
            case MxAnswer.TemporaryFailure(String text) -> noAnswer(domain, text);
        };
    }

    private static Hosts secured(Hosts hosts, boolean isSecure) {
        return switch (hosts) {
            case Hosts.At(List<MxHost> at, Duration ttl, var _) -> new Hosts.At(at, ttl, isSecure);
            case Hosts.Nowhere nowhere -> nowhere;
        };
    }

    private Hosts byHosts(DomainName domain, List<MxHost> hosts, Duration timeToLive) {
        int ourPreference = Integer.MAX_VALUE;
        for (MxHost host : hosts) {
            if (ownNode.isCalled(host.host())) {
                ourPreference = Math.min(ourPreference, host.preference());
            }
        }
        List<MxHost> usable = new ArrayList<>();
        String misnamed = "";
        boolean isSkipped = false;
        for (MxHost host : hosts) {
            if (host.preference() >= ourPreference || usable.size() == HOSTS_MAX) {
                break;
            }
            if (!HostNames.isHostName(host.host())) {
                misnamed = host.host();
            } else if (isSkipped(host.host())) {
                isSkipped = true;
            } else {
                usable.add(host);
            }
        }
        if (!usable.isEmpty()) {
            return new Hosts.At(usable, timeToLive, false);
        }
        if (isSkipped) {
            return nowhere(
                    550, 5, 4, 4, "delivery.skip-hosts leaves no mail host of " + domain + " over");
        }
        return misnamed.isEmpty()
                ? loop(domain)
                : nowhere(
                        550,
                        5,
                        4,
                        4,
                        "The MX of "
                                + domain
                                + " is "
                                + HostNames.shown(misnamed)
                                + ", which is no host name");
    }

    private boolean isSkipped(String host) {
        for (Wildcards skipped : settings.skipHosts()) {
            if (skipped.matches(host)) {
                return true;
            }
        }
        return false;
    }

    /// RFC 5321 §5.1: without MX the domain itself is the host.
    private Hosts byAddress(DomainName domain, Duration timeToLive) {
        AddressAnswer ipv4 = resolver.ipv4(domain.value());
        AddressAnswer answer =
                ipv4 instanceof AddressAnswer.Addresses ? ipv4 : resolver.ipv6(domain.value());
        if (answer instanceof AddressAnswer.Addresses) {
            return ownNode.isCalled(domain.value())
                    ? loop(domain)
                    : new Hosts.At(List.of(new MxHost(0, domain.value())), timeToLive, false);
        }
        if (ipv4 instanceof AddressAnswer.TemporaryFailure(String text)) {
            return noAnswer(domain, text);
        }
        return switch (answer) {
            case AddressAnswer.TemporaryFailure(String text) -> noAnswer(domain, text);
            case AddressAnswer.NoSuchDomain _ ->
                    nowhere(550, 5, 1, 2, "Domain " + domain + " does not exist");
            case AddressAnswer.NoAddress _, AddressAnswer.Addresses _ ->
                    nowhere(550, 5, 4, 4, domain + " has neither MX nor address");
        };
    }

    private static Hosts literal(DomainName domain) {
        return literalAddress(domain)
                .<Hosts>map(address ->
                        new Hosts.At(
                                List.of(new MxHost(0, address.getHostAddress())),
                                ROUTE_TIME_TO_LIVE,
                                false))
                .orElseGet(() -> nowhere(550, 5, 1, 2, "Bad address literal " + domain));
    }

    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
    static Optional<InetAddress> literalAddress(DomainName domain) {
        String inside = domain.value().substring(1, domain.value().length() - 1);
        String tagged = inside.toLowerCase(Locale.ROOT);
        return Network.parseAddress(
                tagged.startsWith("ipv6:") ? inside.substring("ipv6:".length()) : inside);
    }

    private static Hosts loop(DomainName domain) {
        return nowhere(554, 5, 4, 6, "Mail for " + domain + " loops back to this node");
    }

    private static Hosts noAnswer(DomainName domain, String text) {
        return nowhere(451, 4, 4, 3, "No answer from the DNS about " + domain + ": " + text);
    }

    private static Hosts nowhere(int code, int severity, int subject, int detail, String text) {
        return new Hosts.Nowhere(notFound(code, severity, subject, detail, text));
    }

    private static Resolution.NotFound notFound(
            int code, int severity, int subject, int detail, String text) {
        return new Resolution.NotFound(SmtpReply.of(code, severity, subject, detail, text));
    }
}
