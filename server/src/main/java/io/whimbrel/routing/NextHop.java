package io.whimbrel.routing;

import io.whimbrel.dns.MxAnswer.MxHost;
import io.whimbrel.egress.Site;

import java.util.List;

/// Who takes the mail of a domain. Immutable.
///
/// @param site what shares these hosts
/// @param hosts names or plain addresses, by preference; at least one
/// @param port of all hosts
/// @param isRoute an operator's `[[route]]` names the host, so that it may lie anywhere
public record NextHop(Site site, Protocol protocol, List<MxHost> hosts, int port, boolean isRoute) {
    public NextHop {
        hosts = List.copyOf(hosts);
    }
}
