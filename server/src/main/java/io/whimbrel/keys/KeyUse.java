package io.whimbrel.keys;

import io.whimbrel.keys.RotationState.Idle;
import io.whimbrel.keys.RotationState.Publishing;
import io.whimbrel.keys.RotationState.Revoking;
import io.whimbrel.keys.RotationState.Switched;
import io.whimbrel.keys.RotationState.Verified;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A key, and what it is used for. Immutable.
///
/// @param entry which one of the configuration it stands for; its own name where it is used by none
/// @param role what for
/// @param until when that changes, as far as time alone decides
/// @param made its file was; empty where it cannot be read
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

        /// It lies where only a running node looks.
        record Elsewhere() implements Reading {}

        record Unreadable(String why) implements Reading {}
    }

    /// The keys of one entry of the configuration.
    public static List<KeyUse> of(Rotation rotation) {
        KeyUse signing = of(rotation, rotation.current(), Role.SIGNS, Optional.empty());
        return switch (rotation.state()) {
            case Idle _ -> List.of(signing);
            case Publishing state ->
                    List.of(signing, of(rotation, state.next(), Role.NEXT, Optional.empty()));
            case Verified state ->
                    List.of(
                            signing,
                            of(rotation, state.next(), Role.NEXT, Optional.of(state.until())));
            case Switched state ->
                    List.of(
                            signing,
                            of(rotation, state.old(), Role.OLD, Optional.of(state.until())));
            case Revoking state ->
                    List.of(signing, of(rotation, state.old(), Role.OLD, Optional.empty()));
        };
    }

    private static KeyUse of(Rotation rotation, PlacedKey key, Role role, Optional<Instant> until) {
        var name = new KeyName(rotation.entry().domain(), key.selector());
        return read(name, rotation.entry(), key.place(), role, until);
    }

    /// A key that no entry uses.
    public static KeyUse unused(KeyName name, KeyPlace place) {
        return read(name, name, place, Role.UNUSED, Optional.empty());
    }

    private static KeyUse read(
            KeyName name, KeyName entry, KeyPlace place, Role role, Optional<Instant> until) {
        Optional<Instant> made = Optional.empty();
        Reading reading = new Reading.Elsewhere();
        if (place instanceof KeyPlace.File(var file)) {
            try {
                reading = new Reading.Read(KeyFiles.read(file));
                made = Optional.of(Files.getLastModifiedTime(file).toInstant());
            } catch (IOException e) {
                reading = new Reading.Unreadable(String.valueOf(e.getMessage()));
            }
        }
        return new KeyUse(name, entry, place, role, until, reading, made);
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
