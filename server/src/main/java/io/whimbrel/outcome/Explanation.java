package io.whimbrel.outcome;

import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.spool.AttemptFacts;

/// Why an attempt failed, in words for people who know nothing of SMTP (RFC 3463 §3).
final class Explanation {

    private Explanation() {}

    /// One or two sentences: what is wrong, and what the sender can do.
    static String of(AttemptFacts facts) {
        EnhancedStatus status =
                EnhancedStatus.parsePrefix(facts.enhanced())
                        .orElseGet(() -> new EnhancedStatus(5, 0, 0));
        return switch (status.subject()) {
            case 1 -> address(status.detail());
            case 2 -> mailbox(status.detail());
            case 3 -> system(status.detail());
            case 4 -> network(status.detail());
            case 6 -> "Its format is not supported there.";
            case 7 -> policy(status);
            default -> unspecific(facts);
        };
    }

    private static String address(int detail) {
        return switch (detail) {
            case 1, 6 -> "There is no such mailbox. Check the address for typing errors.";
            case 2 -> "There is no such mail domain. Check the address for typing errors.";
            case 10 -> "This domain does not receive mail.";
            case 7, 8 -> "The address of the sender was refused.";
            default -> "The address was refused. Check it for typing errors.";
        };
    }

    private static String mailbox(int detail) {
        return switch (detail) {
            case 1 -> "The mailbox is disabled.";
            case 2 -> "The mailbox is full. Reach the recipient in another way, or try later.";
            case 3 -> "The message is too big for this mailbox.";
            default -> "The mailbox takes no messages at present.";
        };
    }

    private static String system(int detail) {
        return switch (detail) {
            case 4 -> "The message is too big for the mail server there.";
            default -> "The mail server there cannot take the message at present.";
        };
    }

    private static String network(int detail) {
        return switch (detail) {
            case 1 -> "The mail server there does not answer.";
            case 2 -> "The connection to the mail server there broke.";
            case 3, 4 -> "It could not be found out which server takes mail for this domain.";
            case 7 -> "It could not be delivered in time.";
            case 6 -> "The mail servers of this domain send mail in a circle.";
            default -> "There is trouble on the way to the mail server there.";
        };
    }

    private static String policy(EnhancedStatus status) {
        return status.severity() == 4
                ? "The mail server there does not want the message yet."
                : "The mail server there refused the message by its rules. Its administrators"
                        + " can say more.";
    }

    private static String unspecific(AttemptFacts facts) {
        return facts.peer().isEmpty()
                ? "This mail system could not pass the message on."
                : "The mail server there did not take the message.";
    }
}
