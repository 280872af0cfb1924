package io.whimbrel.egress;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;

/// Says which pool and route mail takes, before any host is looked up. Immutable; a reload makes
/// other ones. Called for each message: must be quick, must not block.
///
/// @param pools the pool in force; never `""`
/// @param routes the route
/// @param looksAtRecipients whether the route may depend on the address within a domain
public record Destinations(PoolChoice pools, RouteChoice routes, boolean looksAtRecipients) {

    /// Which route is chosen by other things than the domain.
    @FunctionalInterface
    public interface RouteChoice {
        /// @param address of the recipient; `""` where only the stream may count
        /// @return its name, or `""`
        String of(MailStream stream, DomainName domain, String address);
    }

    /// Which pool mail leaves by.
    @FunctionalInterface
    public interface PoolChoice {
        /// @param route that was chosen for it; `""` where the domain alone decides
        String of(MailStream stream, DomainName domain, String route);
    }

    /// All mail by one pool, but for what asks for another; no routes.
    public static Destinations ofPool(String pool) {
        return new Destinations(
                (stream, _, _) -> stream.pool().isEmpty() ? pool : stream.pool(),
                (_, _, _) -> "",
                false);
    }

    /// Of mail of a stream, whoever the recipient is.
    public Destination of(MailStream stream, DomainName domain) {
        return of(stream, domain, routes.of(stream, domain, ""));
    }

    /// Of mail of a stream by a route that was chosen before.
    public Destination of(MailStream stream, DomainName domain, String route) {
        return new Destination(domain, pools.of(stream, domain, route), route);
    }

    /// The route of one recipient.
    public String route(MailStream stream, DomainName domain, String address) {
        return routes.of(stream, domain, looksAtRecipients ? address : "");
    }
}
