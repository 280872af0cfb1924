package io.whimbrel.routing;

import java.nio.file.Path;

/// How this node logs in at a smart host. Immutable; what is secret lies in a file that is read at
/// each login, so that it is in no memory for long and can be changed without a reload.
///
/// @param user whom the host knows us as
/// @param kind of what the file holds
/// @param file whose first line is the secret
/// @param mayGoInPlainText whether a password may be told without TLS to a host that is not this
///   machine
public record Credentials(String user, Kind kind, Path file, boolean mayGoInPlainText) {

    /// What shows who we are.
    public enum Kind {
        PASSWORD,
        /// A bearer token of an identity provider.
        TOKEN
    }

    /// Names nobody: what holds it may be logged.
    @Override
    public String toString() {
        return "credentials";
    }
}
