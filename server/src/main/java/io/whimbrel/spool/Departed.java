package io.whimbrel.spool;

import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueId;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Messages that have left the queue, and whose records the event log may still read. The writer's,
/// and recovery's before it; looks by id are thread-safe.
final class Departed {
    private final ConcurrentHashMap<Long, Trace> byId = new ConcurrentHashMap<>();

    /// Those that the event log may still ask for, in the order of the log.
    private final ArrayDeque<Trace> unreleased = new ArrayDeque<>();

    /// While the log is read: messages whose rows know already that they have left.
    private final Map<QueueId, Trace> ahead = new LinkedHashMap<>();

    /// @param leftAt behind the record by which the last recipient left
    private record Trace(SpooledMessage message, Position leftAt) {}

    boolean contains(QueueId id) {
        return byId.containsKey(id.value());
    }

    /// Where a reader that is at `at` may need it.
    Optional<SpooledMessage> find(QueueId id, Position at) {
        return Optional.ofNullable(byId.get(id.value()))
                .filter(trace -> at.compareTo(trace.leftAt) < 0)
                .map(Trace::message);
    }

    /// It left by the record before `at`, the last one in the log so far.
    void add(SpooledMessage message, Position at) {
        var trace = new Trace(message, at);
        byId.put(message.id().value(), trace);
        unreleased.addLast(trace);
    }

    /// Nobody will ask for it.
    void addUnasked(SpooledMessage message) {
        byId.put(message.id().value(), new Trace(message, Position.START));
    }

    /// No row tells of it any more.
    void gone(SpooledMessage message) {
        byId.computeIfPresent(
                message.id().value(), (_, trace) -> trace.message == message ? null : trace);
    }

    /// A copy of the message stands further on in the log: what comes behind it is about that.
    void comesAgain(QueueId id) {
        if (ahead.remove(id) != null) {
            byId.remove(id.value());
        }
    }

    /// The event log has what is before `position`.
    ///
    /// @return those it will not ask for any more
    List<SpooledMessage> release(Position position) {
        var released = new ArrayList<SpooledMessage>(0);
        while (!unreleased.isEmpty() && unreleased.getFirst().leftAt.compareTo(position) <= 0) {
            released.add(unreleased.removeFirst().message);
        }
        return released;
    }

    /// A message whose row is ahead; empty where none was noted by [#noteAhead].
    Optional<SpooledMessage> ahead(QueueId id) {
        return Optional.ofNullable(ahead.get(id)).map(Trace::message);
    }

    /// Recipients left by the record before `at`. The row says that all have left, but not by which
    /// record the last one did: what comes later in the log may be that, so it is not released
    /// before [#readingEnds].
    void noteAhead(SpooledMessage message, Position at) {
        var trace = new Trace(message, at);
        ahead.put(message.id(), trace);
        byId.put(message.id().value(), trace);
    }

    /// The log was read to its end.
    void readingEnds() {
        var all = new ArrayList<Trace>(unreleased);
        all.addAll(ahead.values());
        all.sort(Comparator.comparing(Trace::leftAt));
        ahead.clear();
        unreleased.clear();
        unreleased.addAll(all);
    }

    /// After a recovery rows hold on to what they need, and these messages to what no row has.
    void pinUnreleased() {
        for (Trace trace : unreleased) {
            if (trace.message.row().isEmpty()) {
                trace.message.location().pin();
            }
        }
    }

    /// Those that have a row still, in the order of the log.
    List<LogMark.Settled> marks() {
        return unreleased.stream()
                .filter(trace -> trace.message.row().isPresent())
                .map(trace -> new LogMark.Settled(trace.message.id(), trace.leftAt))
                .toList();
    }

    /// Thread-safe.
    void forEach(Consumer<SpooledMessage> viewer) {
        byId.values().forEach(trace -> viewer.accept(trace.message));
    }

    /// Whether the event log may still ask for a message that the index does not know and that a
    /// recovery from `position` would not read. Thread-safe.
    boolean isNeededBefore(Position position) {
        for (Trace trace : byId.values()) {
            SpooledMessage message = trace.message;
            boolean isOlder = message.location().accepted().start().compareTo(position) < 0;
            if (isOlder && message.row().isEmpty()) {
                return true;
            }
        }
        return false;
    }
}
