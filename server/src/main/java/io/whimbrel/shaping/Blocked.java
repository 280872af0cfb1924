package io.whimbrel.shaping;

/// Not now. Immutable.
///
/// @param untilMicros when it is worth asking again; [Long#MAX_VALUE] where only the end of another
///   transaction or connection helps, which the listener of [Limiter#onFree] is told
/// @param reason made into text on demand
/// @param breadth how much of the mail of the path is held back with it
/// @param dependsOnSource whether it may go from another source
public record Blocked(long untilMicros, Reason reason, Breadth breadth, boolean dependsOnSource)
        implements Decision, Opening {

    /// One phrase with the number and where it is written: `limit 20/s for source t1, provider
    /// google (whimbrel.toml:31)`.
    public String why() {
        return reason.toString();
    }
}
