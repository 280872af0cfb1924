package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// What must be true of a queue, kept in the simplest way: one line for each unsettled recipient,
/// and restrictions that are looked up one by one.
final class QueueOracle {
    private final TreeMap<Key, Line> lines = new TreeMap<>();
    private final Map<QueueScope, String> holds = new HashMap<>();
    private final Map<QueueScope, Instant> suspensions = new HashMap<>();
    private long settled;

    private record Key(QueueId id, int number) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byId = id.compareTo(other.id);
            return byId != 0 ? byId : Integer.compare(number, other.number);
        }
    }

    /// One unsettled recipient.
    private record Line(
            SpooledMessage message,
            DomainName domain,
            int attempts,
            Instant dueAt,
            boolean isInFlight) {}

    private record Past(int attempts, Instant dueAt) {
        RecoveredMessage.Waiting waiting(List<Integer> numbers) {
            int[] ascending = numbers.stream().mapToInt(Integer::intValue).toArray();
            return new RecoveredMessage.Waiting(
                    RecipientNumbers.of(ascending), attempts, dueAt, false);
        }
    }

    void admitted(SpooledMessage message, Instant now) {
        Instant due = message.envelope().firstDue(now);
        for (int i = 0; i < message.envelope().recipients().size(); i++) {
            DomainName domain = message.envelope().recipients().get(i).path().domain();
            lines.put(new Key(message.id(), i), new Line(message, domain, 0, due, false));
        }
    }

    /// Checks that `entry` may be in flight now.
    void taken(QueueEntry entry) {
        for (Key key : keys(entry)) {
            Line line = line(key);
            require(!line.isInFlight, "tried twice at once", entry);
            require(isAsExpected(entry, line), "changed while it waited", entry);
            lines.put(key, new Line(line.message, line.domain, line.attempts, line.dueAt, true));
        }
    }

    private Line line(Key key) {
        Line line = lines.get(key);
        if (line == null) {
            throw new AssertionError("in the queue though settled: " + key);
        }
        return line;
    }

    void mayBeTried(QueueEntry entry, Instant now) {
        require(!entry.dueAt().isAfter(now), "tried before due", entry);
        require(!isHeld(entry.message(), entry.domain()), "tried though held", entry);
        require(
                !isSuspended(entry.message(), entry.domain(), now),
                "tried though suspended",
                entry);
    }

    /// Cheaper than an AssertJ assertion where there are millions.
    private static void require(boolean condition, String otherwise, Object about) {
        if (!condition) {
            throw new AssertionError(otherwise + ": " + about);
        }
    }

    private static boolean isAsExpected(QueueEntry entry, Line line) {
        return entry.attempts() == line.attempts && entry.dueAt().equals(line.dueAt);
    }

    void finished(QueueEntry entry, List<QueueEntry> retries) {
        for (Key key : keys(entry)) {
            require(lines.remove(key) != null, "settled twice", entry);
        }
        settled += entry.recipients().size();
        for (QueueEntry retry : retries) {
            settled -= retry.recipients().size();
            waits(retry);
        }
    }

    void givenBack(QueueEntry entry) {
        waits(entry);
    }

    private void waits(QueueEntry entry) {
        for (Key key : keys(entry)) {
            lines.put(
                    key,
                    new Line(
                            entry.message(),
                            entry.domain(),
                            entry.attempts(),
                            entry.dueAt(),
                            false));
        }
    }

    /// @return how many recipients the action must say it touched
    long applied(OperatorAction action, Instant now) {
        return switch (action) {
            case OperatorAction.Hold(QueueScope scope, String reason) -> {
                holds.put(scope, reason);
                yield waitingIn(scope);
            }
            case OperatorAction.Release(QueueScope scope) -> {
                holds.remove(scope);
                yield waitingIn(scope);
            }
            case OperatorAction.Suspend(QueueScope scope, Duration duration, String _) -> {
                suspensions.put(scope, now.plus(duration));
                yield waitingIn(scope);
            }
            case OperatorAction.Resume(QueueScope scope) -> {
                suspensions.remove(scope);
                yield waitingIn(scope);
            }
            case OperatorAction.RetryNow(QueueScope scope) -> retryNow(scope, now);
        };
    }

    private long retryNow(QueueScope scope, Instant now) {
        long touched = 0;
        for (Map.Entry<Key, Line> entry : lines.entrySet()) {
            Line line = entry.getValue();
            if (!line.isInFlight && line.dueAt.isAfter(now) && isIn(scope, line)) {
                entry.setValue(new Line(line.message, line.domain, line.attempts, now, false));
                touched++;
            }
        }
        return touched;
    }

    long waitingIn(QueueScope scope) {
        return lines.values().stream().filter(l -> !l.isInFlight && isIn(scope, l)).count();
    }

    List<QueueScope> heldScopes() {
        return List.copyOf(holds.keySet());
    }

    List<QueueScope> suspendedScopes() {
        return List.copyOf(suspensions.keySet());
    }

    long settled() {
        return settled;
    }

    int unsettled() {
        return lines.size();
    }

    /// Some message that is queued.
    Optional<QueueId> idAtOrAfter(long value) {
        Key key = lines.ceilingKey(new Key(new QueueId(value), 0));
        return key == null ? Optional.empty() : Optional.of(key.id);
    }

    /// Some message that is being tried.
    Optional<QueueId> idInFlight() {
        for (Map.Entry<Key, Line> line : lines.entrySet()) {
            if (line.getValue().isInFlight) {
                return Optional.of(line.getKey().id);
            }
        }
        return Optional.empty();
    }

    /// What the spool would give back at a start: nothing is in flight any more.
    List<RecoveredMessage> recovered() {
        lines.replaceAll((_, l) -> new Line(l.message, l.domain, l.attempts, l.dueAt, false));
        var byMessage = new LinkedHashMap<SpooledMessage, Map<Past, List<Integer>>>();
        lines.forEach((key, line) ->
                byMessage
                        .computeIfAbsent(line.message, _ -> new LinkedHashMap<>())
                        .computeIfAbsent(
                                new Past(line.attempts, line.dueAt), _ -> new ArrayList<>())
                        .add(key.number));
        var recovered = new ArrayList<RecoveredMessage>();
        byMessage.forEach((message, groups) -> {
            var waiting = new ArrayList<RecoveredMessage.Waiting>();
            groups.forEach((past, numbers) -> waiting.add(past.waiting(numbers)));
            recovered.add(new RecoveredMessage(message, waiting));
        });
        return recovered;
    }

    List<OperatorAction> recoveredActions(Instant now) {
        var actions = new ArrayList<OperatorAction>();
        holds.forEach((scope, reason) -> actions.add(new OperatorAction.Hold(scope, reason)));
        suspensions.forEach((scope, until) ->
                actions.add(new OperatorAction.Suspend(scope, Duration.between(now, until), "")));
        return actions;
    }

    /// Compares everything the schedule shows, and what rests, with what must be; right after a
    /// tick.
    void check(Schedule schedule, ModelIndex index, Instant now) {
        List<QueueEntry> resting = index.entries();
        var keysAtRest = new HashSet<Key>();
        resting.forEach(entry -> keysAtRest.addAll(keys(entry)));
        suspensions.values().removeIf(until -> !until.isAfter(now));
        var expected = new EnumMap<State, Long>(State.class);
        for (State state : State.values()) {
            expected.put(state, 0L);
        }
        Instant firstDue = Instant.MAX;
        for (Map.Entry<Key, Line> entry : lines.entrySet()) {
            if (keysAtRest.contains(entry.getKey())) {
                continue;
            }
            Line line = entry.getValue();
            State state = state(line, now);
            expected.merge(state, 1L, Long::sum);
            if (state == State.SCHEDULED && line.dueAt.isBefore(firstDue)) {
                firstDue = line.dueAt;
            }
        }
        QueueSummary summary = ScheduleFixture.inMemory(schedule, now);
        var counted = new EnumMap<State, Long>(summary.byState());
        counted.merge(State.READY, counted.put(State.RESOLVING, 0L), Long::sum);
        assertThat(counted).isEqualTo(expected);
        assertThat(summary.recipients()).isEqualTo(lines.size() - keysAtRest.size());
        QueueSummary all = summary(schedule, keysAtRest, now);
        assertThat(all.recipients()).isEqualTo(lines.size());
        assertThat(all.byState())
                .containsEntry(State.IN_FLIGHT, expected.get(State.IN_FLIGHT))
                .allSatisfy((state, count) ->
                        assertThat(count).isGreaterThanOrEqualTo(summary.byState().get(state)));
        assertThat(all.byTenant().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(lines.size());
        assertThat(summary.restrictions()).hasSize(holds.size() + suspensions.size());
        if (firstDue.isBefore(Instant.MAX)) {
            assertThat(schedule.nextDue().orElseThrow()).isBeforeOrEqualTo(firstDue.plusMillis(1));
        }
        List<QueuedView> views = schedule.survey().list(QueueScope.ALL, Integer.MAX_VALUE, now);
        assertThat(schedule.entriesInMemory()).isEqualTo(views.size());
        checkEntries(views, resting, now);
    }

    /// Of all lines.
    private QueueSummary summary(Schedule schedule, Set<Key> keysAtRest, Instant now) {
        return ScheduleFixture.summary(
                schedule,
                now,
                viewer ->
                        lines.forEach((key, line) -> {
                            var queue =
                                    new QueueName(line.message.envelope().stream(), line.domain);
                            int resting = keysAtRest.contains(key) ? 1 : 0;
                            viewer.accept(new QueueCount(queue, 1, resting));
                        }));
    }

    /// Every unsettled recipient is in exactly one entry, and that entry is as it must be.
    private void checkEntries(List<QueuedView> views, List<QueueEntry> resting, Instant now) {
        var seen = new HashSet<Key>();
        Instant last = Instant.MIN;
        for (QueuedView view : views) {
            require(!view.entry().dueAt().isBefore(last), "out of order", view);
            last = view.entry().dueAt();
            boolean isResolving = view.state() == State.RESOLVING;
            State state = isResolving ? State.READY : view.state();
            require(!isResolving || view.site().isEmpty(), "has a site", view);
            for (Key key : keys(view.entry())) {
                require(seen.add(key), "in two entries", view);
                Line line = line(key);
                require(state == state(line, now), "wrong state", view);
                require(isAsExpected(view.entry(), line), "not as expected", view);
            }
        }
        for (QueueEntry entry : resting) {
            for (Key key : keys(entry)) {
                require(seen.add(key), "at rest and elsewhere", entry);
                require(!line(key).isInFlight, "at rest in flight", entry);
                require(isAsExpected(entry, line(key)), "not as expected", entry);
            }
        }
        assertThat(seen).as("lost").hasSize(lines.size());
    }

    /// READY stands for RESOLVING too: which it is, depends on what the schedule has forgotten.
    private State state(Line line, Instant now) {
        if (line.isInFlight) {
            return State.IN_FLIGHT;
        }
        if (isHeld(line.message, line.domain)) {
            return State.HELD;
        }
        if (isSuspended(line.message, line.domain, now)) {
            return State.SUSPENDED;
        }
        return line.dueAt.isAfter(now) ? State.SCHEDULED : State.READY;
    }

    private boolean isHeld(SpooledMessage message, DomainName domain) {
        return holds.keySet().stream()
                .anyMatch(s -> s.matches(message.id(), message.envelope().stream(), domain));
    }

    private boolean isSuspended(SpooledMessage message, DomainName domain, Instant now) {
        return suspensions.entrySet().stream()
                .anyMatch(e ->
                        e.getValue().isAfter(now)
                                && e.getKey()
                                        .matches(
                                                message.id(), message.envelope().stream(), domain));
    }

    private static boolean isIn(QueueScope scope, Line line) {
        return scope.matches(line.message.id(), line.message.envelope().stream(), line.domain);
    }

    private static List<Key> keys(QueueEntry entry) {
        var keys = new ArrayList<Key>();
        for (int i = 0; i < entry.recipients().size(); i++) {
            keys.add(new Key(entry.message().id(), entry.recipients().get(i)));
        }
        return keys;
    }
}
