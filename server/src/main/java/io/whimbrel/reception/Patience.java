package io.whimbrel.reception;

import io.whimbrel.smtp.SmtpReply;

/// Counts the refusals of one session, until there are too many. Confined to one thread.
///
/// An application sends a list with bad addresses in it as one message, and would never get the
/// others out: within its transactions it may have as many refused as taken.
final class Patience {
    private final SessionLimits limits;

    /// Since the last message that was taken.
    private int errors;

    /// In the present transaction, of a client that may relay.
    private int refusedRecipients;

    /// Refusals that are no errors, for they follow from a MAIL that we put off.
    private int forgiven;

    Patience(SessionLimits limits) {
        this.limits = limits;
    }

    /// No transaction is open.
    void transactionIsOver() {
        refusedRecipients = 0;
    }

    /// A message was taken. Applications keep one session open for an hour: a few bad addresses
    /// among thousands of messages must not end it.
    void messageWasTaken() {
        errors = 0;
    }

    void mailBegins() {
        forgiven = 0;
    }

    /// MAIL was put off: RCPT for each recipient, and DATA, may be on their way already.
    void mailWasPutOff() {
        forgiven = limits.recipientsMax() + 1;
    }

    /// What a reply means for the session.
    enum Verdict {
        /// No refusal, or one that is forgiven.
        FINE,
        /// A refusal that counts.
        REFUSED,
        /// One too many.
        AT_END
    }

    /// Counts `reply` where it is a refusal. 452 after too many recipients is none: the client
    /// sends the rest another time.
    ///
    /// @param isOurSender the client may relay, and is within a transaction
    Verdict count(SmtpReply reply, boolean isOurSender) {
        if (!reply.isPermanent() || forgiven-- > 0) {
            return Verdict.FINE;
        }
        boolean isAtEnd =
                isOurSender
                        ? ++refusedRecipients > limits.recipientsMax()
                        : ++errors >= limits.errorsMax();
        return isAtEnd ? Verdict.AT_END : Verdict.REFUSED;
    }
}
