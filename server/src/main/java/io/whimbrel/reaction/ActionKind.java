package io.whimbrel.reaction;

import io.whimbrel.shaping.Restraint;

import java.util.Locale;
import java.util.Optional;

/// What an action does, in a word.
public enum ActionKind {
    SUSPEND,
    SLOW,
    NARROW,
    BOUNCE;

    static ActionKind of(Restraint.Force force) {
        return switch (force) {
            case Restraint.Force.Suspend _ -> SUSPEND;
            case Restraint.Force.Slow _ -> SLOW;
            case Restraint.Force.Narrow _ -> NARROW;
            case Restraint.Force.Bounce _ -> BOUNCE;
        };
    }

    /// As it is written in files, metrics and answers.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<ActionKind> ofKey(String key) {
        for (ActionKind kind : values()) {
            if (kind.key().equals(key)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
