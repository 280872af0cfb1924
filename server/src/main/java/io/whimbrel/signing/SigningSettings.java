package io.whimbrel.signing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// `[signing]`, all `[[dkim]]`, and `[arc]`. Immutable.
///
/// @param rules in the order of the file
/// @param arc what seals mail that passes through; empty: nothing does
/// @param keyFolder where `whimbrel dkim` keeps keys, and what it knows of their replacement
/// @param threads that sign; empty: as many as the machine has processors
/// @param memoryBytes for signatures that may be needed again
public record SigningSettings(
        List<DkimRule> rules,
        Optional<ArcSettings> arc,
        Path keyFolder,
        OptionalInt threads,
        long memoryBytes) {
    public static final long MEMORY_DEFAULT = 16 << 20;

    public SigningSettings {
        rules = List.copyOf(rules);
    }

    /// Nothing is signed.
    public static SigningSettings none(Path keyFolder) {
        return new SigningSettings(
                List.of(), Optional.empty(), keyFolder, OptionalInt.empty(), MEMORY_DEFAULT);
    }

    /// Every key that is named, that of the seal last.
    public List<DkimRule> keys() {
        List<DkimRule> keys = new ArrayList<>(rules);
        arc.ifPresent(it -> keys.add(it.rule()));
        return keys;
    }
}
