package io.whimbrel.spool;

import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/// Where each recipient of one message stands. Recovery needs it to fill the queues, the writer to
/// copy a message forward. Confined to the writer, or to recovery before it.
///
/// The on-disk index of very deep queues will hold this, one row a recipient; until then it is in
/// memory: one shared state while all recipients are alike, an array of them once they differ.
final class RecipientStates {
    private static final State SETTLED = new State(-1, Instant.EPOCH, false);

    private final int count;
    private int unsettled;

    /// Of all recipients, or of the one with the same number.
    private State[] states;

    private record State(int attempts, Instant dueAt, boolean isDelayNotified) {

        boolean isSettled() {
            return attempts < 0;
        }
    }

    RecipientStates(int count, Instant acceptedAt) {
        this.count = count;
        this.unsettled = count;
        this.states = new State[] {new State(0, acceptedAt, false)};
    }

    /// As a `carried` record has them.
    RecipientStates(int count, List<RecoveredMessage.Waiting> waiting) {
        this.count = count;
        this.unsettled = 0;
        this.states = new State[count];
        Arrays.fill(states, SETTLED);
        for (RecoveredMessage.Waiting group : waiting) {
            var state = new State(group.attempts(), group.dueAt(), group.isDelayNotified());
            forEach(
                    group.recipients(),
                    number -> {
                        unsettled += states[number].isSettled() ? 1 : 0;
                        states[number] = state;
                    });
        }
    }

    int unsettled() {
        return unsettled;
    }

    void settle(RecipientNumbers recipients) {
        if (recipients.size() >= count) {
            states = new State[] {SETTLED};
            unsettled = 0;
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
                });
    }

    void defer(SpoolRecord.Deferred record) {
        var state = new State(record.attempt(), record.dueAt(), record.isDelayNotified());
        if (record.recipients().size() >= count && unsettled == count) {
            states = new State[] {state};
            return;
        }
        spread();
        forEach(
                record.recipients(),
                number -> {
                    if (!states[number].isSettled()) {
                        states[number] = state;
                    }
                });
    }

    /// What of `message` is in `scope` is due at `now`.
    void retryNow(SpooledMessage message, QueueScope scope, Instant now) {
        var stream = message.envelope().stream();
        var recipients = message.envelope().recipients();
        for (int number = 0; number < count; number++) {
            var domain = recipients.get(number).path().domain();
            if (scope.matches(message.id(), stream, domain)) {
                spread();
                State old = states[number];
                if (!old.isSettled() && old.dueAt.isAfter(now)) {
                    states[number] = new State(old.attempts, now, old.isDelayNotified);
                }
            }
        }
    }

    /// The unsettled recipients, grouped by equal state.
    List<RecoveredMessage.Waiting> waiting() {
        if (unsettled == 0) {
            return List.of();
        }
        if (states.length < count || count == 1) {
            return List.of(group(states[0], RecipientNumbers.all(count)));
        }
        Map<State, Numbers> groups = new LinkedHashMap<>();
        for (int number = 0; number < count; number++) {
            if (!states[number].isSettled()) {
                groups.computeIfAbsent(states[number], _ -> new Numbers()).add(number);
            }
        }
        var waiting = new ArrayList<RecoveredMessage.Waiting>(groups.size());
        groups.forEach((state, numbers) -> waiting.add(group(state, numbers.toNumbers())));
        return List.copyOf(waiting);
    }

    private static RecoveredMessage.Waiting group(State state, RecipientNumbers recipients) {
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
