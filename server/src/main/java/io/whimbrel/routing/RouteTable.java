package io.whimbrel.routing;

import io.whimbrel.egress.Destinations;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The routes in their order; the first whose conditions hold wins. Immutable.
///
/// What depends on the message is asked first ([#routeOf]), before anybody asks the DNS about the
/// domain; most nodes have only routes by domain, and then that question costs nothing.
public final class RouteTable {
    /// Where the domain alone decides.
    public static final String BY_DOMAIN = "";

    private final Map<String, RouteSettings> routes = new LinkedHashMap<>();
    private final List<RouteSettings> byDomain;
    private final boolean looksAtStreams;
    private final boolean looksAtRecipients;

    /// @param settings in order; where two share a name, the first has it
    public RouteTable(List<RouteSettings> settings) {
        List<RouteSettings> domainOnly = new ArrayList<>();
        boolean streams = false;
        boolean recipients = false;
        for (RouteSettings route : settings) {
            RouteSettings named = route.name().isEmpty() ? route.named(route.ownName()) : route;
            routes.putIfAbsent(named.name(), named);
            streams |= route.conditions().looksAtStreams();
            recipients |= route.conditions().recipient().isPresent();
            if (route.conditions().isDomainOnly()) {
                domainOnly.add(named);
            }
        }
        byDomain = List.copyOf(domainOnly);
        looksAtStreams = streams;
        looksAtRecipients = recipients;
    }

    /// Whether a route asks for tenant or campaign.
    public boolean looksAtStreams() {
        return looksAtStreams;
    }

    /// Whether a route asks for the address of a recipient.
    public boolean looksAtRecipients() {
        return looksAtRecipients;
    }

    /// The name of the route that a recipient's mail goes by, where that takes more than its domain
    /// to say; else [#BY_DOMAIN].
    ///
    /// @param address of the recipient; not looked at unless [#looksAtRecipients]
    public String routeOf(MailStream stream, DomainName domain, String address) {
        if (!looksAtStreams && !looksAtRecipients) {
            return BY_DOMAIN;
        }
        for (RouteSettings route : routes.values()) {
            if (route.conditions().matches(stream, domain, address)) {
                return route.conditions().isDomainOnly() ? BY_DOMAIN : route.name();
            }
        }
        return BY_DOMAIN;
    }

    /// The pool that mail by this route leaves by; `""` where the route names none, or is gone.
    ///
    /// @param route as [#routeOf] says
    public String pool(DomainName domain, String route) {
        return find(domain, route).map(it -> it.terms().pool()).orElse("");
    }

    /// Which pool and route mail takes: a route's pool goes before the one that the mail asks for.
    ///
    /// @param defaultPool of mail that asks for none
    public Destinations destinations(String defaultPool) {
        boolean hasPools = routes.values().stream().anyMatch(it -> !it.terms().pool().isEmpty());
        return new Destinations(
                (stream, domain, route) -> {
                    String asked = stream.pool().isEmpty() ? defaultPool : stream.pool();
                    String byRoute = hasPools ? pool(domain, route) : "";
                    return byRoute.isEmpty() ? asked : byRoute;
                },
                this::routeOf,
                looksAtRecipients);
    }

    /// Whether there is a route of this name; [#BY_DOMAIN] always is.
    public boolean has(String route) {
        return route.equals(BY_DOMAIN) || routes.containsKey(route);
    }

    /// The route that holds for a domain; empty where that is gone, or none is for the domain.
    Optional<RouteSettings> find(DomainName domain, String route) {
        if (!route.equals(BY_DOMAIN)) {
            return Optional.ofNullable(routes.get(route));
        }
        for (RouteSettings candidate : byDomain) {
            if (candidate.conditions().matches(domain)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /// All of them, in order, each with its name.
    public List<RouteSettings> routes() {
        return List.copyOf(routes.values());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RouteTable table
                && List.copyOf(routes.values()).equals(List.copyOf(table.routes.values()));
    }

    @Override
    public int hashCode() {
        return routes.hashCode();
    }
}
