package io.whimbrel.keys;

/// What may move a rotation. Immutable.
public sealed interface RotationEvent {

    /// An operator wants `next` to take the place of the key that signs now.
    record Begin(PlacedKey next, RotationTerms terms) implements RotationEvent {}

    /// The DNS was asked for the record of `selector`.
    record Looked(String selector, Sighting sighting) implements RotationEvent {}

    /// Time has passed.
    record Passed() implements RotationEvent {}

    /// An operator wants to keep the old key.
    record Abort() implements RotationEvent {}

    /// An operator does not want to wait any longer with the old key's end.
    record Revoke() implements RotationEvent {}
}
