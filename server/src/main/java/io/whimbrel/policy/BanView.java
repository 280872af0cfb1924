package io.whimbrel.policy;

import io.whimbrel.mail.Network;

import java.time.Instant;

/// A ban in force, as operators see it. Immutable.
///
/// @param network who is banned; one address is a network of all bits
/// @param reason what was too much
/// @param since when it began
/// @param until when it ends
/// @param count how many in a row this one is: each is twice as long as the one before
public record BanView(Network network, String reason, Instant since, Instant until, int count) {}
