package io.whimbrel.simulator;

/// What a provider decides at a stage of a connection.
sealed interface Verdict {
    Verdict GO_ON = new GoOn();
    Verdict HANG_UP = new HangUp();

    record GoOn() implements Verdict {}

    record Refuse(Reply reply) implements Verdict {}

    /// Close the connection without a word.
    record HangUp() implements Verdict {}
}
