package io.whimbrel.delivery;

import java.time.Instant;
import java.time.InstantSource;

/// When a mail transaction may begin. Immutable.
///
/// @param clock tells the instant at which MAIL is written
/// @param latest after it MAIL is not written: limits that let the message go have counted it for
///   the time until then
record Departure(InstantSource clock, Instant latest) {

    /// For what no limit holds back.
    static Departure anyTime(InstantSource clock) {
        return new Departure(clock, Instant.MAX);
    }
}
