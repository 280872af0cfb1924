package io.whimbrel.schedule;

import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Grant;

/// What a connection that asks for work gets. Immutable.
public sealed interface Take {

    /// An entry, in flight from now on, which limits let go now.
    ///
    /// @param grant to be finished or refunded
    record Given(QueueEntry entry, Grant grant) implements Take {}

    /// Entries wait, and limits hold all of them back.
    ///
    /// @param by what ends first
    record HeldBack(Blocked by) implements Take {}

    /// Nothing is due.
    record Nothing() implements Take {}
}
