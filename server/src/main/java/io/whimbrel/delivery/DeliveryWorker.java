package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.delivery.SessionFinder.Found;
import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.reaction.Advice;
import io.whimbrel.routing.Heading;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.Micros;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Take;
import io.whimbrel.schedule.Waiting;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Grant;
import io.whimbrel.shaping.Lease;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One connection of an egress path, and the thread that uses it: connects where work waits, takes
/// an entry that limits let go, delivers, hands the result on, takes the next; waits a little where
/// there is none, ends then. Confined to its thread, apart from [#cut].
///
/// It connects before it takes, so that a message is counted when its MAIL is written and not
/// before. An entry in its hands is settled or given back, whatever happens.
final class DeliveryWorker implements Crew.Member {
    /// Entries that are taken before the permit may go to another path. A new session costs about
    /// six round trips (TCP, greeting, EHLO, STARTTLS, TLS, EHLO), a transaction about two: over
    /// twenty that is little, and those who wait do not wait long.
    static final int TURN = 20;

    private final Dispatcher dispatcher;
    private final ReadyWork work;
    private final EgressPath path;
    private final PathConnections connections;
    private final PathConnections.Seat seat;
    private final SessionFinder finder;
    private final Untried untried;
    private final EntryRules rules;
    private final Interruption interruption = new Interruption(Thread.currentThread());

    /// Empty where there is none; written by this thread, read by [#cut].
    private volatile Optional<RemoteSession> session = Optional.empty();

    private Optional<Lease> lease = Optional.empty();
    private ActivePlan active;

    /// Its permit was claimed for it before it began.
    private boolean hasPermit = true;

    /// Entries taken since it has the permit.
    private int taken;

    private boolean isSeeking = true;

    /// What had been announced when it looked last.
    private long announced;

    /// The session in hand has been through a transaction.
    private boolean isProven;

    /// Messages that it may carry, by limits of the mail that it has carried.
    private int carriesMost;

    /// Made by the thread that will run it.
    DeliveryWorker(Dispatcher dispatcher, EgressPath path, PathConnections connections) {
        this.dispatcher = dispatcher;
        this.work = dispatcher.work();
        this.path = path;
        this.connections = connections;
        this.seat = connections.newSeat();
        this.finder = dispatcher.finder();
        this.untried = new Untried(dispatcher, path);
        this.rules = new EntryRules(dispatcher, path);
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
        if (session.isPresent() && isToEnd(session.get())) {
            endSession();
        }
        long seen = connections.announced();
        announced = seen;
        if (dispatcher.isClosing()) {
            return idle(seen, 0);
        }
        if (session.isEmpty()) {
            active = dispatcher.active();
            Optional<Waiting> first =
                    work.readyEntries(path) > 0 ? work.peek(path) : Optional.empty();
            return first.isPresent() ? connect(first.get()) : idle(seen, 0);
        }
        return switch (work.take(path, terms().carrier(session.get(), finder, connections))) {
            case Take.Given(QueueEntry entry, Grant grant) -> {
                looked(work.readyEntries(path));
                taken++;
                carriesMost = Math.min(carriesMost, grant.messagesMax());
                yield deliver(entry, grant);
            }
            case Take.HeldBack(Blocked by) -> awaitLimit(by, seen);
            case Take.Nothing() -> leaveToOthers(seen, work.readyEntries(path));
        };
    }

    /// What is left sticks to other sources: where no other connection may be begun for it, this
    /// one makes room.
    private boolean leaveToOthers(long seen, int ready) throws InterruptedException {
        if (ready > 0 && session.orElseThrow().transactions() > 0 && connections.isFull()) {
            endSession();
            return true;
        }
        return idle(seen, ready);
    }

    private void looked(int ready) {
        connections.looked(isSeeking, ready);
        isSeeking = false;
    }

    /// Waits for work.
    private boolean idle(long seen, int ready) throws InterruptedException {
        looked(ready);
        // Where others wait for a connection, an idle one is in their way.
        boolean mayIdle =
                session.isPresent()
                        && !dispatcher.permits().isWanted()
                        && !lease.map(Lease::isWanted).orElse(false);
        Duration idleMost = mayIdle ? active.settings().idleMost() : Duration.ZERO;
        isSeeking = connections.mayStay(seat.after(seen, ready), idleMost);
        return isSeeking;
    }

