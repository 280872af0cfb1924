package io.whimbrel.shaping;

/// A limit or restraint that covers some traffic, as operators see it. Immutable.
///
/// @param text `20/s for source t1, provider google`
/// @param origin file and line
/// @param used what counts now
/// @param most what may; [Long#MAX_VALUE] where it is no number
/// @param freeAtMicros when one more may go, now or later; [Long#MAX_VALUE] where something must
///   end before
/// @param perSecond messages that may go in a second, in the long run; 0 where it is no such rate
public record LimitView(
        String text, String origin, long used, long most, long freeAtMicros, double perSecond) {}
