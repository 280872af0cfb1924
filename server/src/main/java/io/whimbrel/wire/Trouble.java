package io.whimbrel.wire;

import java.io.IOException;

/// What went wrong under us, in words for events and replies.
public final class Trouble {
    private static final int LENGTH_MAX = 300;

    private Trouble() {}

    /// One line without control characters, never empty.
    public static String described(IOException e) {
        String message = e.getMessage();
        String text = message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
        var line = new StringBuilder(text.length());
        for (int i = 0; i < Math.min(text.length(), LENGTH_MAX); i++) {
            char c = text.charAt(i);
            line.append(c < ' ' || c == 0x7f ? ' ' : c);
        }
        return line.toString();
    }
}
