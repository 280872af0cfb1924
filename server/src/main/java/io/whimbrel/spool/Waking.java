package io.whimbrel.spool;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;

import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/// Whom the index tells that mail is due: the schedule, by way of the node. Called by the index
/// thread only; must not block.
public interface Waking {

    /// Mail of `queue` is due; how much of it may come into memory?
    Room room(QueueName queue);

    /// Which messages of `queue` stay where they are although they are due, until [Spool#wake].
    default Predicate<QueueId> staying(QueueName queue) {
        return _ -> false;
    }

    /// Whether memory is so short that what was asked for by [Spool#wanted] is not to come now: it
    /// is answered with nothing, and the queue is looked at again after some seconds.
    default boolean isTight() {
        return false;
    }

    /// Mail comes into memory: of each message the recipients in `queue` that rested and are due,
    /// or will be in a moment. Each [Room.Take] and each [Spool#wanted] is answered once, with no
    /// messages where there are none.
    ///
    /// @param isMore further mail of the queue is due, which comes when it is wanted
    void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore);

    /// The answer of [#room].
    sealed interface Room {
        /// @param most messages, 1 or more; fewer where they have many recipients, for each counts
        ///   as much as it weighs, but one at least
        record Take(int most) implements Room {}

        /// Nothing now; asked again after `pause`.
        record Later(Duration pause) implements Room {}
    }
}
