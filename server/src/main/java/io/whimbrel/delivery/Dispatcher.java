package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliveryAttempt.Departure;
import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.egress.Destination;
import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PathView;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Resting;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.schedule.ScheduleActions;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.signing.Outbound;
import io.whimbrel.signing.Rendition;
import io.whimbrel.signing.Signing;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.SpooledMessage;
import io.whimbrel.time.Lately;
import io.whimbrel.time.Watchdog;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;

/// Does what the schedule asks of the world: finds sites, and keeps the connections that pull work
/// from ready queues. Thread-safe.
///
/// Every connection and every lookup is a virtual thread. Connections are bounded by path and in
/// all, lookups at once by [#LOOKUPS_MAX]; what goes beyond waits as a sleeping thread, one for
/// each domain or as [PathConnections] says, and mail waits in its queue.
public final class Dispatcher implements ScheduleActions {
    static final int LOOKUPS_MAX = 200;

    /// What an unexpected exception in here means for mail: it stays.
    static final SmtpReply BUG_REPLY =
            SmtpReply.of(451, 4, 3, 0, "Internal error of Whimbrel; see its log");

    static final AttemptResult BUG = new NotTried(BUG_REPLY);

    /// What settling the rest may take; beyond it something hangs.
    private static final Duration CUT_MOST = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private final Means means;
    private final InstantSource clock;
    private final Metrics metrics;
    private final SessionFinder finder;
    private final Lately<Destination, SessionFinder.Found.Failed> shortfalls;
    private final ReplyWatch replies;
    private final Setbacks setbacks;
    private final Watchdog watchdog = new Watchdog("deliver-watchdog");
    private final SmtpClient client;
    private final ConnectionPermits permits;
    private final Semaphore lookups = new Semaphore(LOOKUPS_MAX);
    private final Map<EgressPath, PathConnections> paths = new ConcurrentHashMap<>();
    private final Crew crew = new Crew();
    private final AtomicLong threadNumber = new AtomicLong();

    /// One for all paths, of which there may be hundreds of thousands.
    private final Consumer<PathConnections> starter = this::startWorker;

    private volatile Handoffs handoffs;
    private volatile ActivePlan active;
    private volatile Optional<Ties> ties = Optional.empty();
    private volatile boolean isClosing;

    /// Where work comes from, and where results go.
    private record Ties(ReadyWork work, Function<Attempt, Optional<AttemptFacts>> settlement) {}

    /// What outlives a reload.
    ///
    /// @param bodies opens the body of a message
    /// @param resting where mail rests that the schedule does not keep in memory
    /// @param rests of paths, those from before included
    /// @param limiter says which connections may be opened now
    /// @param reactions told of every reply that refuses
    /// @param signing makes what stands in front of mail that leaves
    public record Means(
            Function<SpooledMessage, BodySource> bodies,
            Resting resting,
            PathRests rests,
            Limiter limiter,
            Reactions reactions,
            Signing signing) {}

    /// Does nothing before [#start].
    public Dispatcher(DeliveryPlan plan, Means means, InstantSource clock, Metrics metrics) {
        this.means = means;
        this.clock = clock;
        this.metrics = metrics;
        this.client = new SmtpClient(watchdog, clock);
        this.finder = new SessionFinder(client, means.limiter(), clock);
        this.shortfalls = SmtpClient.lately(clock);
        this.replies = new ReplyWatch(means.reactions(), means.limiter(), clock);
        this.setbacks = new Setbacks(clock);
        this.permits = new ConnectionPermits(plan.settings().connectionsMax());
        this.active = ActivePlan.of(plan);
        this.handoffs = new Handoffs(watchdog, plan.settings().timeouts());
    }

