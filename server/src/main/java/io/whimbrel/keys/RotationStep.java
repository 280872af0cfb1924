package io.whimbrel.keys;

/// What is to be done because a rotation moved. Immutable.
public sealed interface RotationStep {

    /// Nothing.
    record Wait() implements RotationStep {}

    /// An operator has to publish the record of `next`.
    record Publish(PlacedKey next) implements RotationStep {}

    /// From now on `current` signs.
    record Switch(PlacedKey current) implements RotationStep {}

    /// An operator has to publish the record that revokes `old`.
    record PublishRevoked(PlacedKey old) implements RotationStep {}

    /// The old key is gone from the DNS, and its file is not needed any more.
    record Retire(PlacedKey old) implements RotationStep {}

    /// The new key was never used; its file goes, and its record where it has been published.
    record Discard(PlacedKey next) implements RotationStep {}

    /// The event is none that the rotation can take now; `why` says so to people.
    record Refused(String why) implements RotationStep {}
}
