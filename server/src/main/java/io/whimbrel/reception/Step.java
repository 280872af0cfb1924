package io.whimbrel.reception;

import io.whimbrel.mail.Recipient;
import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

/// What a connection has to do about one command.
sealed interface Step {

    /// Say `reply`; where `next` is `Closed`, it is the last one.
    record Answer(SessionState next, SmtpReply reply) implements Step {}

    /// MAIL is in order: begin where the node can bear it.
    ///
    /// @param path of the sender
    /// @param size announced, 0 where it was not
    record Begin(InTransaction transaction, SmtpPath path, long size) implements Step {}

    /// RCPT is in order: take the recipient where its sender may have one more.
    ///
    /// @param transaction without the recipient yet
    /// @param isPostmaster ours, whom everybody must be able to reach
    record Admit(InTransaction transaction, Recipient recipient, boolean isPostmaster)
            implements Step {}

    /// Say `reply`, then shake hands; the client says EHLO again afterwards.
    record BeginTls(SmtpReply reply) implements Step {}

    /// Find out who the client is, by an exchange of its own.
    record Authenticate(SessionState next, SmtpCommand.Auth command) implements Step {}

    /// A trusted proxy says who its client is; the session begins anew.
    record Introduce(SmtpCommand.Xclient command) implements Step {}

    /// Say 354, read the message up to its end, and answer for it.
    record TakeData(InTransaction transaction) implements Step {}

    /// Read a chunk of the message, and answer for it.
    record TakeChunk(InTransaction transaction, long size, boolean isLast) implements Step {}

    /// Read over a chunk that is not wanted, then say `reply`.
    record SkipChunk(SessionState next, long size, SmtpReply reply) implements Step {}
}
