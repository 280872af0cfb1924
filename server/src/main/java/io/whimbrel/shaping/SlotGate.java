package io.whimbrel.shaping;

import org.jspecify.annotations.Nullable;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;

/// How many connections or transactions there are at once, for one combination of values, and who
/// waits for one to end. Guarded by the lock of the [Limiter], but for [#isWantedBeside].
///
/// Whoever is refused waits in order, each path once. A slot that comes free is reserved for the
/// first for [#RESERVED]; the next has it where that one does not come.
final class SlotGate implements Gate {
    static final long RESERVED = 1_000_000;

    private final Family family;
    private final List<String> values;
    private int used;
    private boolean isForgotten;

    /// Who waits without a reserved slot: nobody is this gate itself, several are the list of them.
    private volatile Object wanting = this;

    /// Only while somebody waits.
    private @Nullable Waiting waiting;

    private static final class Waiting {
        final LinkedHashSet<Object> waiters = new LinkedHashSet<>(2);

        /// Until when, in that order.
        final LinkedHashMap<Object, Long> reserved = new LinkedHashMap<>(2);

        void expire(long now) {
            Iterator<Long> ends = reserved.values().iterator();
            while (ends.hasNext() && ends.next() <= now) {
                ends.remove();
            }
        }
    }

    SlotGate(Family family, List<String> values) {
        this.family = family;
        this.values = values;
    }

    @Override
    public Family family() {
        return family;
    }

    List<String> values() {
        return values;
    }

    int used() {
        return used;
    }

    @Override
    public boolean isForgotten() {
        return isForgotten;
    }

    @Override
    public void forget() {
        isForgotten = true;
    }

    /// Whether somebody else than `path` waits who has no slot reserved. Thread-safe.
    boolean isWantedBeside(Object path) {
        Object now = wanting;
        return now != this && !now.equals(path);
    }

    boolean hasRoomFor(Object path, long now) {
        Waiting queue = waiting;
        if (queue == null) {
            return used < family.most();
        }
        queue.expire(now);
        if (queue.reserved.containsKey(path)) {
            return used < family.most();
        }
        boolean isFirst = queue.waiters.isEmpty() || queue.waiters.getFirst().equals(path);
        return isFirst && used + queue.reserved.size() < family.most();
    }

    /// It is in use, whether there was room or not.
    void take(Object path) {
        used++;
        renounce(path);
    }

    void clear() {
        used = 0;
    }

    void release() {
        used = Math.max(0, used - 1);
    }

    Blocked refuse(Object path) {
        Waiting queue = waiting;
        if (queue == null) {
            queue = new Waiting();
            waiting = queue;
        }
        if (!queue.reserved.containsKey(path)) {
            queue.waiters.add(path);
            settle(queue);
        }
        var reason = new Reason(family, values, false);
        // Also where the restraint that narrows it ends some day: a slot is free sooner.
        return new Blocked(Long.MAX_VALUE, reason, family.breadth(), family.dependsOnSource());
    }

    /// The path does not wait here any more, and keeps no slot from others.
    void renounce(Object path) {
        Waiting queue = waiting;
        if (queue != null) {
            queue.reserved.remove(path);
            queue.waiters.remove(path);
            settle(queue);
        }
    }

    /// Reserves what is free for those that wait.
    void promote(long now, Wakes wakes) {
        Waiting queue = waiting;
        if (queue == null) {
            return;
        }
        queue.expire(now);
        Iterator<Object> next = queue.waiters.iterator();
        while (next.hasNext() && used + queue.reserved.size() < family.most()) {
            Object path = next.next();
            next.remove();
            queue.reserved.put(path, now + RESERVED);
            wakes.add(path);
        }
        settle(queue);
    }

    private void settle(Waiting queue) {
        wanting =
                switch (queue.waiters.size()) {
                    case 0 -> this;
                    case 1 -> queue.waiters.getFirst();
                    default -> values;
                };
        if (queue.waiters.isEmpty() && queue.reserved.isEmpty()) {
            waiting = null;
        }
    }

    boolean isAwaited() {
        return waiting != null;
    }

    boolean isAwaitedBy(Object path) {
        Waiting queue = waiting;
        return queue != null && (queue.waiters.contains(path) || queue.reserved.containsKey(path));
    }

    /// It is no more: whoever waits is to ask anew.
    void dissolve(Wakes wakes) {
        Waiting queue = waiting;
        if (queue != null) {
            queue.waiters.forEach(wakes::add);
        }
        waiting = null;
        wanting = this;
        isForgotten = true;
    }

    @Override
    public boolean isIdle(long now) {
        return used == 0 && waiting == null;
    }
}
