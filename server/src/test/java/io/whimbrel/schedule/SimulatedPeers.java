package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.Grant;
import io.whimbrel.shaping.Lease;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Opening;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Function;

/// Connections to peers in simulated time, as delivery has them: they connect where limits allow,
/// take what limits let go, wait, idle and end. Peers take time, defer, refuse and hang up. The
/// schedule and the limiter are the product's. Confined to one thread.
final class SimulatedPeers implements ScheduleActions {
    private static final long MILLI = 1_000;
    private static final long SECOND = 1_000_000;
    private static final long IDLE_MOST = 5 * SECOND;
    private static final int TURN = 20;

    final Schedule schedule;
    private final Random random;
    private final Limiter limiter;
    private final LimitOracle oracle;
    private final Map<String, List<FlowSource>> pools;
    private final Function<DomainName, Peer> peers;
    private final Map<EgressPath, PathState> paths = new HashMap<>();
    private final PriorityQueue<Event> events =
            new PriorityQueue<>((one, other) ->
                    one.at != other.at
                            ? Long.compare(one.at, other.at)
                            : Long.compare(one.number, other.number));
    private long now;
    private long tickAt;
    private long eventNumber;
    private int turn;

    /// Where mail of a domain goes.
    ///
    /// @param connections that delivery opens at most, whatever limits say
    /// @param millis that a transaction takes on average
    record Peer(Site site, int connections, int millis) {}

    private record Event(long at, long number, Runnable work) {}

    private static final class PathState {
        final ArrayDeque<Connection> sleeping = new ArrayDeque<>();
        int connections;
        boolean isSignalled;
        long noMoreUntil;
    }

    SimulatedPeers(
            Random random,
            Limiter limiter,
            LimitOracle oracle,
            Map<String, List<FlowSource>> pools,
            Function<DomainName, Peer> peers,
            Instant start) {
        this.random = random;
        this.limiter = limiter;
        this.oracle = oracle;
        this.pools = pools;
        this.peers = peers;
        this.now = Micros.of(start);
        this.tickAt = now;
        this.schedule =
                new Schedule(
                        ScheduleSettings.UNBOUNDED, Destinations.ofPool("default"), limiter, this);
        limiter.onFree(path -> schedule.freed((EgressPath) path));
        at(SECOND, this::sweep);
    }

    long now() {
        return now;
    }

    Instant instant() {
        return Micros.instant(now);
    }

    /// Lets time pass.
    void passUntil(Instant then) {
        long end = Micros.of(then);
        while (true) {
            long next = Math.min(nextTick(), events.element().at);
            if (next > end) {
                now = end;
                return;
            }
            now = Math.max(now, next);
            if (events.element().at <= now) {
                events.remove().work.run();
            } else {
                tickAt = now + 50 * MILLI;
                schedule.tick(instant());
            }
        }
    }

    /// As the node's timer: when something is due, at most each millisecond.
    private long nextTick() {
        long due = schedule.nextDue().map(Micros::of).orElse(Long.MAX_VALUE);
        return Math.max(due, tickAt - 49 * MILLI);
    }

    private void sweep() {
        limiter.sweep(now);
        at(SECOND, this::sweep);
    }

    void at(long delay, Runnable work) {
        events.add(new Event(now + delay, eventNumber++, work));
    }

    @Override
    public void resolve(Destination destination) {
        Peer peer = peers.apply(destination.domain());
        at(
                random.nextLong(200 * MILLI),
                () ->
                        schedule.siteResolved(
                                destination, peer.site(), Duration.ofHours(1), instant()));
    }

    @Override
    public void workReady(EgressPath path) {
        PathState state = paths.computeIfAbsent(path, _ -> new PathState());
        if (!state.isSignalled) {
            state.isSignalled = true;
            at(0, () -> seek(path, state));
        }
    }

    @Override
    public void rest(QueueEntry entry) {
        throw new AssertionError("nothing rests here");
    }

    @Override
    public void wanted(QueueName queue, int most) {
        throw new AssertionError("nothing rests here");
    }

    @Override
    public void wake(QueueScope scope) {}

    private void seek(EgressPath path, PathState state) {
        state.isSignalled = false;
        int ready = schedule.readyEntries(path, instant());
        List<Connection> woken = new ArrayList<>();
        while (woken.size() < ready && !state.sleeping.isEmpty()) {
            woken.add(state.sleeping.removeFirst());
        }
        for (Connection one : woken) {
            one.sleep++;
            one.step();
        }
        if (woken.size() < ready) {
            mayOpen(path, state);
        }
    }

    private void mayOpen(EgressPath path, PathState state) {
        if (now < state.noMoreUntil && state.connections > 0) {
            return;
        }
        var waiting = schedule.peek(path);
        if (waiting.isEmpty()) {
            return;
        }
        Peer peer = peers.apply(waiting.get().destination().domain());
        if (state.connections < peer.connections()) {
            open(path, state, peer);
        }
    }

