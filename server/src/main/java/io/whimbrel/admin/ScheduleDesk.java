package io.whimbrel.admin;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.QueueSummary;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;

/// The node's own queue: looks at the schedule, and changes it by way of the spool, so that every
/// change is durable before it counts. Thread-safe.
public final class ScheduleDesk implements QueueDesk {
    /// Entries that become durable together when an operator removes mail, and between two lines of
    /// progress.
    private static final int REMOVED_AT_ONCE = 200;

    private final Schedule schedule;
    private final Act act;
    private final Remove remove;
    private final InstantSource clock;

    /// Makes an action durable, then applies it to the schedule; returns the recipients touched.
    @FunctionalInterface
    public interface Act {
        long act(OperatorAction action) throws IOException;
    }

    /// Settles entries that were taken out of the schedule, and waits until that is durable. What
    /// it could not settle it gives back to the schedule itself, for it alone knows how far it
    /// came. Returns the recipients removed.
    @FunctionalInterface
    public interface Remove {
        long remove(List<QueueEntry> entries, boolean isBounced, String reason) throws IOException;
    }

    public ScheduleDesk(Schedule schedule, Act act, Remove remove, InstantSource clock) {
        this.schedule = schedule;
        this.act = act;
        this.remove = remove;
        this.clock = clock;
    }

    @Override
    public QueueSummary summary() {
        return schedule.summary(clock.instant());
    }

    @Override
    public List<QueuedView> list(QueueScope scope, int most) {
        return schedule.list(scope, most, clock.instant());
    }

    @Override
    public List<QueuedView> find(QueueId id) {
        return schedule.find(id, clock.instant());
    }

    @Override
    public long act(OperatorAction action) throws IOException {
        return act.act(action);
    }

    @Override
    public long remove(QueueScope scope, boolean isBounced, String reason, Progress progress)
            throws IOException {
        List<QueueEntry> entries = schedule.takeOut(scope, clock.instant());
        int handed = 0;
        long removed = 0;
        try {
            while (handed < entries.size()) {
                int from = handed;
                handed = Math.min(entries.size(), from + REMOVED_AT_ONCE);
                removed += remove.remove(entries.subList(from, handed), isBounced, reason);
                if (handed < entries.size()) {
                    progress.at(handed, entries.size());
                }
            }
        } finally {
            // What was taken out and never handed on is mail that must be sent, whatever went
            // wrong.
            for (QueueEntry entry : entries.subList(handed, entries.size())) {
                schedule.giveBack(entry, clock.instant());
            }
        }
        return removed;
    }
}
