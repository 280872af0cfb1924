package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.spool.RecoveredMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Delivery and DNS in simulated time. Sites differ: quick, slow, moody, dead. It tries mail of a
/// path only while it was told that there is work, so a lost signal shows as mail that stays.
final class SimulatedInternet implements ScheduleActions {
    private static final int SITES = 12;
    private static final int CONNECTIONS = 8;
    private static final Duration TIME_TO_LIVE = Duration.ofMinutes(30);
    private static final RetrySchedule RETRY =
            new RetrySchedule(
                    Duration.ofMinutes(5),
                    2,
                    Duration.ofHours(4),
                    Duration.ofHours(30),
                    Duration.ofHours(4));

    private final Random random;
    private final QueueOracle oracle;
    private final ScheduleSettings settings;
    private final ModelIndex index = new ModelIndex();
    private final Map<EgressPath, Integer> open = new HashMap<>();
    private final Set<EgressPath> withWork = new LinkedHashSet<>();
    private final Map<DomainName, EgressPath> paths = new HashMap<>();
    private final PriorityQueue<Event> events =
            new PriorityQueue<>((one, other) ->
                    one.at.equals(other.at)
                            ? Long.compare(one.number, other.number)
                            : one.at.compareTo(other.at));
    private Schedule schedule;
    private Instant now;
    private long eventNumber;
    private boolean isFair;
    long attempts;
    long expired;

    private record Event(Instant at, long number, Runnable work) {}

    SimulatedInternet(Random random, QueueOracle oracle, ScheduleSettings settings, Instant start) {
        this.random = random;
        this.oracle = oracle;
        this.settings = settings;
        this.now = start;
        this.schedule = new Schedule(settings, this);
    }

    Schedule schedule() {
        return schedule;
    }

    ModelIndex index() {
        return index;
    }

    /// The weather clears up: every site and DNS works from now on.
    void beFair() {
        isFair = true;
    }

    /// The process dies; a new one starts with what is durable. Where the schedule is bounded all
    /// of it rests.
    void restart() {
        events.clear();
        open.clear();
        withWork.clear();
        paths.clear();
        schedule =
                new Schedule(
                        new ScheduleSettings(
                                "default",
                                1 + random.nextInt(100),
                                settings.horizon(),
                                settings.entriesInMemoryMax()),
                        this);
        oracle.recoveredActions(now).forEach(action -> schedule.apply(action, now));
        if (settings.isUnbounded()) {
            oracle.recovered().forEach(message -> schedule.restore(message, now));
        } else {
            index.clear();
            index.restart();
            oracle.recovered().forEach(this::putToRest);
        }
    }

    private void putToRest(RecoveredMessage message) {
        var split = new EntrySplit(message.message(), 100, Destinations.ofPool("default"));
        for (RecoveredMessage.Waiting waiting : message.waiting()) {
            split.entries(waiting.recipients(), waiting.attempts(), waiting.dueAt(), false)
                    .forEach(index::put);
        }
    }

    @Override
    public void resolve(Destination destination) {
        DomainName domain = destination.domain();
        at(Duration.ofMillis(random.nextInt(20_000)), () -> answer(domain));
    }

    @Override
    public void workReady(EgressPath path) {
        withWork.add(path);
    }

    @Override
    public void rest(QueueEntry entry) {
        index.rest(entry);
    }

    @Override
    public void wanted(QueueName queue, int most) {
        index.wanted(queue, most);
    }

    @Override
    public void wake(QueueScope scope) {
        index.wake(scope);
    }

    /// What happens until `newNow`, then a tick, then whatever connections are free take.
    void passUntil(Instant newNow) {
        while (!events.isEmpty() && !events.peek().at.isAfter(newNow)) {
            Event event = events.remove();
            now = event.at;
            event.work.run();
        }
        now = newNow;
        schedule.tick(now);
        index.pass(schedule, now);
        for (EgressPath path : List.copyOf(withWork)) {
            serve(path);
        }
    }

    /// What waits where, a line for each site: how many entries in which state, of which domains,
    /// and what is known of its path.
    String standing() {
        var bySite = new TreeMap<String, List<QueuedView>>();
        for (QueuedView view : schedule.survey().list(QueueScope.ALL, Integer.MAX_VALUE, now)) {
            bySite.computeIfAbsent(view.site(), _ -> new ArrayList<>()).add(view);
        }
        var lines = new ArrayList<String>();
        bySite.forEach((site, views) -> lines.add(standing(site, views)));
        lines.add(index.size() + " entries rest; " + events.size() + " events to come");
        return String.join("\n", lines);
    }