    /// Waits until a limit has room again, with the connection open where that is not long.
    private boolean awaitLimit(Blocked by, long seen) throws InterruptedException {
        Duration left = Micros.left(by.untilMicros(), nowMicros(), Duration.ofHours(1));
        if (terms().isForAnotherSource(by, left, session.orElseThrow())) {
            endSession();
            return true;
        }
        if (by.breadth() != Breadth.PATH || left.compareTo(active.settings().idleMost()) > 0) {
            // Other mail may come that may go; the schedule tells when the time has come.
            boolean isHopeless = by.breadth() == Breadth.PATH;
            return isHopeless ? leaveForLimit(by) : idle(seen, 0);
        }
        looked(0);
        connections.waitForLimit(session.orElseThrow().source().name(), left);
        isSeeking = true;
        return true;
    }

    /// The limit has no room for longer than a connection may be idle.
    private boolean leaveForLimit(Blocked by) throws InterruptedException {
        work.holdBack(path, by, PathTerms.lookAgainAt(by, dispatcher.clock().instant()));
        endSession();
        return idle(announced, 0);
    }

    /// Opens a session for what waits first.
    private boolean connect(Waiting first) throws InterruptedException {
        return switch (rules.heading(first.destination(), active, interruption)) {
            case Heading.Same(NextHop nextHop) -> connect(first, nextHop);
            case Heading.Other(NextHop nextHop, Duration timeToLive) -> {
                work.siteResolved(first.destination(), nextHop.site(), timeToLive);
                yield !interruption.isCut() || left();
            }
            // Other domains of the site do not share the fate of this one.
            case Heading.Nowhere(SmtpReply reply) -> {
                if (interruption.isCut()) {
                    yield left();
                }
                untried.settle(work.takeAll(path, first.destination()), new NotTried(reply), "");
                yield true;
            }
        };
    }

    private boolean connect(Waiting first, NextHop nextHop) throws InterruptedException {
        return switch (nextHop) {
            case NextHop.Taker taker -> handOver(taker);
            case NextHop.Talker talker -> {
                var known = dispatcher.shortfalls().get(first.destination());
                if (known.isPresent()) {
                    // Each message would cost a round of connections that are of no use to it.
                    yield lacking(first.destination(), known.get(), talker);
                }
                connections.sources(Math.max(1, active.pools().usable(path.pool())));
                DomainName domain = first.destination().domain();
                Found found =
                        rules.seek(
                                active,
                                interruption,
                                talker,
                                first.stream(),
                                domain,
                                () ->
                                        active.tls(
                                                domain,
                                                path.site().provider(),
                                                PathTerms.isByMx(talker)));
                yield connected(first.destination(), found, talker);
            }
        };
    }

    private boolean connected(Destination destination, Found found, NextHop.Talker talker)
            throws InterruptedException {
        return switch (found) {
            case Found.Opened(RemoteSession opened, Lease granted) -> {
                begin(opened, granted);
                yield true;
            }
            case Found.Failed(AttemptResult result, String source)
                    when SmtpClient.isAboutTls(result) -> {
                // It is what this domain wants that the hosts lack; its siblings may do with less.
                var shortfall = new Found.Failed(result, source);
                dispatcher.lacks(active, destination, shortfall);
                yield lacking(destination, shortfall, talker);
            }
            case Found.Failed(AttemptResult result, String source) -> failed(result, source);
            case Found.NotAllowed(Blocked by) -> notAllowed(by);
        };
    }

    private boolean notAllowed(Blocked by) throws InterruptedException {
        work.holdBack(path, by, PathTerms.lookAgainAt(by, dispatcher.clock().instant()));
        connections.notAllowed();
        return idle(announced, 0);
    }

    private boolean lacking(Destination destination, Found.Failed known, NextHop.Talker talker)
            throws InterruptedException {
        List<QueueEntry> careless =
                untried.settleButCareless(work.takeAll(path, destination), known);
        if (careless.isEmpty() || interruption.isCut()) {
            careless.forEach(work::giveBack);
            return !interruption.isCut() || left();
        }
        careless.stream().skip(1).forEach(work::giveBack);
        return securer(careless.getFirst(), talker);
    }

