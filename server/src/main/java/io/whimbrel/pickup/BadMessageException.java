package io.whimbrel.pickup;

import java.io.IOException;

/// What was left here can never become a message, as it is. The text says why, for people.
public final class BadMessageException extends IOException {
    private static final long serialVersionUID = 1;

    public BadMessageException(String reason) {
        super(reason);
    }
}
