package io.whimbrel.keys;

import io.whimbrel.keys.RotationState.Idle;
import io.whimbrel.keys.RotationState.Publishing;
import io.whimbrel.keys.RotationState.Revoking;
import io.whimbrel.keys.RotationState.Switched;
import io.whimbrel.keys.RotationState.Verified;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A key, and what it is used for. Immutable.
///
/// @param entry which one of the configuration it stands for; its own name where it is used by none
/// @param role what for
/// @param until when that changes, as far as time alone decides
/// @param made its file was; empty where it has none
public record KeyUse(
        KeyName name,
        KeyName entry,
        KeyPlace place,
        Role role,
        Optional<Instant> until,
        Reading reading,
        Optional<Instant> made) {

    /// What a key is for.
    public enum Role {
        /// Mail is signed with it.
        SIGNS,
        /// It will take the place of the one that signs.
        NEXT,
        /// Its place has been taken; mail under way may have its signatures.
        OLD,
        /// Nobody uses it.
        UNUSED;

        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// What came of reading a key.
    public sealed interface Reading {
        record Read(SigningKey key) implements Reading {}

        record Unreadable(String why) implements Reading {}
    }

    /// The keys of one entry of the configuration.
    public static List<KeyUse> of(Rotation rotation, KeyShelf shelf) {
        KeyUse signing = of(rotation, rotation.current(), Role.SIGNS, shelf);
        return switch (rotation.state()) {
            case Idle _ -> List.of(signing);
            case Publishing state -> List.of(signing, of(rotation, state.next(), Role.NEXT, shelf));
            case Verified state -> List.of(signing, of(rotation, state.next(), Role.NEXT, shelf));
            case Switched state -> List.of(signing, of(rotation, state.old(), Role.OLD, shelf));
            case Revoking state -> List.of(signing, of(rotation, state.old(), Role.OLD, shelf));
        };
    }

    private static KeyUse of(Rotation rotation, PlacedKey key, Role role, KeyShelf shelf) {
        var name = new KeyName(rotation.entry().domain(), key.selector());
        Optional<Instant> until = role == Role.SIGNS ? Optional.empty() : rotation.until();
        return new KeyUse(
                name,
                rotation.entry(),
                key.place(),
                role,
                until,
                read(key.place(), shelf),
                made(key.place()));
    }

    /// A key that no entry uses.
    public static KeyUse unused(KeyName name, KeyPlace place, KeyShelf shelf) {
        return new KeyUse(
                name, name, place, Role.UNUSED, Optional.empty(), read(place, shelf), made(place));
    }

    private static Reading read(KeyPlace place, KeyShelf shelf) {
        try {
            return new Reading.Read(shelf.key(place));
        } catch (IOException e) {
            return new Reading.Unreadable(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<Instant> made(KeyPlace place) {
        return place instanceof KeyPlace.File(var file)
                ? FileMark.of(file).map(it -> it.modified().toInstant())
                : Optional.empty();
    }

    /// Empty where it has not been read.
    public Optional<SigningKey> key() {
        return reading instanceof Reading.Read(SigningKey key)
                ? Optional.of(key)
                : Optional.empty();
    }

    /// What the DNS says about it; empty where the key has not been read.
    public Optional<Sighting> look(KeyLookup lookup) {
        return key().map(key -> Sighting.of(lookup, name, Optional.of(key.publicKey())));
    }
}