    /// Ties the knot: the schedule is made with this as its actions, then given here, before it is
    /// told of any mail.
    ///
    /// @param settlement takes every result, on the thread of the connection, and says what it met
    ///   where a recipient is to be tried again
    public void start(Schedule schedule, Function<Attempt, Optional<AttemptFacts>> settlement) {
        start(ReadyWork.of(schedule, clock), settlement);
        means.limiter()
                .onFree(waiter -> {
                    if (waiter instanceof EgressPath path) {
                        schedule.freed(path);
                    }
                });
    }

    void start(ReadyWork work, Function<Attempt, Optional<AttemptFacts>> settlement) {
        ties = Optional.of(new Ties(work, settlement));
    }

    /// Puts other settings in force: new connections follow them, old ones end with the message in
    /// hand.
    public synchronized void reload(DeliveryPlan plan) {
        if (!plan.settings().timeouts().equals(active.settings().timeouts())) {
            Handoffs before = handoffs;
            handoffs = new Handoffs(watchdog, plan.settings().timeouts());
            before.close();
        }
        active = active.renewed(plan);
        shortfalls.clear();
        permits.resize(plan.settings().connectionsMax());
        int most = plan.settings().connectionsPerPathMax();
        paths.values().forEach(path -> path.mostConnections(most));
    }

    @Override
    public void resolve(Destination destination) {
        if (!isClosing) {
            String name = "resolve-" + destination.domain();
            crew.start(name, () -> new SiteLookup(this, lookups, destination));
        }
    }

    @Override
    public void workReady(EgressPath path) {
        int ready = work().readyEntries(path);
        while (!isClosing) {
            PathConnections connections = paths.computeIfAbsent(path, this::newPath);
            if (connections.workReady(ready)) {
                return;
            }
            paths.remove(path, connections);
        }
    }

    @Override
    public void rest(QueueEntry entry) {
        means.resting().rest(entry);
    }

    @Override
    public long weight() {
        return means.resting().weight();
    }

    @Override
    public void wanted(QueueName queue, int most) {
        means.resting().wanted(queue, most);
    }

    @Override
    public void wake(QueueScope scope) {
        means.resting().wake(scope);
    }

    /// How it is doing on `path`, for operators.
    public PathView view(EgressPath path) {
        Optional<PathConnections> connections = Optional.ofNullable(paths.get(path));
        return new PathView(
                connections.map(PathConnections::connections).orElse(0),
                connections.map(PathConnections::established).orElse(0),
                means.rests().left(path),
                setbacks.last(path));
    }

    /// How it stands with mail of `destination`, for operators.
    public DestinationView view(Destination destination) {
        return setbacks.view(destination);
    }

    /// Finishes the transactions in hand within `drain`, then cuts the others and gives their
    /// entries back, unless the host may have taken them. Returns when every thread has ended.
    public void close(Duration drain) throws InterruptedException {
        isClosing = true;
        paths.values().forEach(PathConnections::close);
        if (!crew.awaitEnd(drain)) {
            LOG.warn("deliveries are still in hand after {} s and are cut", drain.toSeconds());
            crew.cut();
            if (!crew.awaitEnd(CUT_MOST)) {
                LOG.error("deliveries did not end {} s after they were cut", CUT_MOST.toSeconds());
            }
        }
        handoffs.close();
        watchdog.close();
    }

    /// The last thread of a path has ended.
    void retired(EgressPath path, PathConnections connections) {
        paths.remove(path, connections);
    }

    ReadyWork work() {
        return tied().work();
    }

    ActivePlan active() {
        return active;
    }

    SmtpClient client() {
        return client;
    }

    ReplyWatch replies() {
        return replies;
    }

    Setbacks setbacks() {
        return setbacks;
    }

    /// For which destinations no host had the TLS that they want.
    Lately<Destination, SessionFinder.Found.Failed> shortfalls() {
        return shortfalls;
    }

    /// No host had it. What was found by a plan of before a reload says nothing.
    void lacks(ActivePlan by, Destination destination, SessionFinder.Found.Failed shortfall) {
        if (by.directions() == active.directions()) {
            shortfalls.add(destination, shortfall);
        }
    }

