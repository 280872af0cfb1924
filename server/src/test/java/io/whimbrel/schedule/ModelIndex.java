package io.whimbrel.schedule;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpooledMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/// The index as the schedule sees it, kept in the simplest way: rows by due time for each queue.
/// Thread-safe. It answers when it is told that time passes. Where the schedule was told that there
/// is more it is trusted to ask for it.
final class ModelIndex implements Resting {
    private static final Duration SOON = Duration.ofSeconds(30);

    private final LinkedHashMap<QueueName, TreeMap<Key, QueueEntry>> rows = new LinkedHashMap<>();
    private final Map<QueueName, Instant> notBefore = new HashMap<>();
    private final ArrayDeque<Wish> wishes = new ArrayDeque<>();
    long rested;

    private record Wish(QueueName queue, int most) {}

    private record Look(QueueName queue, Instant firstDue) {}

    private record Key(Instant dueAt, QueueId id, int number) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byDue = dueAt.compareTo(other.dueAt);
            int byId = byDue != 0 ? byDue : id.compareTo(other.id);
            return byId != 0 ? byId : Integer.compare(number, other.number);
        }
    }

    @Override
    public synchronized void rest(QueueEntry entry) {
        rested++;
        put(entry);
    }

    @Override
    public synchronized void wanted(QueueName queue, int most) {
        wishes.add(new Wish(queue, most));
    }

    @Override
    public synchronized void wake(QueueScope scope) {
        notBefore
                .keySet()
                .removeIf(queue ->
                        withoutId(scope).matches(new QueueId(1), queue.stream(), queue.domain()));
    }

    /// The process dies: what the schedule said is forgotten, rows stay.
    synchronized void restart() {
        notBefore.clear();
        wishes.clear();
    }

    /// A row that was there at start.
    synchronized void put(QueueEntry entry) {
        var queue = new QueueName(entry.message().envelope().stream(), entry.domain());
        QueueEntry before =
                rows.computeIfAbsent(queue, _ -> new TreeMap<>()).put(key(entry), entry);
        if (before != null) {
            throw new AssertionError("rests twice: " + entry);
        }
    }

    /// Answers what it was asked, then looks at what is due.
    synchronized void pass(Schedule schedule, Instant now) {
        for (int i = wishes.size(); i > 0; i--) {
            Wish wish = wishes.remove();
            bring(wish.queue, wish.most, schedule, now);
        }
        var looks = new ArrayList<Look>();
        rows.forEach((queue, its) -> {
            Instant firstDue = its.firstKey().dueAt;
            if (!firstDue.isAfter(now.plus(SOON))
                    && !notBefore.getOrDefault(queue, Instant.MIN).isAfter(now)) {
                looks.add(new Look(queue, firstDue));
            }
        });
        looks.sort((one, other) -> one.firstDue.compareTo(other.firstDue));
        for (Look look : looks) {
            switch (schedule.room(look.queue, now)) {
                case Room.Take(int most) -> bring(look.queue, most, schedule, now);
                case Room.Later(Duration delay) -> notBefore.put(look.queue, now.plus(delay));
            }
        }
    }

    private void bring(QueueName queue, int most, Schedule schedule, Instant now) {
        TreeMap<Key, QueueEntry> its = rows.getOrDefault(queue, new TreeMap<>());
        Instant end = now.plus(SOON);
        var messages = new ArrayList<RecoveredMessage>();
        int weight = 0;
        while (weight < most && isDue(its, end)) {
            QueueEntry entry = its.pollFirstEntry().getValue();
            weight += 1 + (entry.recipients().size() - 1) / SpooledMessage.RECIPIENTS_AN_ENTRY;
            var waiting =
                    new RecoveredMessage.Waiting(
                            entry.recipients(),
                            entry.attempts(),
                            entry.dueAt(),
                            entry.isDelayNotified());
            messages.add(new RecoveredMessage(entry.message(), List.of(waiting)));
        }
        boolean isMore = isDue(its, end);
        if (isMore) {
            notBefore.put(queue, Instant.MAX);
        } else {
            notBefore.remove(queue);
        }
        if (its.isEmpty()) {
            rows.remove(queue);
        }
        schedule.due(queue, messages, isMore, now);
    }

    private static boolean isDue(NavigableMap<Key, QueueEntry> its, Instant end) {
        return !its.isEmpty() && !its.firstKey().dueAt.isAfter(end);
    }

    synchronized List<QueueEntry> entries() {
        return rows.values().stream().flatMap(its -> its.values().stream()).toList();
    }

    synchronized int size() {
        return rows.values().stream().mapToInt(TreeMap::size).sum();
    }

    synchronized long recipientsIn(QueueScope scope) {
        return in(scope).stream().mapToLong(entry -> entry.recipients().size()).sum();
    }

    synchronized void clear() {
        in(QueueScope.ALL).forEach(this::remove);
    }

    /// What a job does for an operator who wants mail tried now.
    ///
    /// @return recipients touched
    synchronized long retryNow(QueueScope scope, Instant now) {
        long touched = 0;
        for (QueueEntry entry : in(scope)) {
            if (entry.dueAt().isAfter(now)) {
                remove(entry);
                put(entry.withDueAt(now));
                touched += entry.recipients().size();
            }
        }
        return touched;
    }

    private List<QueueEntry> in(QueueScope scope) {
        return entries().stream()
                .filter(entry ->
                        scope.matches(
                                entry.message().id(),
                                entry.message().envelope().stream(),
                                entry.domain()))
                .toList();
    }

    private void remove(QueueEntry entry) {
        var queue = new QueueName(entry.message().envelope().stream(), entry.domain());
        TreeMap<Key, QueueEntry> its = rows.getOrDefault(queue, new TreeMap<>());
        its.remove(key(entry));
        if (its.isEmpty()) {
            rows.remove(queue);
        }
    }

    private static Key key(QueueEntry entry) {
        return new Key(entry.dueAt(), entry.message().id(), entry.recipients().get(0));
    }

    private static QueueScope withoutId(QueueScope scope) {
        return new QueueScope(Optional.empty(), scope.domain(), scope.tenant(), scope.campaign());
    }
}
