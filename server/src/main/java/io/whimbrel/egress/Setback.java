package io.whimbrel.egress;

import java.time.Instant;

/// What went wrong last on a way that mail takes. Immutable.
///
/// @param text one line for people; parts of it may be another host's words
public record Setback(String text, Instant at) {
    private static final int CHARS_MOST = 300;

    public Setback {
        text = text.length() > CHARS_MOST ? text.substring(0, CHARS_MOST) : text;
    }
}
