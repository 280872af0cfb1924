package io.whimbrel.mail;

import java.util.List;
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
                        priority.orElse(stream.priority()),
                        stream.pool());
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

    /// Whether this and `other` must not run side by side: one of them moves mail that the other
    /// may mean, before or after. Domains do not tell them apart, for a message moves whole.
    public boolean isAtOddsWith(QueueJob other) {
        boolean isOfTwoMessages =
                scope.id().isPresent()
                        && other.scope.id().isPresent()
                        && !scope.id().equals(other.scope.id());
        boolean isAnyMove = work instanceof Work.Move || other.work instanceof Work.Move;
        return isAnyMove
                && !isOfTwoMessages
                && touched().stream()
                        .anyMatch(one -> other.touched().stream().anyMatch(one::canShareMail));
    }

    /// The labels of the mail it works on, and those that mail has afterwards.
    private List<Labels> touched() {
        var before = new Labels(scope.tenant(), scope.campaign());
        return switch (work) {
            case Work.Bounce _, Work.Delete _ -> List.of(before);
            case Work.Move move ->
                    List.of(
                            before,
                            new Labels(
                                    move.tenant.or(scope::tenant),
                                    move.campaign.or(scope::campaign)));
        };
    }

    /// @param tenant any where empty; so for the campaign
    private record Labels(Optional<String> tenant, Optional<String> campaign) {

        boolean canShareMail(Labels other) {
            return canBeEqual(tenant, other.tenant) && canBeEqual(campaign, other.campaign);
        }

        private static boolean canBeEqual(Optional<String> one, Optional<String> other) {
            return one.isEmpty() || other.isEmpty() || one.equals(other);
        }
    }
}
