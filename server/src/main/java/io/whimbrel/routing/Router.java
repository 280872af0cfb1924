package io.whimbrel.routing;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.MxAnswer.MxHost;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Finds the next hop of a domain: the first `[[route]]` that matches, else what the DNS says (RFC
/// 5321 §5.1). Immutable; a reload makes a new one. Blocks while the DNS is asked.
final class Router {
    /// Of what no DNS answer bounds.
    private static final Duration ROUTE_TIME_TO_LIVE = Duration.ofHours(1);

    private final List<RouteSettings> routes;
    private final int port;
    private final Resolver resolver;
    private final OwnNode ownNode;

    Router(List<RouteSettings> routes, int port, Resolver resolver, OwnNode ownNode) {
        this.routes = List.copyOf(routes);
        this.port = port;
        this.resolver = resolver;
        this.ownNode = ownNode;
    }

    Resolution resolve(DomainName domain) {
        for (RouteSettings route : routes) {
            if (route.domains().matches(domain)) {
                return switch (route.target()) {
                    case RouteTarget.Mx() -> byDns(domain);
                    case RouteTarget.Smtp(String host, int hostPort) ->
                            byRoute("smtp://", host, hostPort, Protocol.SMTP);
                    case RouteTarget.Lmtp(String host, int hostPort) ->
                            byRoute("lmtp://", host, hostPort, Protocol.LMTP);
                };
            }
        }
        return byDns(domain);
    }

    private static Resolution byRoute(String scheme, String host, int port, Protocol protocol) {
        String written = host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
        var site = new Site(scheme + written + ":" + port);
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        var hosts = List.of(new MxHost(0, bare));
        return new Resolution.Found(
                new NextHop(site, protocol, hosts, port, true), ROUTE_TIME_TO_LIVE);
    }

    private Resolution byDns(DomainName domain) {
        if (domain.isLiteral()) {
            return literal(domain);
        }
        return switch (resolver.mx(domain.value())) {
            case MxAnswer.Hosts(List<MxHost> hosts, Duration ttl, var _, var _) ->
                    byHosts(domain, hosts, ttl);
            case MxAnswer.NullMx _ ->
                    notFound(556, 5, 1, 10, domain + " accepts no mail (null MX)");
            // The MX question is confirmed by the one for addresses: some servers answer NXDOMAIN
            // to types that they do not know.
            case MxAnswer.NoMx(Duration ttl, var _) -> byAddress(domain, ttl);
            case MxAnswer.NoSuchDomain(Duration ttl) -> byAddress(domain, ttl);
            case MxAnswer.TemporaryFailure(String text) -> noAnswer(domain, text);
        };
    }

    private Resolution byHosts(DomainName domain, List<MxHost> hosts, Duration timeToLive) {
        List<MxHost> before = new ArrayList<>();
        int ourPreference = Integer.MAX_VALUE;
        for (MxHost host : hosts) {
            if (ownNode.isCalled(host.host())) {
                ourPreference = Math.min(ourPreference, host.preference());
            }
        }
        for (MxHost host : hosts) {
            if (host.preference() < ourPreference) {
                before.add(host);
            }
        }
        return before.isEmpty() ? loop(domain) : found(before, timeToLive);
    }

    /// RFC 5321 §5.1: without MX the domain itself is the host.
    private Resolution byAddress(DomainName domain, Duration timeToLive) {
        AddressAnswer ipv4 = resolver.ipv4(domain.value());
        AddressAnswer answer =
                ipv4 instanceof AddressAnswer.Addresses ? ipv4 : resolver.ipv6(domain.value());
        if (answer instanceof AddressAnswer.Addresses) {
            return ownNode.isCalled(domain.value())
                    ? loop(domain)
                    : found(List.of(new MxHost(0, domain.value())), timeToLive);
        }
        if (ipv4 instanceof AddressAnswer.TemporaryFailure(String text)) {
            return noAnswer(domain, text);
        }
        return switch (answer) {
            case AddressAnswer.TemporaryFailure(String text) -> noAnswer(domain, text);
            case AddressAnswer.NoSuchDomain _ ->
                    notFound(550, 5, 1, 2, "Domain " + domain + " does not exist");
            case AddressAnswer.NoAddress _, AddressAnswer.Addresses _ ->
                    notFound(550, 5, 4, 4, domain + " has neither MX nor address");
        };
    }

    private Resolution literal(DomainName domain) {
        return literalAddress(domain)
                .map(address -> new MxHost(0, address.getHostAddress()))
                .map(host ->
                        (Resolution)
                                new Resolution.Found(
                                        new NextHop(
                                                new Site("[" + host.host() + "]"),
                                                Protocol.SMTP,
                                                List.of(host),
                                                port,
                                                false),
                                        ROUTE_TIME_TO_LIVE))
                .orElseGet(() -> notFound(550, 5, 1, 2, "Bad address literal " + domain));
    }

    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
    static Optional<InetAddress> literalAddress(DomainName domain) {
        String inside = domain.value().substring(1, domain.value().length() - 1);
        String tagged = inside.toLowerCase(Locale.ROOT);
        return Network.parseAddress(
                tagged.startsWith("ipv6:") ? inside.substring("ipv6:".length()) : inside);
    }

    private Resolution found(List<MxHost> hosts, Duration timeToLive) {
        var site = new Site(SiteName.of(hosts.stream().map(MxHost::host).toList()));
        return new Resolution.Found(
                new NextHop(site, Protocol.SMTP, hosts, port, false), timeToLive);
    }

    private static Resolution loop(DomainName domain) {
        return notFound(554, 5, 4, 6, "Mail for " + domain + " loops back to this node");
    }

    private static Resolution noAnswer(DomainName domain, String text) {
        return notFound(451, 4, 4, 3, "No answer from the DNS about " + domain + ": " + text);
    }

    private static Resolution notFound(
            int code, int severity, int subject, int detail, String text) {
        return new Resolution.NotFound(SmtpReply.of(code, severity, subject, detail, text));
    }
}
