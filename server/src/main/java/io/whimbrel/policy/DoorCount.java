package io.whimbrel.policy;

/// What is counted of the clients of a listener.
public enum DoorCount {
    CONNECTIONS,
    /// Transactions that began: MAIL commands that were taken.
    MESSAGES,
    /// RCPT commands.
    RECIPIENTS,
    /// Commands that were refused, whatever they were.
    ERRORS,
    /// Recipients that were refused: unknown, not ours, malformed.
    REFUSED_RECIPIENTS;

    /// As people say it.
    String noun() {
        return switch (this) {
            case CONNECTIONS -> "connections";
            case MESSAGES -> "messages";
            case RECIPIENTS -> "recipients";
            case ERRORS -> "errors";
            case REFUSED_RECIPIENTS -> "refused recipients";
        };
    }
}