    SessionFinder finder() {
        return finder;
    }

    InstantSource clock() {
        return clock;
    }

    ConnectionPermits permits() {
        return permits;
    }

    boolean isClosing() {
        return isClosing;
    }

    /// One entry over an open session; whatever happens, there is a result.
    Ending transact(RemoteSession open, EgressPath path, QueueEntry entry, Instant latest) {
        try {
            return switch (render(path, entry)) {
                case Rendition.Impossible(SmtpReply reply) ->
                        new Ending.Tried(Untried.forAll(entry, new NotTried(reply)));
                case Rendition.Ready ready -> {
                    Ending ending =
                            new Transaction(
                                            open,
                                            entry,
                                            leaving(ready, entry),
                                            new Departure(clock, latest))
                                    .deliver();
                    if (!ending.isDelivered()) {
                        means.signing().keep(ready);
                    }
                    yield ending;
                }
            };
        } catch (RuntimeException e) {
            bug("the delivery of " + entry.message(), e);
            open.lost();
            return new Ending.Tried(Untried.forAll(entry, BUG));
        }
    }

    /// One entry to a next hop that takes each by itself. What goes nowhere is not signed.
    List<AttemptResult> handOver(NextHop.Taker taker, EgressPath path, QueueEntry entry) {
        Rendition rendition =
                taker instanceof NextHop.Http
                        ? render(path, entry)
                        : Signing.unsigned(outbound(entry));
        return switch (rendition) {
            case Rendition.Impossible(SmtpReply reply) ->
                    Untried.forAll(entry, new NotTried(reply));
            case Rendition.Ready ready -> {
                List<AttemptResult> results = handoffs.deliver(taker, entry, leaving(ready, entry));
                if (!Results.isAllAccepted(results)) {
                    means.signing().keep(ready);
                }
                yield results;
            }
        };
    }

    private Rendition render(EgressPath path, QueueEntry entry) {
        return means.signing().render(outbound(entry), path);
    }

    private Outbound outbound(QueueEntry entry) {
        SpooledMessage message = entry.message();
        int all = message.envelope().recipients().size();
        return new Outbound(
                message.id(),
                message.envelope().stream(),
                message.size(),
                () -> body(message),
                entry.recipients().size() < all);
    }

    private Leaving leaving(Rendition.Ready ready, QueueEntry entry) {
        return new Leaving(ready.front(), ready.size(), () -> body(entry.message()));
    }

    BodySource body(SpooledMessage message) {
        return means.bodies().apply(message);
    }

    /// Hands a result on, and remembers for operators why its mail is deferred.
    void settle(EgressPath path, Attempt attempt) {
        QueueEntry entry = attempt.entry();
        settle(attempt)
                .ifPresent(facts ->
                        setbacks.deferred(
                                new Destination(entry.domain(), path.pool(), entry.route()),
                                facts));
    }

    /// Hands a result on. A failure there is no failure here: the connection goes on.
    Optional<AttemptFacts> settle(Attempt attempt) {
        try {
            return tied().settlement().apply(attempt);
        } catch (RuntimeException e) {
            bug("the result of " + attempt.entry().message(), e);
            return Optional.empty();
        }
    }

    void bug(String what, RuntimeException e) {
        metrics.bugs.inc();
        LOG.error("unexpected exception in {}", what, e);
    }

    private PathConnections newPath(EgressPath path) {
        return new PathConnections(
                path, active.settings().connectionsPerPathMax(), means.rests(), clock, starter);
    }

    private void startWorker(PathConnections connections) {
        permits.whenFree(() -> {
            EgressPath path = connections.path();
            String name = "deliver-" + path.site() + "-" + threadNumber.incrementAndGet();
            crew.start(name, () -> new DeliveryWorker(this, path, connections));
        });
    }

    private Ties tied() {
        return ties.orElseThrow(() -> new IllegalStateException("the dispatcher is not started"));
    }
}
