package io.whimbrel.simulator.demo;

import java.nio.file.Path;

/// What the user asked for. Immutable.
///
/// @param launcher the `whimbrel` script, absolute
/// @param messages 1..100000
/// @param seed of what is sent, and of who is unknown
/// @param isKept whether the temporary folder stays
record DemoOptions(Path launcher, int messages, long seed, boolean isKept) {
    static final int MESSAGES_MAX = 100_000;

    DemoOptions {
        if (messages < 1 || messages > MESSAGES_MAX) {
            throw new IllegalArgumentException(
                    "--messages is 1 to " + MESSAGES_MAX + ", not " + messages);
        }
    }
}
