package io.whimbrel.reception;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.smtp.ByteSink;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;

/// Where messages become ours: the spool and the queues behind it, seen from reception.
/// Thread-safe.
interface MailStore {

    /// Why no message is welcome at present; empty where one is.
    Optional<SmtpReply> refusal();

    /// Begins to take a message. Never fails; trouble is told by [Body#accept].
    Body begin();

    /// One message while it arrives. Confined to one thread.
    interface Body extends ByteSink, AutoCloseable {

        /// The name the message will have when it is accepted.
        QueueId id();

        /// Makes the message durable, and queues it.
        ///
        /// @param origin address literal of the client
        /// @return 250 only where the message is on stable storage
        SmtpReply accept(Envelope envelope, String origin);

        /// Forgets what was not accepted.
        @Override
        void close();
    }
}
