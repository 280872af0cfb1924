package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// Where each recipient of one message stands, and which of them the schedule holds: the others
/// rest, and come back from the index when they are due. Guarded by the monitor of its message.
///
/// One shared state while all recipients are alike, an array of them once they differ.
final class RecipientStates {
    private static final State SETTLED = new State(-1, Instant.EPOCH, false);

    private final int count;
    private int unsettled;

    /// Of all recipients, or of the one with the same number.
    private State[] states;

    /// A bit for each recipient that the schedule holds.
    private final long[] held;

    private int heldCount;

    /// What the schedule gave away before the record that says why was durable.
    private List<Leaving> leaving = List.of();

    /// @param dueAt in whole microseconds, as log and index keep it
    private record State(int attempts, Instant dueAt, boolean isDelayNotified) {
        State {
            dueAt = dueAt.truncatedTo(ChronoUnit.MICROS);
        }

        boolean isSettled() {
            return attempts < 0;
        }
    }

    private record Leaving(RecipientNumbers recipients, int attempts) {}

    private record Group(DomainName domain, State state) {}

    /// All of these groups in one.
    static RecipientNumbers joined(List<RecipientNumbers> groups) {
        int[] all =
                groups.stream()
                        .flatMapToInt(group -> IntStream.range(0, group.size()).map(group::get))
                        .sorted()
                        .toArray();
        return RecipientNumbers.of(all);
    }

    /// Fresh from a client: no recipient was tried, and the schedule is about to hold all of them.
    static RecipientStates accepted(int count, Instant firstDue) {
        var states = new RecipientStates(count, new State[] {new State(0, firstDue, false)}, count);
        states.holdAll();
        return states;
    }

    /// As a `carried` record has them; all rest.
    static RecipientStates carried(int count, List<RecoveredMessage.Waiting> waiting) {
        var states = new RecipientStates(count, settled(count), 0);
        for (RecoveredMessage.Waiting group : waiting) {
            states.set(
                    group.recipients(),
                    new State(group.attempts(), group.dueAt(), group.isDelayNotified()));
        }
        return states;
    }

    /// As a row of the index has them; all rest.
    static RecipientStates of(MessageRow row) {
        var states = new RecipientStates(row.recipients(), settled(row.recipients()), 0);
        for (MessageRow.Entry entry : row.entries()) {
            states.set(
                    entry.recipients(),
                    new State(entry.attempts(), entry.dueAt(), entry.isDelayNotified()));
        }
        return states;
    }

    private RecipientStates(int count, State[] states, int unsettled) {
        this.count = count;
        this.states = states;
        this.unsettled = unsettled;
        this.held = new long[(count + Long.SIZE - 1) / Long.SIZE];
    }

    private static State[] settled(int count) {
        var states = new State[count];
        Arrays.fill(states, SETTLED);
        return states;
    }

    int unsettled() {
        return unsettled;
    }

    /// Whether the schedule holds a recipient of this message, in a queue or in flight.
    boolean isHeld() {
        return heldCount > 0;
    }

    /// Whether it does not hold one that is queued.
    boolean hasResting() {
        return heldCount < unsettled;
    }

    void settle(RecipientNumbers recipients) {
        if (recipients.size() >= count) {
            states = new State[] {SETTLED};
            unsettled = 0;
            Arrays.fill(held, 0);
            heldCount = 0;
            return;
        }
        spread();
        forEach(
                recipients,
                number -> {
                    if (!states[number].isSettled()) {
                        states[number] = SETTLED;
                        unsettled--;
                    }
                    setHeld(number, false);
                });
    }

    void defer(SpoolRecord.Deferred record) {
        var state = new State(record.attempt(), record.dueAt(), record.isDelayNotified());
        if (record.recipients().size() >= count && unsettled == count) {
            states = new State[] {state};
        } else {
            spread();
            forEach(
                    record.recipients(),
                    number -> {
                        if (!states[number].isSettled()) {
                            states[number] = state;
                        }
                    });
        }
        List<Leaving> waiting = leaving;
        leaving = List.of();
        waiting.forEach(one -> rest(one.recipients, one.attempts));
    }

