package io.whimbrel.simulator;

/// What becomes of a message to one recipient, however often a correct server tries.
public enum Fate {
    /// Accepted in the end, perhaps after deferrals.
    DELIVERED,
    /// Refused for good.
    BOUNCED,
    /// Deferred at every attempt.
    DEFERRED,
    /// Depends on rules of the sending server, for example whether 554 in the greeting is final.
    UNDECIDED
}
