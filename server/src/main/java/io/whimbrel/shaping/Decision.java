package io.whimbrel.shaping;

/// Whether a message may go now. Immutable.
public sealed interface Decision permits Decision.Granted, Blocked {

    /// It may; whoever got this says later what became of it.
    record Granted(Grant grant) implements Decision {}
}