    /// From one source after the other, the first that limits allow.
    private void open(EgressPath path, PathState state, Peer peer) {
        List<FlowSource> sources = pools.getOrDefault(path.pool(), List.of());
        long until = Long.MAX_VALUE;
        Optional<Blocked> first = Optional.empty();
        turn++;
        for (int i = 0; i < sources.size(); i++) {
            FlowSource source = sources.get((turn + i) % sources.size());
            Flow flow =
                    new Flow(
                            source.name(),
                            path.pool(),
                            path.site().provider(),
                            path.site().name(),
                            "",
                            "",
                            "",
                            source.profile());
            switch (limiter.connect(flow, path, now)) {
                case Opening.Opened(Lease lease) -> {
                    state.connections++;
                    oracle.opened(flow, now);
                    var connection = new Connection(path, state, peer, flow, lease);
                    at(20 * MILLI + random.nextLong(100 * MILLI), connection::connected);
                    return;
                }
                case Blocked by -> {
                    if (first.isEmpty() || by.untilMicros() < until) {
                        first = Optional.of(by);
                        until = by.untilMicros();
                    }
                }
            }
        }
        state.noMoreUntil = now + SECOND;
        hold(path, first.orElseThrow());
    }

    private void hold(EgressPath path, Blocked by) {
        long until = by.untilMicros() == Long.MAX_VALUE ? now + SECOND : by.untilMicros();
        schedule.holdBack(path, by, Micros.instant(until));
    }

    private final class Connection {
        private final EgressPath path;
        private final PathState state;
        private final Peer peer;
        private final Flow flow;
        private final Lease lease;
        private final Carrier carrier;
        private int transactions;
        private int sleep;

        Connection(EgressPath path, PathState state, Peer peer, Flow flow, Lease lease) {
            this.path = path;
            this.state = state;
            this.peer = peer;
            this.flow = flow;
            this.lease = lease;
            this.carrier =
                    new Carrier(
                            new FlowSource(flow.source(), flow.profile()),
                            Integer.MAX_VALUE,
                            (_, _) -> true);
        }

        void connected() {
            if (random.nextInt(50) == 0) {
                end();
                at(2 * SECOND, () -> workReady(path));
            } else {
                step();
            }
        }

        void step() {
            boolean isUsedUp =
                    transactions >= lease.messagesMax()
                            || (transactions >= TURN && lease.isWanted());
            if (isUsedUp) {
                end();
                workReady(path);
                return;
            }
            switch (schedule.take(path, carrier, instant())) {
                case Take.Given(QueueEntry entry, Grant grant) -> {
                    if (schedule.readyEntries(path, instant()) > 0) {
                        workReady(path);
                    }
                    begin(entry, grant);
                }
                case Take.HeldBack(Blocked by) -> await(by);
                case Take.Nothing() -> idle();
            }
        }

        private void await(Blocked by) {
            if (by.breadth() != Breadth.PATH) {
                idle();
            } else if (by.untilMicros() > now + IDLE_MOST) {
                hold(path, by);
                end();
            } else {
                at(by.untilMicros() - now, this::step);
            }
        }

        private void idle() {
            if (lease.isWanted()) {
                end();
                return;
            }
            state.sleeping.addFirst(this);
            int mine = sleep;
            at(
                    IDLE_MOST,
                    () -> {
                        if (mine == sleep && state.sleeping.remove(this)) {
                            end();
                        }
                    });
        }

        private void end() {
            sleep++;
            state.connections--;
            oracle.closed(flow);
            lease.release(now);
        }

        private void begin(QueueEntry entry, Grant grant) {
            if (random.nextInt(100) == 0) {
                at(
                        random.nextLong(30 * MILLI),
                        () -> {
                            grant.refund(now);
                            schedule.giveBack(entry, instant());
                            step();
                        });
                return;
            }
            transactions++;
            Flow sent =
                    flow.carrying(
                            entry.domain().value(),
                            entry.stream().tenant(),
                            entry.stream().campaign());
            oracle.sent(sent, entry, grant.atMicros(), transactions);
            long most = 2L * peer.millis() * MILLI;
            at(1 + random.nextLong(most), () -> finish(sent, entry, grant));
        }

        private void finish(Flow sent, QueueEntry entry, Grant grant) {
            oracle.finished(sent);
            grant.finished(now);
            boolean isDeferred = random.nextInt(30) == 0 && entry.attempts() < 3;
            schedule.finished(entry, isDeferred ? List.of(retry(entry)) : List.of(), instant());
            if (random.nextInt(200) == 0) {
                end();
                workReady(path);
            } else {
                step();
            }
        }

        private QueueEntry retry(QueueEntry entry) {
            Instant due = instant().plusSeconds(60 + random.nextInt(600));
            return ScheduleFixture.deferred(entry, due);
        }
    }
}
