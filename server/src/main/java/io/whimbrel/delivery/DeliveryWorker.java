package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.Heading;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.transport.DomainTls;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// One connection of an egress path, and the thread that uses it: takes an entry, connects where it
/// must, delivers, hands the result on, takes the next; waits a little where there is none, ends
/// then. Confined to its thread, apart from [#cut].
///
/// An entry in its hands is settled or given back, whatever happens.
final class DeliveryWorker implements Crew.Member {
    private static final int TAKE_ALL_MOST = 500;

    /// Entries that are taken before the permit may go to another path. A new session costs about
    /// six round trips (TCP, greeting, EHLO, STARTTLS, TLS, EHLO), a transaction about two: over
    /// twenty that is little, and those who wait do not wait long.
    static final int TURN = 20;

    private static final AttemptResult OVERDUE =
            new AttemptResult.Overdue(
                    SmtpReply.of(554, 5, 4, 7, "Not delivered within the time that was asked for"));

    private final Dispatcher dispatcher;
    private final ReadyWork work;
    private final EgressPath path;
    private final PathConnections connections;
    private final PathConnections.Seat seat;
    private final SessionFinder finder;
    private final Interruption interruption = new Interruption(Thread.currentThread());

    /// Empty where there is none; written by this thread, read by [#cut].
    private volatile Optional<RemoteSession> session = Optional.empty();

    private ActivePlan active;
    private boolean hasPermit;

    /// Entries taken since it has the permit.
    private int taken;

    private boolean isSeeking = true;

    /// The session in hand has been through a transaction.
    private boolean isProven;

    /// Made by the thread that will run it.
    DeliveryWorker(Dispatcher dispatcher, EgressPath path, PathConnections connections) {
        this.dispatcher = dispatcher;
        this.work = dispatcher.work();
        this.path = path;
        this.connections = connections;
        this.seat = connections.newSeat();
        this.finder = new SessionFinder(dispatcher.client());
        this.active = dispatcher.active();
    }

    @Override
    public void run() {
        boolean isCounted = true;
        try {
            connections.restFirst();
            boolean goesOn = true;
            while (goesOn) {
                goesOn = step();
            }
            isCounted = false;
        } catch (InterruptedException _) {
            // Cut while it had nothing in hand.
        } finally {
            if (isCounted) {
                connections.left(isSeeking);
            }
            endSession();
            releasePermit();
            if (connections.isRetired()) {
                dispatcher.retired(path, connections);
            }
        }
    }

    /// Ends what the thread waits for outside, from any thread.
    @Override
    public void cut() {
        interruption.cut();
        session.ifPresent(RemoteSession::cut);
    }

    /// @return whether to go on; where not, [#connections] does not count this thread any more
    private boolean step() throws InterruptedException {
        giveOthersTheirTurn();
        acquirePermit();
        long seen = connections.announced();
        Optional<QueueEntry> entry = dispatcher.isClosing() ? Optional.empty() : work.take(path);
        connections.looked(isSeeking, entry.isPresent() ? work.readyEntries(path) : 0);
        isSeeking = false;
        if (entry.isPresent()) {
            taken++;
            return deliver(entry.get());
        }
        if (!mayStay(seen)) {
            return false;
        }
        isSeeking = true;
        return true;
    }

    private boolean mayStay(long seen) throws InterruptedException {
        // Where other paths wait for a connection, an idle one is in their way.
        boolean mayIdle = session.isPresent() && !dispatcher.permits().hasQueuedThreads();
        Duration idleMost = mayIdle ? active.settings().idleMost() : Duration.ZERO;
        return connections.mayStay(seat, seen, idleMost);
    }

    private boolean deliver(QueueEntry entry) throws InterruptedException {
        if (entry.message().envelope().treatment().isOver(dispatcher.clock().instant())) {
            return overdue(entry);
        }
        if (session.isPresent() && isWornOut(session.get())) {
            endSession();
        }
        if (session.isEmpty()) {
            active = dispatcher.active();
        }
        return switch (heading(entry)) {
            case Heading.Same(NextHop nextHop) -> deliver(entry, nextHop);
            case Heading.Other(NextHop nextHop, Duration timeToLive) ->
                    moved(entry, nextHop, timeToLive);
            case Heading.Nowhere(SmtpReply reply) -> unroutable(entry, reply);
        };
    }

