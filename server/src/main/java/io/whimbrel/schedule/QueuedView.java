package io.whimbrel.schedule;

/// An entry as operators see it.
///
/// @param state READY, SCHEDULED, RESOLVING, IN_FLIGHT, HELD or SUSPENDED
/// @param site name of the site where it is known, else `""`
/// @param why what it waits for, in words; `""` where it is simply its turn
public record QueuedView(QueueEntry entry, State state, String site, String why) {

    /// Where an entry is.
    public enum State {
        RESOLVING,
        SCHEDULED,
        READY,
        IN_FLIGHT,
        HELD,
        SUSPENDED
    }

    /// The state of an entry that is not in flight.
    static State stateOf(Restriction restriction, boolean isDue, boolean isResolved) {
        return switch (restriction) {
            case Restriction.Held _ -> State.HELD;
            case Restriction.Suspended _ -> State.SUSPENDED;
            case Restriction.None _ when !isDue -> State.SCHEDULED;
            case Restriction.None _ -> isResolved ? State.READY : State.RESOLVING;
        };
    }
}
