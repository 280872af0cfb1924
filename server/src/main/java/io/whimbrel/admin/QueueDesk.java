package io.whimbrel.admin;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.outcome.JobView;
import io.whimbrel.schedule.QueueSummary;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// The queue as operators look at it and change it. [ScheduleDesk] is the node's; the seam is here
/// so that the socket and the commands can be tried against a queue that never moves. Thread-safe.
public interface QueueDesk {

    /// @throws IOException where what rests on disk cannot be read; so for the next two
    QueueSummary summary() throws IOException;

    /// Up to `most` entries in `scope`, oldest due first.
    List<QueuedView> list(QueueScope scope, int most) throws IOException;

    /// Holds and suspensions in force.
    List<OperatorAction> restrictions();

    /// How much is queued in `scope`.
    ScopeCount count(QueueScope scope) throws IOException;

    /// @param resting of `recipients`, those that rest on disk
    /// @param inFlight of `recipients`, those that neither rest nor wait in memory
    record ScopeCount(long recipients, long resting, long inFlight) {}

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

    /// Begins to do `work` to all that is queued in `scope`, durably.
    ///
    /// @param reason why, for the event log and for the bounce; `""` for none
    /// @return the job; empty where nothing is queued in `scope`, so that none was begun
    /// @throws io.whimbrel.outcome.JobRefused where too many run
    /// @throws IOException where it could not be made durable; nothing was done
    Optional<JobView> begin(QueueJob.Work work, QueueScope scope, String reason) throws IOException;

    /// Those that run, oldest first, then those that ended lately.
    List<JobView> jobs();

    /// One job; empty where there is none of this id.
    ///
    /// @param isAwaited until it ends, or for a second
    Optional<JobView> job(QueueId id, boolean isAwaited);

    /// Ends a job before it is done; false where it is not running.
    boolean cancel(QueueId id);
}
