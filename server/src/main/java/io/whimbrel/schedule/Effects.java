package io.whimbrel.schedule;

import java.util.ArrayList;
import java.util.List;

/// What a change to a [PathQueue] leaves to do once its lock is released. Confined to one thread.
final class Effects {
    private final PathQueue queue;
    private final List<ScheduledQueue> offering = new ArrayList<>(0);
    private final List<QueueEntry> resting = new ArrayList<>(0);
    private int readied;
    private long recipients;

    Effects(PathQueue queue) {
        this.queue = queue;
    }

    PathQueue queue() {
        return queue;
    }

    /// Entries that can be taken now and could not before.
    int readied() {
        return readied;
    }

    void addReadied(int entries) {
        readied += Math.max(entries, 0);
    }

    /// Scheduled queues that have entries to take, perhaps newly. Only what is final in them may be
    /// read.
    List<ScheduledQueue> offering() {
        return offering;
    }

    void addOffering(ScheduledQueue scheduled) {
        offering.add(scheduled);
    }

    /// Entries that are no longer in memory and are to rest.
    List<QueueEntry> resting() {
        return resting;
    }

    void addResting(QueueEntry entry) {
        resting.add(entry);
    }

    /// Recipients that the change concerned.
    long recipients() {
        return recipients;
    }

    void addRecipients(long more) {
        recipients += more;
    }

    boolean isNothing() {
        return readied == 0
                && recipients == 0
                && offering.isEmpty()
                && resting.isEmpty()
                && !queue.isHungry();
    }
}
