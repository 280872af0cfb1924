package io.whimbrel.delivery;

import io.whimbrel.egress.Destination;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.NextHop;
import io.whimbrel.routing.Resolution;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;

/// Finds the site of one destination, and tells the schedule. Confined to its thread, apart from
/// [#cut].
final class SiteLookup implements Crew.Member {
    private final Dispatcher dispatcher;
    private final Semaphore lookups;
    private final Destination destination;
    private final Interruption interruption = new Interruption(Thread.currentThread());

    /// Made by the thread that will run it.
    ///
    /// @param lookups as many as may run at once
    SiteLookup(Dispatcher dispatcher, Semaphore lookups, Destination destination) {
        this.dispatcher = dispatcher;
        this.lookups = lookups;
        this.destination = destination;
    }

    @Override
    public void run() {
        try {
            Resolution resolution = lookUp();
            if (!interruption.isCut()) {
                tell(resolution);
            }
        } catch (InterruptedException _) {
            // Cut: it stays unresolved in a schedule that ends too.
        } catch (RuntimeException e) {
            dispatcher.bug("the lookup of " + destination.domain(), e);
            settleAll(Dispatcher.BUG);
        }
    }

    @Override
    public void cut() {
        interruption.cut();
    }

    private Resolution lookUp() throws InterruptedException {
        interruption.begin();
        dispatcher.setbacks().asking(destination);
        try {
            lookups.acquire();
            try {
                return dispatcher
                        .active()
                        .directions()
                        .resolve(destination.domain(), destination.route());
            } finally {
                lookups.release();
            }
        } finally {
            dispatcher.setbacks().answered(destination);
            interruption.end();
        }
    }

    private void tell(Resolution resolution) {
        switch (resolution) {
            case Resolution.Found(NextHop nextHop, Duration timeToLive) -> {
                dispatcher.setbacks().found(destination);
                dispatcher.work().siteResolved(destination, nextHop.site(), timeToLive);
            }
            case Resolution.NotFound(SmtpReply reply) -> {
                dispatcher.setbacks().notFound(destination, reply);
                settleAll(new NotTried(reply));
            }
        }
    }

    private void settleAll(AttemptResult result) {
        for (QueueEntry entry : dispatcher.work().siteUnknown(destination)) {
            List<AttemptResult> results = Collections.nCopies(entry.recipients().size(), result);
            dispatcher.settle(new Attempt(entry, "", "", results));
        }
    }
}