    /// Needs no session.
    private boolean handOver(NextHop.Taker taker) throws InterruptedException {
        long seen = connections.announced();
        return switch (work.take(path, terms().anyCarrier())) {
            case Take.Given(QueueEntry entry, Grant grant) -> {
                looked(work.readyEntries(path));
                taken++;
                interruption.begin();
                try {
                    List<AttemptResult> results = dispatcher.handOver(taker, path, entry);
                    dispatcher.settle(path, new Attempt(entry, path.site().name(), "", results));
                } catch (RuntimeException e) {
                    dispatcher.bug("the delivery of " + entry.message(), e);
                    untried.settle(entry, Dispatcher.BUG, "");
                } finally {
                    interruption.end();
                    grant.finished(nowMicros());
                }
                connections.succeeded();
                yield true;
            }
            case Take.HeldBack(Blocked by) -> leaveForLimit(by);
            case Take.Nothing() -> idle(seen, 0);
        };
    }

    private boolean deliver(QueueEntry entry, Grant grant) throws InterruptedException {
        if (entry.message().envelope().treatment().isOver(dispatcher.clock().instant())) {
            grant.refund(nowMicros());
            // Its sender does not want it delivered any more.
            untried.settle(entry, Untried.OVERDUE, "");
            return true;
        }
        return switch (rules.heading(destination(entry), active, interruption)) {
            case Heading.Same(NextHop nextHop) ->
                    switch (rules.fitness(entry, session.orElseThrow(), terms())) {
                        case EntryRules.Fitness.Fit() -> transact(entry, grant);
                        case EntryRules.Fitness.Unfit(SmtpReply reply) -> {
                            grant.refund(nowMicros());
                            untried.settle(entry, new NotTried(reply), "");
                            yield true;
                        }
                        case EntryRules.Fitness.Unsafe() -> {
                            grant.refund(nowMicros());
                            yield nextHop instanceof NextHop.Talker talker
                                    ? securer(entry, talker)
                                    : givenBack(entry);
                        }
                    };
            case Heading.Other(NextHop nextHop, Duration timeToLive) -> {
                grant.refund(nowMicros());
                yield moved(entry, nextHop, timeToLive);
            }
            case Heading.Nowhere(SmtpReply reply) -> {
                grant.refund(nowMicros());
                if (interruption.isCut()) {
                    yield givenBack(entry);
                }
                untried.settle(entry, new NotTried(reply), "");
                yield true;
            }
        };
    }

    /// The session is not safe enough for it, or there is none that its domain would have: seeks
    /// one that is as it wants, if only for this message.
    private boolean securer(QueueEntry entry, NextHop.Talker talker) throws InterruptedException {
        endSession();
        Found found =
                rules.seek(
                        active,
                        interruption,
                        talker,
                        entry.stream(),
                        entry.domain(),
                        () -> active.tls(entry, path.site().provider(), PathTerms.isByMx(talker)));
        switch (found) {
            case Found.Opened(RemoteSession opened, Lease granted) -> {
                begin(opened, granted);
                if (!terms().isSafe(entry, opened, dispatcher.clock().instant())) {
                    untried.settle(entry, Untried.NOT_SAFE, opened.source().name());
                    return true;
                }
            }
            case Found.Failed(AttemptResult result, String source) -> {
                if (!interruption.isCut() && SmtpClient.isAboutTls(result)) {
                    untried.settle(entry, result, source);
                    return true;
                }
                work.giveBack(entry);
                return failed(result, source);
            }
            case Found.NotAllowed(Blocked by) -> {
                work.giveBack(entry);
                return notAllowed(by);
            }
        }
        return givenBack(entry);
    }

    private boolean transact(QueueEntry entry, Grant grant) throws InterruptedException {
        RemoteSession open = session.orElseThrow();
        Ending ending = dispatcher.transact(open, path, entry, Micros.instant(grant.usableUntil()));
        if (ending.isMailWritten()) {
            grant.finished(nowMicros());
        } else {
            grant.refund(nowMicros());
        }
        switch (ending) {
            case Ending.Tried tried -> {
                if (tried.mailAt().isPresent()) {
                    boolean isFirst = open.transactions() == 1;
                    active.pools().sent(path.pool(), open.source().name(), isFirst);
                }
                handOn(entry, open, tried);
            }
            case Ending.TooLate() -> {
                return givenBack(entry);
            }
            // It ended while nobody used it, which says nothing about the entry. A new session
            // cannot end so.
            case Ending.SessionEnded(Optional<AttemptResult> said) -> {
                // What it said at its end may mean more than that it has had enough of us.
                said.ifPresent(reply ->
                        rules.heed(rules.advice(entry, open, List.of(reply)).values(), open));
                endSession();
                return givenBack(entry);
            }
        }
        return true;
    }

