package io.whimbrel.simulator;

/// The moments of an SMTP connection at which a personality may act, in the order they come.
public enum Stage {
    /// The connection is open; nothing was sent yet.
    CONNECT,
    /// EHLO or HELO was received.
    EHLO,
    /// MAIL was received and is well-formed.
    MAIL,
    /// RCPT was received, is well-formed, and names a domain of this provider.
    RCPT,
    /// DATA was received, 354 not yet sent.
    DATA,
    /// The first octets of the message were received. Only [Trait.Drops] and [Trait.Slow] act here.
    MID_BODY,
    /// The whole message was received; the answer is open.
    END_OF_DATA,
    /// The message is counted as accepted; its 250 is not sent yet. Only [Trait.Drops] and
    /// [Trait.Slow] act here: the client cannot know that the message arrived.
    AFTER_ACCEPT
}
