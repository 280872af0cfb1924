package io.whimbrel.admin;

import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/// Why an entry waits, which others may share. Immutable.
///
/// @param kind in a word
/// @param what a phrase for people, in which `{wait}` and `{are}` stand for the verb
/// @param until when it is worth looking again; empty where nobody knows
/// @param perSecond how many messages may go in a second then; 0 where that is not said
/// @param remedy what an operator can do; `""` for nothing
record WaitCause(Kind kind, String what, Optional<Instant> until, double perSecond, String remedy) {

    /// What mail may wait for.
    enum Kind {
        /// An operator's hold.
        HOLD,
        /// An operator's suspension of the queue.
        SUSPENSION,
        /// What a rule or an operator suspended or slowed down.
        ACTION,
        LIMIT,
        /// Its next attempt, or the time that its sender asked for.
        SCHEDULE,
        DNS,
        /// A pause after its hosts could not be reached.
        UNREACHABLE,
        NO_SOURCE,
        NO_ROUTE,
        /// A connection that is being opened.
        CONNECTION,
        /// Mail before it.
        TURN,
        /// Nothing: it is being delivered.
        DELIVERY;

        String key() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    static WaitCause of(Kind kind, String what) {
        return new WaitCause(kind, what, Optional.empty(), 0, "");
    }

    WaitCause until(Instant end) {
        return new WaitCause(kind, what, Optional.of(end), perSecond, remedy);
    }

    WaitCause at(double rate) {
        return new WaitCause(kind, what, until, rate, remedy);
    }

    WaitCause withRemedy(String text) {
        return new WaitCause(kind, what, until, perSecond, text);
    }

    /// As one that others share which end at other times.
    WaitCause timeless() {
        return new WaitCause(kind, what, Optional.empty(), perSecond, remedy);
    }
}
