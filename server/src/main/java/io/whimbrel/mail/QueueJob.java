package io.whimbrel.mail;

import java.util.Optional;

/// What an operator wants done to all mail of a scope, however much it is. Immutable.
///
/// @param id of the job, from the same row as those of messages: what began to arrive later has a
///   greater one and is not meant
/// @param scope which mail, as it was given
/// @param reason why; `""` for none
public record QueueJob(QueueId id, Work work, QueueScope scope, String reason) {

    /// What is done to each recipient.
    public sealed interface Work {

        /// Returned to its sender.
        record Bounce() implements Work {}

        /// Removed; nobody is told.
        record Delete() implements Work {}

        /// Goes on as mail of another stream. A message moves whole, even where only some of its
        /// recipients are meant.
        ///
        /// @param tenant the same where empty; so for the others, of which one is given
        record Move(
                Optional<String> tenant,
                Optional<String> campaign,
                Optional<PriorityClass> priority)
                implements Work {

            /// Where mail of `stream` goes.
            public MailStream of(MailStream stream) {
                return new MailStream(
                        tenant.orElse(stream.tenant()),
                        campaign.orElse(stream.campaign()),
                        priority.orElse(stream.priority()));
            }
        }

        /// In one word, as in events: `bounce`.
        default String word() {
            return switch (this) {
                case Bounce _ -> "bounce";
                case Delete _ -> "delete";
                case Move _ -> "move";
            };
        }
    }

    /// The scope without what began to arrive after the job was given.
    public QueueScope meant() {
        return scope.noLaterThan(id);
    }
}
