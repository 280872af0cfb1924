package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Watchdog;

import java.util.Collections;
import java.util.List;

/// Gives messages to next hops that take each by itself. Thread-safe; blocks where the endpoint is
/// elsewhere.
final class Handoffs implements AutoCloseable {
    private final HttpHandoff http;

    Handoffs(Watchdog watchdog, Timeouts timeouts) {
        this.http = new HttpHandoff(watchdog, timeouts);
    }

    /// @param leaving the message
    /// @return what became of each recipient, in their order
    List<AttemptResult> deliver(NextHop.Taker hop, QueueEntry entry, Leaving leaving) {
        return switch (hop) {
            case NextHop.Http endpoint -> http.deliver(endpoint, entry, leaving);
            case NextHop.Discard(var site, SmtpReply reply) ->
                    all(entry, new Accepted(new Peer(site.name(), "", false), reply));
            case NextHop.Refuse(var _, SmtpReply reply) -> all(entry, new NotTried(reply));
        };
    }

    @Override
    public void close() {
        http.close();
    }

    private static List<AttemptResult> all(QueueEntry entry, AttemptResult result) {
        return Collections.nCopies(entry.recipients().size(), result);
    }
}
