package io.whimbrel.schedule;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/// Members served in turn by deficit round robin: each turn earns one recipient of credit, and a
/// member is served while its credit is above zero. What is served may cost more than is left; the
/// member then sits out until its turns have paid for it. Guarded by the lock of its [PathQueue].
///
/// One recipient a turn keeps the wait of a newcomer short: one recipient for each other member. A
/// member that has run dry leaves when its next turn comes, so that its debt is not forgotten by
/// being idle for a moment.
final class Turns<M extends Turns.Member<M>> {
    /// So many are found by looking at each: most have one, and a map costs more than that.
    private static final int FEW = 8;

    /// The one that was served last; the others are linked to it, in order of turns. Null where
    /// there is none.
    private @Nullable M last;

    private int size;

    /// All of them, once there were more than a few.
    private Map<String, M> byName = Map.of();

    /// One of those who take turns.
    static class Member<M extends Member<M>> {
        final String name;
        long credit;

        /// The search that passed it over last ([ReadyQueue]).
        long passedIn;

        /// The last search in which a limit of its own held it back.
        long heldIn = -1;

        private int waitingQueues;
        @Nullable M next;

        Member(String name) {
            this.name = name;
        }

        /// A limit holds all of it back.
        final void passHeld(long search) {
            passedIn = search;
            heldIn = search;
        }

        /// A scheduled queue came to (1) or left (-1) this member.
        final void count(int queues) {
            waitingQueues += queues;
        }

        final void charge(int recipients) {
            credit -= recipients;
        }

        final boolean isDry() {
            return waitingQueues == 0;
        }
    }

    /// The member called `name`; a new one is last in turn.
    M member(String name, Function<String, M> create) {
        Optional<M> known = known(name);
        if (known.isPresent()) {
            return known.get();
        }
        M created = create.apply(name);
        addLast(created);
        if (!byName.isEmpty()) {
            byName.put(name, created);
        } else if (size > FEW) {
            byName = new HashMap<>();
            forEach(member -> byName.put(member.name, member));
        }
        return created;
    }

    private Optional<M> known(String name) {
        if (!byName.isEmpty()) {
            return Optional.ofNullable(byName.get(name));
        }
        M member = last;
        for (int i = 0; i < size; i++) {
            member = after(member);
            if (member.name.equals(name)) {
                return Optional.of(member);
            }
        }
        return Optional.empty();
    }

    private void forEach(Consumer<M> visitor) {
        M member = last;
        for (int i = 0; i < size; i++) {
            member = after(member);
            visitor.accept(member);
        }
    }

    private static <M extends Member<M>> M after(@Nullable M member) {
        return Objects.requireNonNull(Objects.requireNonNull(member).next);
    }

    private void addLast(M member) {
        if (last == null) {
            member.next = member;
        } else {
            member.next = last.next;
            last.next = member;
        }
        last = member;
        size++;
    }

    private void removeFirst() {
        M first = after(last);
        if (size == 1) {
            last = null;
        } else {
            Objects.requireNonNull(last).next = first.next;
        }
        size--;
        if (!byName.isEmpty()) {
            byName.remove(first.name);
        }
    }

    /// Whose turn it is among those that `mayServe` lets through; the others lose theirs. Empty
    /// where it lets nobody through that has a queue. Amortised O(1) for each recipient and each
    /// member that is passed over.
    Optional<M> next(Predicate<? super M> mayServe) {
        int passed = 0;
        while (passed < size) {
            M first = after(last);
            if (first.isDry()) {
                removeFirst();
            } else if (!mayServe.test(first)) {
                passed++;
                // What is passed over saves nothing up.
                first.credit = Math.min(first.credit, 0);
                last = first;
            } else if (first.credit > 0) {
                return Optional.of(first);
            } else {
                passed = 0;
                last = first;
            }
            if (last != null) {
                after(last).credit++;
            }
        }
        return Optional.empty();
    }

    /// The next member that has a queue; nothing changes by looking.
    Optional<M> waiting() {
        M member = last;
        for (int i = 0; i < size; i++) {
            member = after(member);
            if (!member.isDry()) {
                return Optional.of(member);
            }
        }
        return Optional.empty();
    }
}
