package io.whimbrel.egress;

import io.whimbrel.mail.DomainName;

/// Everything that it depends on where mail of one domain goes: what is looked up before it can
/// leave. Immutable.
///
/// @param pool name of the pool that it leaves by; not empty
/// @param route name of the route that its tenant, campaign or recipient chose; `""` where the
///   domain alone decides
public record Destination(DomainName domain, String pool, String route) {

    public Destination {
        if (pool.isEmpty()) {
            throw new IllegalArgumentException("a destination has a pool");
        }
    }
}
