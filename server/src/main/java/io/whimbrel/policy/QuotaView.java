package io.whimbrel.policy;

import io.whimbrel.mail.Rate;

import java.time.Instant;
import java.util.Optional;

/// One quota as operators see it. Immutable.
///
/// @param tenant its name
/// @param kind what is counted
/// @param quota how much in how long
/// @param used of it, in the window that ends now
/// @param roomAt where it is used up, from when on one more fits
public record QuotaView(
        String tenant, QuotaKind kind, Rate quota, long used, Optional<Instant> roomAt) {}
