package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// A fact in the log, as others see it. Body parts and the log's own records are not among them.
/// Immutable.
public sealed interface SpoolRecord {

    /// When it happened.
    Instant at();

    /// It is told in the event log although it is not about a message.
    default boolean isOfNoMessage() {
        return switch (this) {
            case Operator _, Notice _ -> true;
            case Job job -> job.stage() != Stage.RUNNING;
            case Accepted _, Settled _, Deferred _, Moved _, Quarantined _ -> false;
        };
    }

    /// A message became ours, for all recipients of its envelope at once.
    ///
    /// @param origin address of the client, `[192.0.2.7]`; `"local"` for our own reports
    /// @param size bytes of the message as it will be sent, our Received field included
    /// @param cause the message that this one reports about; the id itself where it is no report
    record Accepted(
            Instant at, QueueId id, Envelope envelope, String origin, long size, QueueId cause)
            implements SpoolRecord {}

    /// Recipients of one message left the queue.
    ///
    /// @param attempt number of the attempt, from 1; 0 where an operator did it untried
    record Settled(
            Instant at,
            QueueId id,
            RecipientNumbers recipients,
            Disposition disposition,
            int attempt,
            AttemptFacts facts)
            implements SpoolRecord {}

    /// Recipients of one message were tried without success and stay in the queue.
    ///
    /// @param attempt number of the attempt, from 1
    /// @param dueAt when to try again
    /// @param isDelayNotified the sender has been told about the delay, now or earlier
    /// @param isPossibleDuplicate the peer may have taken the message, its answer was lost
    record Deferred(
            Instant at,
            QueueId id,
            RecipientNumbers recipients,
            int attempt,
            Instant dueAt,
            boolean isDelayNotified,
            boolean isPossibleDuplicate,
            AttemptFacts facts)
            implements SpoolRecord {}

    /// A damaged message was taken out of the queue; what is left of it is kept for people.
    ///
    /// @param recipients that were in the queue; empty where nothing told any more which
    /// @param queues where they were, for who cannot read the envelope any more; of very many
    ///   queues only some
    record Quarantined(Instant at, QueueId id, RecipientNumbers recipients, List<InQueue> queues)
            implements SpoolRecord {}

    /// Recipients of a message that were in one queue.
    record InQueue(QueueName queue, RecipientNumbers recipients) {}

    /// An operator changed what may be tried, durably.
    record Operator(Instant at, OperatorAction action) implements SpoolRecord {}

    /// The node tells something about itself; it changes nothing.
    ///
    /// @param subject what it is about: the label of a budget, the id of an action
    /// @param text for people, at most 1,024 characters
    record Notice(Instant at, NoticeKind kind, String subject, String text)
            implements SpoolRecord {}

    /// What the node tells about itself.
    enum NoticeKind {
        /// A budget of memory or disk began to be felt.
        BUDGET_FELT,
        /// It is no longer.
        BUDGET_EASED,
        /// What a provider answered led to an action, or one ended.
        SHAPING
    }

    /// A message goes on as mail of `stream`, all recipients of it that are queued.
    record Moved(Instant at, QueueId id, MailStream stream, QueueId job) implements SpoolRecord {}

    /// A job began, came further, or ended.
    ///
    /// @param done recipients so far
    /// @param of how many there were at the beginning, about
    record Job(Instant at, QueueJob job, Stage stage, long done, long of) implements SpoolRecord {

        /// The same job later.
        public Job at(Instant later, Stage next, long more) {
            return new Job(later, job, next, done + more, of);
        }
    }

    /// Where a job is.
    enum Stage {
        BEGUN,
        /// Of no news to people: in a batch with what was done, or copied from the oldest segment.
        RUNNING,
        DONE,
        CANCELLED;

        public boolean isEnd() {
            return this == DONE || this == CANCELLED;
        }
    }

    /// How recipients left the queue.
    enum Disposition {
        DELIVERED,
        /// Refused for good by the next hop, or by us on its behalf.
        BOUNCED,
        /// Given up after the lifetime.
        EXPIRED,
        /// Returned to the sender by an operator.
        BOUNCED_BY_OPERATOR,
        /// Removed by an operator; the sender is not told.
        DELETED_BY_OPERATOR
    }

    /// What an operator can do to the queue as a whole. Actions key on what mail is, never on
    /// sites.
    sealed interface OperatorAction {
        /// What it is about.
        QueueScope scope();

        /// Nothing in `scope` is tried, mail that comes later included, until released.
        record Hold(QueueScope scope, String reason) implements OperatorAction {}

        /// Ends the hold with exactly this scope.
        record Release(QueueScope scope) implements OperatorAction {}

        /// Nothing in `scope` is tried for a while.
        record Suspend(QueueScope scope, Duration duration, String reason)
                implements OperatorAction {}

        /// Ends the suspension with exactly this scope.
        record Resume(QueueScope scope) implements OperatorAction {}

        /// What waits for a due time in `scope` is due now; attempt counts stay.
        record RetryNow(QueueScope scope) implements OperatorAction {}
    }
}
