package io.whimbrel.delivery;

import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.MailHosts;
import io.whimbrel.routing.NextHop;

import java.util.List;

/// Seeks sessions with a next hop. Immutable; blocks while the DNS is asked and hosts are tried.
final class SessionFinder {
    private final SmtpClient client;

    SessionFinder(SmtpClient client) {
        this.client = client;
    }

    Opening open(ActivePlan active, NextHop nextHop, TlsWish tls) {
        return switch (active.directions().hosts(nextHop, active.sources())) {
            case MailHosts.None(var reply) -> new Opening.Failed(new NotTried(reply), "");
            case MailHosts.Found(List<HostAddress> hosts) ->
                    client.open(
                            hosts,
                            nextHop.protocol(),
                            active.sources(),
                            active.settings().timeouts(),
                            tls);
        };
    }
}
