package io.whimbrel.admin;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.QueueSummary;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.io.IOException;
import java.util.List;

/// The queue as operators look at it and change it. [ScheduleDesk] is the node's; the seam is here
/// so that the socket and the commands can be tried against a queue that never moves. Thread-safe.
public interface QueueDesk {

    /// @throws IOException where what rests on disk cannot be read; so for the next two
    QueueSummary summary() throws IOException;

    /// Up to `most` entries in `scope`, oldest due first.
    List<QueuedView> list(QueueScope scope, int most) throws IOException;

    /// Every entry in `scope` that is in memory, in flight included.
    List<QueuedView> inMemory(QueueScope scope);

    /// Recipients in `scope` that rest on disk.
    long resting(QueueScope scope) throws IOException;

    /// Recipients in `scope`, beside those in flight, that restrictions keep from being tried.
    ///
    /// @throws IOException where what rests on disk cannot be read
    Withheld withheld(QueueScope scope) throws IOException;

    /// Every entry of one message; empty where none is queued.
    List<QueuedView> find(QueueId id) throws IOException;

    /// Makes `action` durable, then carries it out.
    ///
    /// @return how many recipients it touched
    /// @throws IOException where it could not be made durable; nothing was done
    long act(OperatorAction action) throws IOException;

    /// Takes what waits in `scope` out of the queue for good. Mail in flight stays.
    ///
    /// @param isBounced the senders are told; otherwise it is deleted silently
    /// @param reason why, for the event log and for the bounce; `""` for none
    /// @param progress told from time to time
    /// @return how many recipients were removed
    /// @throws IOException where it could not be made durable; what was not removed stays queued
    long remove(QueueScope scope, boolean isBounced, String reason, Progress progress)
            throws IOException;

    /// How far long work has come.
    @FunctionalInterface
    interface Progress {
        void at(long done, long of);
    }
}