    private boolean deliver(QueueEntry entry, NextHop nextHop) throws InterruptedException {
        if (!isSafe(entry)) {
            endSession();
        }
        while (true) {
            if (session.isEmpty()) {
                switch (seek(entry, nextHop)) {
                    case Opening.Opened(RemoteSession opened) -> begin(opened);
                    case Opening.Failed failed when failed.isOwn() -> {
                        return unsafe(entry, failed);
                    }
                    case Opening.Failed failed -> {
                        return withoutSession(entry, failed);
                    }
                }
            }
            switch (attempt(entry, session.orElseThrow())) {
                case Ending.Tried(List<AttemptResult> results) -> {
                    handOn(entry, results);
                    return true;
                }
                // It ended while nobody used it, which says nothing about the entry. Once only: a
                // new session cannot end so.
                case Ending.SessionEnded() -> endSession();
            }
        }
    }

    private boolean isWornOut(RemoteSession open) {
        return !open.isOpen()
                || isReplaced()
                || Transactions.isUsedUp(open)
                || open.transactions() >= active.settings().messagesPerConnectionMax();
    }

    private boolean isReplaced() {
        return active.directions() != dispatcher.active().directions();
    }

    private Ending attempt(QueueEntry entry, RemoteSession open) {
        try {
            return new Transactions(
                            open,
                            entry,
                            () -> dispatcher.body(entry.message()),
                            dispatcher.clock().instant())
                    .deliver();
        } catch (RuntimeException e) {
            dispatcher.bug("the delivery of " + entry.message(), e);
            open.lost();
            return new Ending.Tried(forAll(entry, Dispatcher.BUG));
        }
    }

    private void handOn(QueueEntry entry, List<AttemptResult> results) throws InterruptedException {
        if (interruption.isCut() && isBrokenBeforeTheEnd(results) && !isAnyAccepted(results)) {
            work.giveBack(entry);
        } else {
            dispatcher.settle(new Attempt(entry, path.site().name(), sourceName(), results));
        }
        afterTransaction(results);
    }

    private void afterTransaction(List<AttemptResult> results) throws InterruptedException {
        boolean isBroken = session.isPresent() && !session.get().isOpen();
        // A host that answers 421 and hangs up has proved nothing.
        boolean works = isBroken ? isAnyAccepted(results) : !isLost(results);
        if (!isProven && works) {
            isProven = true;
            connections.proved();
        }
        if (isBroken) {
            boolean isPoor = !isProven;
            endSession();
            if (isPoor && connections.mayRestAfterBreak()) {
                rest();
            }
        }
    }

    /// The path has no session for now: others with the same fate need not find that out each.
    private boolean withoutSession(QueueEntry entry, Opening.Failed failed)
            throws InterruptedException {
        if (interruption.isCut()) {
            return givenBack(entry);
        }
        return switch (connections.connectFailed()) {
            case LEAVE_IT_TO_OTHERS -> {
                work.giveBack(entry);
                dispatcher.workReady(path);
                yield false;
            }
            case END -> {
                settleUntried(entry, failed);
                yield false;
            }
            case REST -> {
                settleUntried(entry, failed);
                settleWaiting(failed);
                rest();
                yield true;
            }
        };
    }

    /// Its sender does not want it delivered any more.
    private boolean overdue(QueueEntry entry) {
        List<AttemptResult> results = forAll(entry, OVERDUE);
        dispatcher.settle(new Attempt(entry, path.site().name(), "", results));
        return true;
    }

    /// Other domains of the site do not share the fate of this one.
    private boolean unroutable(QueueEntry entry, SmtpReply reply) {
        if (interruption.isCut()) {
            return givenBack(entry);
        }
        settleUntried(entry, new Opening.Failed(new NotTried(reply), ""));
        return true;
    }

    /// The session is not safe enough for it: others may do with less.
    private boolean unsafe(QueueEntry entry, Opening.Failed failed) {
        if (interruption.isCut()) {
            return givenBack(entry);
        }
        settleUntried(entry, failed);
        return true;
    }

    /// Whether the session that is open may carry it.
    private boolean isSafe(QueueEntry entry) {
        return session.isEmpty()
                || active.plan()
                        .tls()
                        .allows(
                                active.tls(entry, path.site().provider()),
                                session.get().tls(),
                                dispatcher.clock().instant());
    }

    /// It goes on by another path, untried.
    private boolean moved(QueueEntry entry, NextHop nextHop, Duration timeToLive) {
        if (interruption.isCut()) {
            return givenBack(entry);
        }
        work.siteResolved(entry.domain(), nextHop.site(), timeToLive);
        work.giveBack(entry);
        return true;
    }

