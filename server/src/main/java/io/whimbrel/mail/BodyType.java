package io.whimbrel.mail;

/// Parameter BODY of MAIL (RFC 6152 §3).
public enum BodyType {
    SEVEN_BIT,
    EIGHT_BIT_MIME
}
