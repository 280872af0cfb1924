package io.whimbrel.tlsrpt;

import java.time.Duration;
import java.time.Instant;

/// What has become of a step so far. Immutable.
sealed interface Fate {
    /// Tried again for so long after the first time (RFC 8460 §5.5).
    Duration TRIED_MOST = Duration.ofHours(24);

    /// After the first failure; doubled with each further one.
    Duration PAUSE = Duration.ofMinutes(5);

    /// Far beyond [#TRIED_MOST].
    int DOUBLED_MOST = 20;

    /// It is to be tried.
    ///
    /// @param tries that failed
    /// @param first when it was tried first; without a try when it is due
    /// @param next when it is due
    /// @param why the last try failed; `""` before
    record Waiting(int tries, Instant first, Instant next, String why) implements Fate {
        static Waiting from(Instant due) {
            return new Waiting(0, due, due, "");
        }

        /// What follows from a try that failed.
        ///
        /// @param end nothing can be sent from then on
        Fate failed(String reason, Instant now, Instant end) {
            Instant began = tries == 0 ? now : first;
            Instant again = now.plus(PAUSE.multipliedBy(1L << Math.min(tries, DOUBLED_MOST)));
            boolean isOver = again.isAfter(began.plus(TRIED_MOST)) || !again.isBefore(end);
            return isOver ? new GivenUp(now, reason) : new Waiting(tries + 1, began, again, reason);
        }
    }

    /// @param text what was answered
    record Done(Instant at, String text) implements Fate {}

    record GivenUp(Instant at, String why) implements Fate {}
}
