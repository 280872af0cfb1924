package io.whimbrel.mail;

/// Which delivery status notifications this node may send for a message, whatever RFC 3461
/// parameters ask for.
public enum DsnPolicy {
    /// None: the sender is an application that reads the event log.
    NEVER,
    /// Of failure only.
    FAILURE,
    /// Of failure, delay, and success or relay where the sender asked.
    FULL
}
