package io.whimbrel.salvage;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.SegmentCensus;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.spool.OfflineSpool;
import io.whimbrel.spool.OfflineSpool.Reading;
import io.whimbrel.spool.SpoolRecord.Job;
import io.whimbrel.spool.SpoolRecord.Operator;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.io.IOException;
import java.time.Instant;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/// What is in a spool, in numbers. Confined to one thread.
public final class SpoolTotals {
    private static final int ROWS_AT_ONCE = 1_000;

    private final Instant now;
    private final List<Operator> actions;
    private final List<Job> jobs;
    private final Map<State, Long> states = new EnumMap<>(State.class);
    private final Map<Key, Tally> tallies = new EnumMap<>(Key.class);
    private final List<OfflineSpool.Segment> segments;
    private final Map<Long, Long> liveBytes;
    private final long indexBytes;
    private Optional<QueueId> oldest = Optional.empty();
    private long messages;
    private long recipients;
    private long bytes;

    /// Where a recipient stands; the first that fits.
    public enum State {
        HELD,
        SUSPENDED,
        /// Its time has come.
        DUE,
        /// It waits for its time.
        SCHEDULED
    }

    /// What mail is counted by.
    public enum Key {
        TENANT,
        CAMPAIGN,
        DOMAIN
    }

    /// One line of a count.
    public record Line(String name, long messages, long recipients) {}

    /// Counts by name. Names beyond [#NAMES_MAX] are counted together, so that memory is bounded.
    private static final class Tally {
        private static final int NAMES_MAX = 200_000;
        private static final String OTHERS = "(all others)";

        private final Map<String, long[]> counts = new HashMap<>();

        void add(String name, long messages, long recipients) {
            boolean hasRoom = counts.size() < NAMES_MAX || counts.containsKey(name);
            long[] count = counts.computeIfAbsent(hasRoom ? name : OTHERS, _ -> new long[2]);
            count[0] += messages;
            count[1] += recipients;
        }

        List<Line> top(int most) {
            return counts.entrySet().stream()
                    .map(one -> new Line(one.getKey(), one.getValue()[0], one.getValue()[1]))
                    .sorted(
                            Comparator.comparingLong(Line::recipients)
                                    .reversed()
                                    .thenComparing(Line::name))
                    .limit(most)
                    .toList();
        }
    }

    /// Counts all that is queued.
    ///
    /// @param whenCounted told of messages, as they are counted
    public SpoolTotals(OfflineSpool spool, Reading reading, Instant now, LongConsumer whenCounted)
            throws IOException {
        this.now = now;
        actions = reading.actionsInForce();
        jobs = reading.jobs();
        segments = spool.segments();
        indexBytes = spool.indexBytes();
        for (State state : State.values()) {
            states.put(state, 0L);
        }
        for (Key key : Key.values()) {
            tallies.put(key, new Tally());
        }
        try (var census = new SegmentCensus(reading.index())) {
            liveBytes = census.sum();
        }
        var rows =
                new Pages<MessageRow>(
                        last -> reading.index().messages(last.map(MessageRow::id), ROWS_AT_ONCE));
        for (Optional<MessageRow> row = rows.poll(); row.isPresent(); row = rows.poll()) {
            if (!row.get().entries().isEmpty()) {
                add(row.get());
                whenCounted.accept(1);
            }
        }
    }

    private void add(MessageRow row) {
        messages++;
        bytes += row.size();
        oldest = oldest.isEmpty() ? Optional.of(row.id()) : oldest;
        Map<Key, Map<String, Integer>> names = new EnumMap<>(Key.class);
        for (MessageRow.Entry entry : row.entries()) {
            int count = entry.recipients().size();
            recipients += count;
            states.merge(state(row.id(), entry), (long) count, Long::sum);
            for (Key key : Key.values()) {
                names.computeIfAbsent(key, _ -> new HashMap<>())
                        .merge(name(key, entry.queue()), count, Integer::sum);
            }
        }
        names.forEach(
                (key, counts) -> counts.forEach((name, count) -> tally(key).add(name, 1, count)));
    }

    private static String name(Key key, QueueName queue) {
        return switch (key) {
            case TENANT -> queue.stream().tenant();
            case CAMPAIGN -> queue.stream().campaign();
            case DOMAIN -> queue.domain().value();
        };
    }

    private State state(QueueId id, MessageRow.Entry entry) {
        State state = entry.dueAt().isAfter(now) ? State.SCHEDULED : State.DUE;
        for (Operator record : actions) {
            QueueName queue = entry.queue();
            if (record.action().scope().matches(id, queue.stream(), queue.domain())) {
                if (record.action() instanceof OperatorAction.Hold) {
                    return State.HELD;
                }
                state = State.SUSPENDED;
            }
        }
        return state;
    }

    private Tally tally(Key key) {
        return tallies.getOrDefault(key, new Tally());
    }

    public long messages() {
        return messages;
    }

    /// Unsettled ones.
    public long recipients() {
        return recipients;
    }

    /// Of the messages, as they would be sent.
    public long bytes() {
        return bytes;
    }

    /// Recipients by state, all states.
    public Map<State, Long> states() {
        return states;
    }

    /// The message that was accepted here first.
    public Optional<QueueId> oldest() {
        return oldest;
    }

    /// Those with the most recipients first.
    public List<Line> top(Key key, int most) {
        return tally(key).top(most);
    }

    /// Holds and suspensions in force, oldest first.
    public List<Operator> actions() {
        return actions;
    }

    /// Jobs that have not ended, oldest first.
    public List<Job> jobs() {
        return jobs;
    }

    public List<OfflineSpool.Segment> segments() {
        return segments;
    }

    /// What of a segment queued mail needs.
    public long liveBytes(long sequence) {
        return liveBytes.getOrDefault(sequence, 0L);
    }

    /// Of the node's index on the disk.
    public long indexBytes() {
        return indexBytes;
    }
}
