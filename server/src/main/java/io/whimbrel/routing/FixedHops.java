package io.whimbrel.routing;

import io.whimbrel.egress.Site;
import io.whimbrel.routing.RouteSettings.Terms;
import io.whimbrel.smtp.SmtpReply;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The next hops of those routes that name one. Immutable.
///
/// A site is named after its target and what sets it apart: `smtp://relay.example:587 (auth)`.
/// Where that says too little, because two routes log in at one host as different users, the later
/// ones have their own name in it.
final class FixedHops {
    private final Map<String, NextHop> byRoute = new HashMap<>();

    FixedHops(List<RouteSettings> routes) {
        Map<String, NextHop> bySite = new HashMap<>();
        for (RouteSettings route : routes) {
            if (!isByDns(route.targets().getFirst())) {
                NextHop hop = hop(route, siteName(route));
                NextHop known = bySite.putIfAbsent(hop.site().name(), hop);
                if (known != null && !known.equals(hop)) {
                    hop = hop(route, siteName(route) + " (" + route.name() + ")");
                }
                byRoute.put(route.name(), hop);
            }
        }
    }

    /// What `route` names; empty where the DNS has to say it.
    Optional<NextHop> of(RouteSettings route) {
        return Optional.ofNullable(byRoute.get(route.name()));
    }

    static boolean isByDns(RouteTarget target) {
        return target instanceof RouteTarget.Mx || target instanceof RouteTarget.MxOf;
    }

    /// A relay of last resort.
    ///
    /// @param target by SMTP
    static NextHop.Remote relay(RouteTarget target) {
        var site = new Site(target.text());
        var terms =
                new NextHop.Terms(
                        target instanceof RouteTarget.Smtps,
                        "",
                        Optional.empty(),
                        Optional.empty(),
                        true);
        return remote(site, List.of(target), terms);
    }

    /// What of `terms` makes another next hop of the same hosts; with a space in front.
    static String marks(Terms terms) {
        List<String> marks = new ArrayList<>(3);
        if (terms.credentials().isPresent()) {
            marks.add("auth");
        }
        if (!terms.tls().isEmpty()) {
            marks.add("tls " + terms.tls());
        }
        terms.fallback().ifPresent(it -> marks.add("fallback " + it.text()));
        return marks.isEmpty() ? "" : " (" + String.join(", ", marks) + ")";
    }

    private static String siteName(RouteSettings route) {
        var name = new StringBuilder();
        for (RouteTarget target : route.targets()) {
            name.append(name.isEmpty() ? "" : ",").append(text(target));
        }
        return SiteName.bounded(name.append(marks(route.terms())).toString());
    }

    /// Without a query, which may hold a secret.
    private static String text(RouteTarget target) {
        String text = target.text();
        int query = target instanceof RouteTarget.Http ? text.indexOf('?') : -1;
        return query < 0 ? text : text.substring(0, query);
    }

    private static NextHop hop(RouteSettings route, String siteName) {
        var site = new Site(siteName);
        Terms terms = route.terms();
        return switch (route.targets().getFirst()) {
            case RouteTarget.LmtpSocket(Path path) -> new NextHop.LocalSocket(site, path);
            case RouteTarget.Http(URI uri) -> new NextHop.Http(site, uri, terms.credentials());
            case RouteTarget.Discard() -> {
                String text = said(terms, "Discarded, as route " + route.name() + " says");
                yield new NextHop.Discard(site, SmtpReply.of(250, 2, 0, 0, text));
            }
            case RouteTarget.Refuse() -> {
                String text = said(terms, "Refused, as route " + route.name() + " says");
                yield new NextHop.Refuse(site, SmtpReply.of(550, 5, 7, 1, text));
            }
            case RouteTarget.Mx _, RouteTarget.MxOf _ ->
                    throw new IllegalArgumentException(
                            "the DNS says where " + route.name() + " leads");
            case RouteTarget.Smtp _, RouteTarget.Smtps _, RouteTarget.Lmtp _ ->
                    remote(site, route.targets(), remoteTerms(route));
        };
    }

    private static String said(Terms terms, String ours) {
        return terms.text().isEmpty() ? ours : terms.text();
    }

    private static NextHop.Terms remoteTerms(RouteSettings route) {
        Terms terms = route.terms();
        return new NextHop.Terms(
                route.targets().getFirst() instanceof RouteTarget.Smtps,
                terms.tls(),
                terms.credentials(),
                terms.fallback().map(FixedHops::relay),
                true);
    }

    private static NextHop.Remote remote(
            Site site, List<RouteTarget> targets, NextHop.Terms terms) {
        List<TargetHost> hosts = new ArrayList<>(targets.size());
        for (RouteTarget target : targets) {
            hosts.add(host(hosts.size(), target));
        }
        Protocol protocol =
                targets.getFirst() instanceof RouteTarget.Lmtp ? Protocol.LMTP : Protocol.SMTP;
        return new NextHop.Remote(site, protocol, hosts, true, terms);
    }

    private static TargetHost host(int preference, RouteTarget target) {
        return switch (target) {
            case RouteTarget.Smtp(String host, int port) ->
                    new TargetHost(preference, bare(host), port, true);
            case RouteTarget.Smtps(String host, int port) ->
                    new TargetHost(preference, bare(host), port, true);
            case RouteTarget.Lmtp(String host, int port) ->
                    new TargetHost(preference, bare(host), port, true);
            case RouteTarget.Mx _,
                    RouteTarget.MxOf _,
                    RouteTarget.LmtpSocket _,
                    RouteTarget.Http _,
                    RouteTarget.Discard _,
                    RouteTarget.Refuse _ ->
                    throw new IllegalArgumentException(target.text() + " is no host");
        };
    }

    private static String bare(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }
}
