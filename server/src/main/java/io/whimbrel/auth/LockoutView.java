package io.whimbrel.auth;

import java.time.Instant;

/// A lock-out in force, as operators see it. Immutable.
///
/// @param user who may not log in; `""` where it is everybody in `network`
/// @param network from where; `""` where it is from everywhere that the user is not known from.
///   With both it is one user in one network
/// @param since when it began
/// @param until when it ends
public record LockoutView(String user, String network, Instant since, Instant until) {}
