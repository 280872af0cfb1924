package io.whimbrel.smtp;

/// What makes a message impossible to relay safely: two hosts could differ on where its lines and
/// so the message itself end (RFC 5321 §2.3.8, §4.1.1.4).
public enum MessageDefect {
    BARE_CR("a carriage return without line feed"),
    BARE_LF("a line feed without carriage return"),
    NUL("a NUL character");

    private final String words;

    MessageDefect(String words) {
        this.words = words;
    }

    /// The last reply of the session, for nothing that follows can be taken as a command.
    public SmtpReply reply() {
        return SmtpReply.of(554, 5, 6, 0, "The message has " + words + "; closing");
    }
}
