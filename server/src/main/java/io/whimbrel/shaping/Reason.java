package io.whimbrel.shaping;

import java.util.List;
import java.util.Optional;

/// Which limit or restraint had no room, as text only when somebody reads it; or what else stands
/// against mail. Immutable.
public final class Reason {
    private final Optional<Family> family;
    private final List<String> values;
    private final boolean isTurn;

    /// @param isTurn there is room, but others are to have it first
    Reason(Family family, List<String> values, boolean isTurn) {
        this.family = Optional.of(family);
        this.values = values;
        this.isTurn = isTurn;
    }

    /// No limit, and no restraint.
    ///
    /// @param text one phrase
    public Reason(String text) {
        family = Optional.empty();
        values = List.of(text);
        isTurn = false;
    }

    /// Whether there is room, but others are to have it first.
    public boolean isTurn() {
        return isTurn;
    }

    /// Whether it is one that ends by itself, not one that is configured.
    public boolean isRestraint() {
        return family.isPresent() && family.get().isRestraint();
    }

    @Override
    public String toString() {
        if (family.isEmpty()) {
            return values.getFirst();
        }
        Family one = family.get();
        String text = one.isRestraint() ? "" : "limit ";
        String whose = isTurn ? "the turn of others at " : "";
        return whose + text + one.text(values) + " (" + one.origin() + ")";
    }
}