    /// The schedule does not hold `recipients` any more; they have been tried so often. Where the
    /// record of the last attempt is not durable yet, this waits for it: until then nobody else may
    /// hold them.
    void rest(RecipientNumbers recipients, int attempts) {
        if (state(recipients.get(0)).attempts >= attempts || unsettled == 0) {
            forEach(recipients, number -> setHeld(number, false));
        } else {
            var more = new ArrayList<>(leaving);
            more.add(new Leaving(recipients, attempts));
            leaving = more;
        }
    }

    /// After a start nobody holds anything.
    void restAll() {
        Arrays.fill(held, 0);
        heldCount = 0;
    }

    /// The schedule gets what rests in `domain` and is due by `limit`.
    ///
    /// @return as [#resting]
    List<RecoveredMessage.Waiting> hold(Envelope envelope, DomainName domain, Instant limit) {
        List<RecoveredMessage.Waiting> taken = resting(envelope, domain, limit);
        taken.forEach(group -> forEach(group.recipients(), number -> setHeld(number, true)));
        return taken;
    }

    /// What rests in `domain` and is due by `limit`, grouped by equal state; empty where there is
    /// nothing.
    List<RecoveredMessage.Waiting> resting(Envelope envelope, DomainName domain, Instant limit) {
        return groups(
                        envelope,
                        number -> isResting(number, limit) && isIn(envelope, number, domain))
                .entrySet()
                .stream()
                .map(group -> waiting(group.getKey().state, group.getValue()))
                .toList();
    }

    /// What rests in `scope`, grouped by domain and equal state.
    List<RecoveredMessage.Waiting> resting(SpooledMessage message, QueueScope scope) {
        Envelope envelope = message.envelope();
        return groups(
                        envelope,
                        number ->
                                isResting(number, Indexer.FAR)
                                        && scope.matches(
                                                message.id(),
                                                envelope.stream(),
                                                domain(envelope, number)))
                .entrySet()
                .stream()
                .map(group -> waiting(group.getKey().state, group.getValue()))
                .toList();
    }

    /// What of the message is in `scope` is due at `now`.
    void retryNow(SpooledMessage message, QueueScope scope, Instant now) {
        var stream = message.envelope().stream();
        for (int number = 0; number < count; number++) {
            State old = state(number);
            boolean isMeant =
                    !old.isSettled()
                            && old.dueAt.isAfter(now)
                            && scope.matches(
                                    message.id(), stream, domain(message.envelope(), number));
            if (isMeant) {
                spread();
                states[number] = new State(old.attempts, now, old.isDelayNotified);
            }
        }
    }

    /// The unsettled recipients, grouped by equal state.
    List<RecoveredMessage.Waiting> waiting() {
        if (unsettled == 0) {
            return List.of();
        }
        if (states.length < count || count == 1) {
            return List.of(waiting(states[0], RecipientNumbers.all(count)));
        }
        Map<State, Numbers> groups = new LinkedHashMap<>();
        for (int number = 0; number < count; number++) {
            if (!states[number].isSettled()) {
                groups.computeIfAbsent(states[number], _ -> new Numbers()).add(number);
            }
        }
        var waiting = new ArrayList<RecoveredMessage.Waiting>(groups.size());
        groups.forEach((state, numbers) -> waiting.add(waiting(state, numbers.toNumbers())));
        return List.copyOf(waiting);
    }

    /// The unsettled recipients as the index has them: by queue and state.
    List<MessageRow.Entry> entries(Envelope envelope) {
        var entries = new ArrayList<MessageRow.Entry>(1);
        groups(envelope, number -> !state(number).isSettled())
                .forEach((group, numbers) ->
                        entries.add(
                                new MessageRow.Entry(
                                        new QueueName(envelope.stream(), group.domain),
                                        numbers,
                                        group.state.attempts,
                                        group.state.dueAt,
                                        group.state.isDelayNotified)));
        return entries;
    }

