package io.whimbrel.delivery;

import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.MailHosts;
import io.whimbrel.routing.NextHop;
import io.whimbrel.routing.Resolution;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Seeks sessions for entries of one egress path. Immutable; blocks while the DNS is asked and
/// hosts are tried.
final class SessionFinder {
    private final SmtpClient client;
    private final ReadyWork work;
    private final EgressPath path;

    SessionFinder(SmtpClient client, ReadyWork work, EgressPath path) {
        this.client = client;
        this.work = work;
        this.path = path;
    }

    /// What came of the search. An [Opening] is the fate of all that waits for the site.
    sealed interface Sought permits Opening, Sought.Unroutable {

        /// What the DNS or the routes say of one domain; other domains of the site do not share it.
        record Unroutable(SmtpReply reply) implements Sought {}
    }

    /// Where the site is remembered, nothing is asked about the domain of `entry`.
    Sought seek(ActivePlan active, QueueEntry entry) {
        Optional<NextHop> known = active.directions().nextHop(path.site());
        if (known.isPresent()) {
            return open(active, known.get());
        }
        // The site was forgotten, or the routes have changed since the entry came to this path.
        return switch (active.directions().resolve(entry.domain())) {
            case Resolution.NotFound(SmtpReply reply) -> new Sought.Unroutable(reply);
            case Resolution.Found(NextHop nextHop, Duration timeToLive) -> {
                if (nextHop.site().equals(path.site())) {
                    yield open(active, nextHop);
                }
                work.siteResolved(entry.domain(), nextHop.site(), timeToLive);
                String text = "The route has changed; the next attempt goes to " + nextHop.site();
                yield new Sought.Unroutable(SmtpReply.of(451, 4, 3, 0, text));
            }
        };
    }

    private Opening open(ActivePlan active, NextHop nextHop) {
        return switch (active.directions().hosts(nextHop, active.sources())) {
            case MailHosts.None(SmtpReply reply) -> new Opening.Failed(new NotTried(reply), "");
            case MailHosts.Found(List<HostAddress> hosts) ->
                    client.open(
                            hosts,
                            nextHop.protocol(),
                            active.sources(),
                            active.settings().timeouts());
        };
    }
}