    /// @return not to go on
    private boolean givenBack(QueueEntry entry) {
        work.giveBack(entry);
        connections.left(false);
        return false;
    }

    private void settleWaiting(Opening.Failed failed) {
        List<QueueEntry> waiting = work.takeAll(path, TAKE_ALL_MOST);
        while (!waiting.isEmpty()) {
            for (QueueEntry entry : waiting) {
                settleUntried(entry, fate(entry).orElse(failed));
            }
            waiting = work.takeAll(path, TAKE_ALL_MOST);
        }
    }

    /// Its own, where the last answer about its domain was that it has none. Others are not asked
    /// about here: where the DNS is out of reach as well, that would take hours.
    private Optional<Opening.Failed> fate(QueueEntry entry) {
        return active.directions().isDoubtful(entry.domain())
                        && heading(entry) instanceof Heading.Nowhere(SmtpReply reply)
                ? Optional.of(new Opening.Failed(new NotTried(reply), ""))
                : Optional.empty();
    }

    private void settleUntried(QueueEntry entry, Opening.Failed failed) {
        List<AttemptResult> results = forAll(entry, failed.result());
        dispatcher.settle(new Attempt(entry, path.site().name(), failed.source(), results));
    }

    private void rest() throws InterruptedException {
        releasePermit();
        try {
            connections.rest();
        } finally {
            isSeeking = true;
        }
    }

    /// The domain may have gone elsewhere, or nowhere, since the entry came to this path.
    private Heading heading(QueueEntry entry) {
        interruption.begin();
        try {
            return active.directions()
                    .heading(entry.domain(), path.site(), dispatcher.clock().instant());
        } catch (RuntimeException e) {
            dispatcher.bug("the way of " + entry.domain(), e);
            return new Heading.Nowhere(Dispatcher.BUG_REPLY);
        } finally {
            interruption.end();
        }
    }

    private Opening seek(QueueEntry entry, NextHop nextHop) {
        interruption.begin();
        try {
            DomainTls tls = active.tls(entry, path.site().provider());
            boolean areNamesSure = nextHop.isRoute();
            return finder.open(
                    active, nextHop, new TlsWish(active.plan().tls(), tls, false, areNamesSure));
        } catch (RuntimeException e) {
            dispatcher.bug("a connection to " + path, e);
            return new Opening.Failed(Dispatcher.BUG, "");
        } finally {
            interruption.end();
        }
    }

    private void begin(RemoteSession opened) {
        session = Optional.of(opened);
        isProven = false;
        connections.connected();
        if (interruption.isCut()) {
            opened.cut();
        }
    }

    private void endSession() {
        if (session.isPresent()) {
            connections.disconnected();
            session.get().quit();
            session = Optional.empty();
        }
    }

    private String sourceName() {
        return session.map(open -> open.source().name()).orElse("");
    }

    /// Where others wait for a permit, one that has had its turn asks anew, behind them: a path
    /// with steady work would keep it for ever. Nothing is in hand here.
    private void giveOthersTheirTurn() {
        if (hasPermit && taken >= TURN && dispatcher.permits().hasQueuedThreads()) {
            endSession();
            releasePermit();
        }
    }

    private void acquirePermit() throws InterruptedException {
        if (hasPermit) {
            return;
        }
        interruption.begin();
        try {
            dispatcher.permits().acquire();
            hasPermit = true;
            taken = 0;
        } finally {
            interruption.end();
        }
    }

    private void releasePermit() {
        if (hasPermit) {
            hasPermit = false;
            dispatcher.permits().release();
        }
    }

    private static List<AttemptResult> forAll(QueueEntry entry, AttemptResult result) {
        return Collections.nCopies(entry.recipients().size(), result);
    }

    private static boolean isAnyAccepted(List<AttemptResult> results) {
        for (AttemptResult result : results) {
            if (result instanceof AttemptResult.Accepted) {
                return true;
            }
        }
        return false;
    }

    private static boolean isLost(List<AttemptResult> results) {
        return results.getFirst() instanceof ConnectionLost;
    }

    /// Whether the connection broke before the host can have taken the message.
    private static boolean isBrokenBeforeTheEnd(List<AttemptResult> results) {
        for (AttemptResult result : results) {
            if (result instanceof ConnectionLost lost && lost.stage() != Stage.END_OF_DATA) {
                return true;
            }
        }
        return false;
    }
}
