package io.whimbrel.log;

/// A frame in the log, by numbers: as the index has it. Immutable.
///
/// @param segment its sequence number
/// @param length of the whole frame in bytes
public record FramePlace(long segment, int offset, int length) {}
