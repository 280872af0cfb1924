package io.whimbrel.simulator;

import java.time.Duration;

/// One habit of a mailbox provider. Values only: the memory that a habit needs (who was greylisted,
/// how many came in the last second) is in [Desk].
public sealed interface Trait {

    /// Where in the connection this habit shows.
    Stage stage();

    /// Serves at most `most` connections of one client address at a time. A connection beyond them
    /// is refused at `stage`, each time it gets there, until another one has closed.
    record ConnectionLimit(int most, Stage stage, Reply reply) implements Trait {
        public ConnectionLimit {
            requireAtLeastOne("most", most);
        }
    }

    /// Lets one client address reach `stage` at most `most` times in every window of length
    /// `window`. What is refused does not count.
    record RateLimit(int most, Duration window, Stage stage, Reply reply) implements Trait {
        public RateLimit {
            requireAtLeastOne("most", most);
        }
    }

    /// Takes at most `most` messages over one connection.
    record MessagesPerConnection(int most, Reply reply) implements Trait {
        public MessagesPerConnection {
            requireAtLeastOne("most", most);
        }

        @Override
        public Stage stage() {
            return Stage.MAIL;
        }
    }

    /// Refuses a (client network /24 or /64, sender, recipient) until `delay` has passed since it
    /// was first seen.
    record Greylist(Duration delay, Reply reply) implements Trait {
        @Override
        public Stage stage() {
            return Stage.RCPT;
        }
    }

    /// Does not know mailboxes whose local part begins with `unknown`, nor `percent` of all others
    /// (0..100), picked by a hash of address and seed. It always knows `postmaster`. At
    /// [Stage#END_OF_DATA] one unknown recipient refuses the message for all.
    record UnknownUsers(int percent, Stage stage, Reply reply) implements Trait {
        public UnknownUsers {
            if (percent < 0 || percent > 100) {
                throw new IllegalArgumentException("percent must be 0..100, not " + percent);
            }
        }
    }

    /// Refuses mailboxes whose local part begins with `prefix`, case ignored. At
    /// [Stage#END_OF_DATA] one such recipient refuses the message for all.
    record Mailboxes(String prefix, Stage stage, Reply reply) implements Trait {}

    /// Refuses everything that gets to `stage`.
    record Refuses(Stage stage, Reply reply) implements Trait {}

    /// Closes the connection without a word each `every`-th time that `stage` is reached.
    record Drops(Stage stage, int every) implements Trait {
        public Drops {
            requireAtLeastOne("every", every);
        }
    }

    /// Ends a connection with 421 4.4.2 once the client has been silent for `most` of real time, 1
    /// ms to 24 days. That is no answer to anything, so it is in no counter. Without this habit a
    /// silent client may stay: on loopback its death is always noticed, and timed reads cost a
    /// third of the throughput.
    record IdleLimit(Duration most) implements Trait {
        public IdleLimit {
            if (most.toMillis() < 1 || most.toMillis() > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("idle limit must be 1 ms to 24 days: " + most);
            }
        }

        @Override
        public Stage stage() {
            return Stage.CONNECT;
        }
    }

    /// Waits before it goes on at `stage`.
    record Slow(Stage stage, Duration delay) implements Trait {}

    private static void requireAtLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be 1 or more, not " + value);
        }
    }
}
