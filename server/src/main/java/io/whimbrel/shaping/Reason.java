package io.whimbrel.shaping;

import java.util.List;

/// Which limit or restraint had no room, as text only when somebody reads it. Immutable.
public final class Reason {
    private final Family family;
    private final List<String> values;
    private final boolean isTurn;

    /// @param isTurn there is room, but others are to have it first
    Reason(Family family, List<String> values, boolean isTurn) {
        this.family = family;
        this.values = values;
        this.isTurn = isTurn;
    }

    /// Whether there is room, but others are to have it first.
    public boolean isTurn() {
        return isTurn;
    }

    /// Whether it is one that ends by itself, not one that is configured.
    public boolean isRestraint() {
        return family.isRestraint();
    }

    @Override
    public String toString() {
        String text = family.isRestraint() ? "" : "limit ";
        String whose = isTurn ? "the turn of others at " : "";
        return whose + text + family.text(values) + " (" + family.origin() + ")";
    }
}
