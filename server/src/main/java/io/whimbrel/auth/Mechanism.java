package io.whimbrel.auth;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A SASL mechanism that clients may use, under TLS only, the strongest first.
public enum Mechanism {
    /// RFC 7677, bound to the TLS connection by RFC 5802 §6.
    SCRAM_SHA_256_PLUS("SCRAM-SHA-256-PLUS"),
    /// RFC 7677.
    SCRAM_SHA_256("SCRAM-SHA-256"),
    /// RFC 7628.
    OAUTHBEARER("OAUTHBEARER"),
    /// What Google and Microsoft used before RFC 7628.
    XOAUTH2("XOAUTH2"),
    /// RFC 4616.
    PLAIN("PLAIN"),
    /// draft-murchison-sasl-login; what old clients know.
    LOGIN("LOGIN");

    /// All of them, in the order in which they are announced.
    public static final List<Mechanism> ALL = List.of(values());

    private final String word;

    Mechanism(String word) {
        this.word = word;
    }

    /// As it stands behind AUTH.
    public String word() {
        return word;
    }

    /// By its word in any case (RFC 4954 §4). Empty where it is none of ours.
    public static Optional<Mechanism> parse(String word) {
        return Arrays.stream(values()).filter(it -> it.word.equalsIgnoreCase(word)).findFirst();
    }

    /// Whether it is about a token of an identity provider, not about a password.
    boolean takesTokens() {
        return this == OAUTHBEARER || this == XOAUTH2;
    }
}
