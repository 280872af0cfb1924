package io.whimbrel.keys;

import io.whimbrel.keys.Rotation.Question;
import io.whimbrel.keys.Rotation.Transition;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/// What an operator does with rotations. Immutable.
///
/// @param lookup asked where a rotation waits for the DNS
public record KeyReplacement(KeyFolder folder, KeyLookup lookup) {

    /// The key that takes the place of another, before it is made. Immutable.
    public record Plan(KeyName name, KeyKind kind, RotationTerms terms) {}

    /// As the file knows it; where it does not, as one that was never rotated.
    ///
    /// @param unrotated of that entry
    public Rotation find(Rotation unrotated) throws IOException {
        return file().read().find(unrotated.entry()).orElse(unrotated);
    }

    private RotationsFile file() {
        return new RotationsFile(folder);
    }

    /// Makes a key, then begins to rotate to it.
    public Transition begin(Rotation rotation, Plan plan, Instant now) throws IOException {
        KeyPlace.File place = folder.create(plan.name(), plan.kind().generate());
        var next = new PlacedKey(plan.name().selector(), place);
        Transition begun = file().begin(rotation, new RotationEvent.Begin(next, plan.terms()), now);
        if (begun.step() instanceof RotationStep.Refused) {
            // Somebody else has begun since.
            folder.retire(plan.name(), place);
        }
        return begun;
    }

    /// Looks whether a rotation may go on, and lets it.
    ///
    /// @param isDry only says what would be, and changes nothing
    public Transition advance(Rotation rotation, Instant now, boolean isDry) throws IOException {
        Optional<Question> question = rotation.question();
        RotationEvent event =
                question.isPresent()
                        ? RotationWatch.look(question.get(), lookup)
                        : new RotationEvent.Passed();
        return apply(rotation, event, now, isDry);
    }

    /// @param isDry only says what would be, and changes nothing
    public Transition apply(Rotation rotation, RotationEvent event, Instant now, boolean isDry)
            throws IOException {
        Transition planned = rotation.after(event, now);
        boolean isNothing =
                planned.rotation().equals(rotation)
                        || planned.step() instanceof RotationStep.Refused;
        return isDry || isNothing ? planned : file().apply(rotation.entry(), event, now);
    }
}
