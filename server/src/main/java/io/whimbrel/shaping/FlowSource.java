package io.whimbrel.shaping;

/// The source that mail is about to leave by. Immutable.
///
/// @param name of the source address; `""` is the one that the system chooses
/// @param profile how warm it is, `""` where that is not said
public record FlowSource(String name, String profile) {
    public static final FlowSource NONE = new FlowSource("", "");
}
