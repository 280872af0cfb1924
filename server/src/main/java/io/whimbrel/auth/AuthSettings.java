package io.whimbrel.auth;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Who may log in on a listener, and how. Immutable. Two that are equal can share one
/// [Authenticator], and then what it remembers.
///
/// @param mode whether AUTH is offered or asked for
/// @param users the users file; empty where only tokens are taken
/// @param oauth whose tokens are taken; empty for nobody's
/// @param mechanisms those that may be offered; of these each needs what it rests on: a users file
///   or `oauth`
/// @param lockout what failed logins lead to
/// @param cache how long a right password is remembered; zero for not at all
public record AuthSettings(
        Mode mode,
        Optional<Path> users,
        Optional<Oauth> oauth,
        List<Mechanism> mechanisms,
        Lockout lockout,
        Duration cache) {

    /// No AUTH.
    public static final AuthSettings NONE =
            new AuthSettings(
                    Mode.NONE,
                    Optional.empty(),
                    Optional.empty(),
                    Mechanism.ALL,
                    Lockout.DEFAULT,
                    Duration.ofMinutes(5));

    public AuthSettings {
        mechanisms = List.copyOf(mechanisms);
    }

    /// Whether clients log in.
    public enum Mode {
        /// AUTH is not offered.
        NONE,
        /// Who logs in may do what its tenant may; others what their network may.
        OPTIONAL,
        /// Without a login no mail is taken.
        REQUIRED
    }

    /// What is demanded of a token.
    ///
    /// @param issuer the claim `iss`, exactly
    /// @param audience must be in the claim `aud`
    /// @param keys file with a JWKS or with public keys or certificates in PEM
    /// @param userClaim the claim that names the user
    /// @param tenantClaim the claim that names the tenant; a token without it is refused. Where it
    ///   is empty, users have no tenant of their own
    public record Oauth(
            String issuer,
            String audience,
            Path keys,
            String userClaim,
            Optional<String> tenantClaim) {}

    /// When failed logins lock out. See [LoginFailures] for what is counted.
    ///
    /// @param failures so many within `within` lock out; a client network bears three times as many
    /// @param within the time in which failures are counted together
    /// @param lasts how long a lock-out lasts; zero for no lock-outs
    public record Lockout(int failures, Duration within, Duration lasts) {
        public static final Lockout DEFAULT =
                new Lockout(10, Duration.ofMinutes(10), Duration.ofMinutes(15));
    }
}