    private String standing(String site, List<QueuedView> views) {
        var path = new EgressPath("default", new Site(site));
        var states = new EnumMap<QueuedView.State, Integer>(QueuedView.State.class);
        var domains = new TreeSet<String>();
        for (QueuedView view : views) {
            states.merge(view.state(), 1, Integer::sum);
            domains.add(view.entry().domain().value());
        }
        return "site '%s': entries %s of %s, first due %s; %d ready, held by %s, %s, %d open"
                .formatted(
                        site,
                        states,
                        domains,
                        views.getFirst().entry().dueAt(),
                        schedule.readyEntries(path, now),
                        schedule.held(path),
                        withWork.contains(path) ? "announced" : "not announced",
                        open.getOrDefault(path, 0));
    }

    private void serve(EgressPath path) {
        if (!isFair && nature(path) == 0) {
            withWork.remove(path);
            schedule.takeAll(path, 50, now).forEach(entry -> unreachable(path, entry));
            if (schedule.readyEntries(path, now) > 0) {
                withWork.add(path);
            }
            return;
        }
        while (open.getOrDefault(path, 0) < CONNECTIONS) {
            Optional<QueueEntry> entry = schedule.take(path, now);
            if (entry.isEmpty()) {
                withWork.remove(path);
                return;
            }
            begin(path, entry.get());
        }
    }

    private void begin(EgressPath path, QueueEntry entry) {
        taken(path, entry);
        if (random.nextInt(50) == 0) {
            oracle.givenBack(entry);
            schedule.giveBack(entry, now);
            return;
        }
        open.merge(path, 1, Integer::sum);
        int seconds = nature(path) == 1 ? 60 + random.nextInt(600) : random.nextInt(10);
        at(
                Duration.ofSeconds(seconds),
                () -> {
                    open.merge(path, -1, Integer::sum);
                    end(path, entry);
                });
    }

    private void end(EgressPath path, QueueEntry entry) {
        attempts++;
        var deferred = new ArrayList<Integer>();
        for (int i = 0; i < entry.recipients().size(); i++) {
            if (!isFair && random.nextInt(10) < nature(path) * 2) {
                deferred.add(entry.recipients().get(i));
            }
        }
        finish(entry, deferred);
    }

    private void unreachable(EgressPath path, QueueEntry entry) {
        attempts++;
        taken(path, entry);
        finish(entry, all(entry));
    }

    private void taken(EgressPath path, QueueEntry entry) {
        oracle.taken(entry);
        oracle.mayBeTried(entry, now);
        if (!path.equals(paths.get(entry.domain()))) {
            throw new AssertionError(entry + " came by " + path + ", not its own");
        }
    }

    /// Settles `entry`; those who are deferred come back in one or two groups.
    private void finish(QueueEntry entry, List<Integer> deferred) {
        int middle = random.nextInt(4) == 0 ? deferred.size() / 2 : 0;
        var retries = new ArrayList<QueueEntry>();
        for (List<Integer> group :
                List.of(deferred.subList(0, middle), deferred.subList(middle, deferred.size()))) {
            Instant end = entry.message().envelope().endOfLife(RETRY.expire());
            Optional<Instant> due =
                    RETRY.nextDueBefore(end, entry.attempts() + 1, now, random.nextDouble());
            if (due.isEmpty()) {
                expired += group.size();
            } else if (!group.isEmpty()) {
                int[] numbers = group.stream().mapToInt(Integer::intValue).toArray();
                retries.add(
                        new QueueEntry(
                                entry.message(),
                                entry.domain(),
                                RecipientNumbers.of(numbers),
                                entry.attempts() + 1,
                                due.get(),
                                false));
            }
        }
        oracle.finished(entry, retries);
        schedule.finished(entry, retries, now);
    }

    private void answer(DomainName domain) {
        int hash = Math.floorMod(domain.hashCode(), 1_000);
        boolean fails = !isFair && (hash % 10 == 0 || random.nextInt(5) == 0);
        if (fails) {
            List<QueueEntry> waiting = schedule.siteUnknown(domain, now);
            for (QueueEntry entry : waiting) {
                oracle.taken(entry);
                oracle.mayBeTried(entry, now);
                finish(entry, hash % 20 == 0 ? List.of() : all(entry));
            }
            return;
        }
        // Now and then a domain moves to the next site.
        int site = (hash + random.nextInt(20) / 19) % SITES;
        var path = new EgressPath("default", new Site("mx" + site));
        paths.put(domain, path);
        schedule.siteResolved(domain, path.site(), TIME_TO_LIVE, now);
    }

    private static List<Integer> all(QueueEntry entry) {
        var all = new ArrayList<Integer>();
        for (int i = 0; i < entry.recipients().size(); i++) {
            all.add(entry.recipients().get(i));
        }
        return all;
    }

    /// 0 is dead, 1 is slow, higher numbers defer more of what they are given.
    private static int nature(EgressPath path) {
        return Integer.parseInt(path.site().name().substring(2)) % 5;
    }

    private void at(Duration delay, Runnable work) {
        events.add(new Event(now.plus(delay), eventNumber++, work));
    }
}