    /// In which queues recipients are due, and when.
    ///
    /// @param isHeld those that the schedule holds; where not, those that rest
    Set<RestingQueues.Due> dues(Envelope envelope, boolean isHeld) {
        Set<RestingQueues.Due> dues = new HashSet<>();
        for (int number = 0; number < count; number++) {
            if (!state(number).isSettled() && isHeld(number) == isHeld) {
                var queue = new QueueName(envelope.stream(), domain(envelope, number));
                dues.add(new RestingQueues.Due(queue, state(number).dueAt));
            }
        }
        // Kept with the message: the copy of one or two takes a tenth of the room.
        return Set.copyOf(dues);
    }

    /// Sees recipients one by one.
    @FunctionalInterface
    interface Visitor {
        void visit(QueueName queue, boolean isHeld);
    }

    /// Shows each unsettled recipient.
    void forEachUnsettled(Envelope envelope, Visitor visitor) {
        for (int number = 0; number < count && unsettled > 0; number++) {
            if (!state(number).isSettled()) {
                var queue = new QueueName(envelope.stream(), domain(envelope, number));
                visitor.visit(queue, isHeld(number));
            }
        }
    }

    private Map<Group, RecipientNumbers> groups(Envelope envelope, IntPredicate isWanted) {
        if (count == 1) {
            return isWanted.test(0)
                    ? Map.of(new Group(domain(envelope, 0), states[0]), RecipientNumbers.all(1))
                    : Map.of();
        }
        Map<Group, Numbers> groups = new LinkedHashMap<>();
        for (int number = 0; number < count; number++) {
            if (isWanted.test(number)) {
                var group = new Group(domain(envelope, number), state(number));
                groups.computeIfAbsent(group, _ -> new Numbers()).add(number);
            }
        }
        var complete = new LinkedHashMap<Group, RecipientNumbers>();
        groups.forEach((group, numbers) -> complete.put(group, numbers.toNumbers()));
        return complete;
    }

    private static DomainName domain(Envelope envelope, int number) {
        return envelope.recipients().get(number).path().domain();
    }

    private static boolean isIn(Envelope envelope, int number, DomainName domain) {
        return domain(envelope, number).equals(domain);
    }

    private boolean isResting(int number, Instant limit) {
        State state = state(number);
        return !state.isSettled() && !isHeld(number) && !state.dueAt.isAfter(limit);
    }

    private State state(int number) {
        return states.length == 1 ? states[0] : states[number];
    }

    private boolean isHeld(int number) {
        return (held[number / Long.SIZE] & 1L << number) != 0;
    }

    private void setHeld(int number, boolean isHeld) {
        if (isHeld(number) != isHeld) {
            held[number / Long.SIZE] ^= 1L << number;
            heldCount += isHeld ? 1 : -1;
        }
    }

    private void holdAll() {
        for (int number = 0; number < count; number++) {
            setHeld(number, true);
        }
    }

    private void set(RecipientNumbers recipients, State state) {
        forEach(
                recipients,
                number -> {
                    unsettled += states[number].isSettled() ? 1 : 0;
                    states[number] = state;
                });
    }

    private static RecoveredMessage.Waiting waiting(State state, RecipientNumbers recipients) {
        return new RecoveredMessage.Waiting(
                recipients, state.attempts, state.dueAt, state.isDelayNotified);
    }

    private void spread() {
        if (states.length < count) {
            State all = states[0];
            states = new State[count];
            Arrays.fill(states, all);
        }
    }

    /// Numbers beyond the envelope are not ours; a record that has them comes from damage.
    private void forEach(RecipientNumbers recipients, IntConsumer action) {
        for (int i = 0; i < recipients.size() && recipients.get(i) < count; i++) {
            action.accept(recipients.get(i));
        }
    }

    private static final class Numbers {
        private int[] numbers = new int[8];
        private int size;

        void add(int number) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, size * 2);
            }
            numbers[size++] = number;
        }

        RecipientNumbers toNumbers() {
            return RecipientNumbers.of(Arrays.copyOf(numbers, size));
        }
    }
}
