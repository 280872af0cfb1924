package io.whimbrel.auth;

import java.util.Optional;

/// What a [Dialogue] wants after a message of the client. Immutable. No variant shows a secret in
/// `toString`.
sealed interface Turn {

    /// The client is to be told this, and will answer.
    record Ask(String message) implements Turn {}

    /// The message is not in the form of the mechanism. The dialogue is over.
    ///
    /// @param complaint for the client; nothing of what it sent
    record Malformed(String complaint) implements Turn {}

    /// SCRAM: somebody claims to be this user; [ScramDialogue#with] goes on.
    ///
    /// @param user in NFKC
    record Claimed(String user) implements Turn {}

    /// SCRAM: the client knows the password of this user. The dialogue is over.
    record Proven(String user) implements Turn {}

    /// What the client said is wrong. The dialogue is over.
    record Disproven(String user, Failure reason) implements Turn {}

    /// PLAIN and LOGIN: a password to check. The dialogue is over.
    ///
    /// @param user in NFKC
    record Password(String user, String password) implements Turn {
        @Override
        public String toString() {
            return "Password[" + user + "]";
        }
    }

    /// OAUTHBEARER and XOAUTH2: a token to check. The dialogue is over, except that the client gets
    /// a message about a bad token and answers it.
    ///
    /// @param user who the client says it is
    record Token(Optional<String> user, String token) implements Turn {
        @Override
        public String toString() {
            return "Token[" + user + "]";
        }
    }
}
