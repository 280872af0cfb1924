package io.whimbrel.doctor;

import java.util.Locale;

/// What was found about one thing. Immutable.
///
/// @param about what was looked at
/// @param text what was found, and the remedy where something is wrong
record Finding(String about, State state, String text) {

    /// How it stands.
    enum State {
        OK,
        /// Worth knowing, not wrong.
        NOTE,
        BAD;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String about, String text) {
        return new Finding(about, State.OK, text);
    }

    static Finding note(String about, String text) {
        return new Finding(about, State.NOTE, text);
    }

    static Finding bad(String about, String text) {
        return new Finding(about, State.BAD, text);
    }
}
