package io.whimbrel.dkimport;

import java.util.Locale;

/// What did not become what it was. Immutable.
///
/// @param message what and why, and what to do about it
public record Remark(Place place, Outcome outcome, String message) {

    /// What became of it.
    public enum Outcome {
        /// Taken over with another meaning, which the message tells.
        CHANGED,
        NOT_CARRIED;

        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    static Remark changed(Place place, String message) {
        return new Remark(place, Outcome.CHANGED, message);
    }

    static Remark lost(Place place, String message) {
        return new Remark(place, Outcome.NOT_CARRIED, message);
    }

    @Override
    public String toString() {
        return place + ": " + outcome.word() + ": " + message;
    }
}