    private boolean isToEnd(RemoteSession open) {
        return active.directions() != dispatcher.active().directions()
                || open.transactions() >= carriesMost
                || terms().isWornOut(open, lease.orElseThrow(), TURN, finder);
    }

    private PathTerms terms() {
        return new PathTerms(active, path);
    }

    private void handOn(QueueEntry entry, RemoteSession open, Ending.Tried tried)
            throws InterruptedException {
        boolean isToEnd = false;
        List<AttemptResult> results = tried.results();
        if (interruption.isCut()
                && Results.isBrokenBeforeTheEnd(results)
                && !Results.isAnyAccepted(results)) {
            work.giveBack(entry);
        } else {
            Map<AttemptResult, Advice> advice = rules.advice(entry, open, results);
            dispatcher.settle(
                    path,
                    new Attempt(
                            entry,
                            path.site().name(),
                            open.source().name(),
                            results,
                            advice,
                            tried.mailAt()));
            isToEnd = rules.heed(advice.values(), open);
        }
        // Before the session is ended on our side: whether the host did says whether it works.
        afterTransaction(results);
        if (isToEnd) {
            endSession();
        }
    }

    private void afterTransaction(List<AttemptResult> results) throws InterruptedException {
        boolean isBroken = session.isPresent() && !session.get().isOpen();
        // A host that answers 421 and hangs up has proved nothing.
        boolean works = isBroken ? Results.isAnyAccepted(results) : !Results.isLost(results);
        if (works && !isProven) {
            isProven = true;
            connections.proved();
            dispatcher.setbacks().works(path);
        } else if (works) {
            connections.succeeded();
        }
        if (isBroken) {
            if (Results.isLost(results) && !interruption.isCut()) {
                finder.broke(session.get());
            }
            boolean isPoor = !isProven;
            endSession();
            if (isPoor && connections.mayRestAfterBreak()) {
                rest();
            }
        }
    }

    /// The path has no session for now: others with the same fate need not find that out each.
    private boolean failed(AttemptResult result, String source) throws InterruptedException {
        if (interruption.isCut()) {
            return left();
        }
        dispatcher.setbacks().failed(path, result);
        dispatcher.replies().observe(path, source, result);
        looked(0);
        return switch (connections.connectFailed()) {
            case LEAVE_IT_TO_OTHERS -> {
                dispatcher.workReady(path);
                yield false;
            }
            case END -> false;
            case REST -> {
                untried.settleWaiting(
                        result, source, entry -> rules.fate(entry, active, interruption));
                rest();
                yield true;
            }
        };
    }

    /// It goes on by another path, untried.
    private boolean moved(QueueEntry entry, NextHop nextHop, Duration timeToLive) {
        if (interruption.isCut()) {
            return givenBack(entry);
        }
        work.siteResolved(destination(entry), nextHop.site(), timeToLive);
        work.giveBack(entry);
        return true;
    }

    /// @return whether to go on
    private boolean givenBack(QueueEntry entry) {
        work.giveBack(entry);
        return !interruption.isCut() || left();
    }

    /// @return not to go on
    private boolean left() {
        connections.left(isSeeking);
        return false;
    }

    private Destination destination(QueueEntry entry) {
        return new Destination(entry.domain(), path.pool(), entry.route());
    }

    private void rest() throws InterruptedException {
        releasePermit();
        try {
            connections.rest();
        } finally {
            isSeeking = true;
        }
    }

    private void begin(RemoteSession opened, Lease granted) {
        session = Optional.of(opened);
        lease = Optional.of(granted);
        isProven = false;
        carriesMost = Integer.MAX_VALUE;
        connections.connected(opened.source().name());
        if (interruption.isCut()) {
            opened.cut();
        }
    }

    private void endSession() {
        if (session.isPresent()) {
            connections.disconnected(session.get().source().name());
            session.get().quit();
            session = Optional.empty();
            lease.ifPresent(granted -> granted.release(nowMicros()));
            lease = Optional.empty();
        }
    }

    private long nowMicros() {
        return Micros.of(dispatcher.clock().instant());
    }

    /// Where others wait for a permit, one that has had its turn asks anew, behind them: a path
    /// with steady work would keep it for ever. Nothing is in hand here.
    private void giveOthersTheirTurn() {
        if (hasPermit && taken >= TURN && dispatcher.permits().isWanted()) {
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
}
