package io.whimbrel.signing;

import io.whimbrel.smtp.SmtpReply;

/// A key that is to sign cannot be had or used now: its mail waits.
final class KeyMissingException extends Exception {
    private final String key;

    /// @param key such as `s1 of example.com`
    KeyMissingException(String key, Throwable cause) {
        super("key " + key, cause);
        this.key = key;
    }

    /// Says nothing of places: senders may get to read it.
    Rendition rendition() {
        String text = "Key " + key + " cannot be used to sign now; see the log of this server";
        return new Rendition.Impossible(SmtpReply.of(451, 4, 7, 5, text));
    }
}
