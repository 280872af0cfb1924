package io.whimbrel.routing;

import io.whimbrel.mail.DomainPattern;

/// One `[[route]]`. Immutable; the first that matches a domain wins.
///
/// @param domains which domains it is for
/// @param target where their mail goes
public record RouteSettings(DomainPattern domains, RouteTarget target) {}
