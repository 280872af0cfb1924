package io.whimbrel.outcome;

import io.whimbrel.smtp.SmtpReply;

/// What became of one recipient in one attempt. Facts only; [Settlement] draws the consequences.
public sealed interface AttemptResult {

    /// How far the mail transaction had come. `END_OF_DATA` is the wait for the last answer: when
    /// the connection is lost there, the peer may have taken the message.
    enum Stage {
        CONNECT,
        GREETING,
        EHLO,
        TLS,
        MAIL,
        RCPT,
        DATA,
        END_OF_DATA
    }

    /// The host that was spoken to.
    ///
    /// @param host name and address, `mx.example.net [192.0.2.1]`
    /// @param tls protocol and cipher suite; `""` for plain text
    /// @param dsn whether it offered DSN (RFC 3461 §5.2)
    record Peer(String host, String tls, boolean dsn) {}

    /// The next hop took the recipient.
    record Accepted(Peer peer, SmtpReply reply) implements AttemptResult {}

    /// The next hop answered 4yz or 5yz.
    record Refused(Peer peer, Stage stage, SmtpReply reply) implements AttemptResult {}

    /// No connection, or it broke, or the peer was too slow, or it did not speak SMTP.
    record ConnectionLost(Peer peer, Stage stage, String detail) implements AttemptResult {}

    /// The time within which its sender wanted it delivered was over before it could be tried.
    /// `reply` says so.
    record Overdue(SmtpReply reply) implements AttemptResult {}

    /// We refuse on the next hop's behalf, or cannot try: no such domain, null MX, only loops,
    /// message too big or 8-bit for the host, no usable source address, body unreadable. `reply`
    /// holds the code, enhanced status and text that say so; 4yz where trying again can help.
    record NotTried(SmtpReply reply) implements AttemptResult {}
}
