package io.whimbrel.mail;

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

        /// In one word, as in events: `bounce`.
        default String word() {
            return switch (this) {
                case Bounce _ -> "bounce";
                case Delete _ -> "delete";
            };
        }
    }

    /// The scope without what began to arrive after the job was given.
    public QueueScope meant() {
        return scope.noLaterThan(id);
    }
}
