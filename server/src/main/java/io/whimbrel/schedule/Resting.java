package io.whimbrel.schedule;

import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

/// Where entries rest that the schedule does not keep in memory: the index on disk. An entry rests
/// when its row is there and the schedule has forgotten it. Called without any lock of the schedule
/// held; must not block, and may call the schedule.
///
/// Whoever keeps the rows looks at each queue when its first row is due, by asking [Schedule#room]:
/// nothing else is needed for all mail to come back. [#wanted] and [#wake] only make it come back
/// sooner.
public interface Resting {

    /// The schedule does not keep `entry`; it comes back by [Schedule#due] when it is due, which
    /// may be now. Not called for what is in flight.
    void rest(QueueEntry entry);

    /// `queue` may have resting entries that are due, and has room again: bring up to `most`,
    /// oldest due first. Answered once by [Schedule#due], at once or later, even where nothing was
    /// found. Not called again for a queue before it is answered.
    ///
    /// @param most 1 or more
    void wanted(QueueName queue, int most);

    /// What kept queues in `scope` from being looked at has ended, or they are to be tried now:
    /// look at them all soon, whatever [Room.Later] said.
    void wake(QueueScope scope);

    /// What the messages of entries in memory weigh beside these, for many recipients, in entries.
    /// Called with a lock held: it must only read a number.
    default long weight() {
        return 0;
    }

    /// For a schedule that keeps everything in memory.
    static Resting none() {
        return new NothingRests();
    }
}
