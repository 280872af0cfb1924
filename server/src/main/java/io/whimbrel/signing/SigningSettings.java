package io.whimbrel.signing;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/// `[signing]` and all `[[dkim]]`. Immutable.
///
/// @param rules in the order of the file
/// @param keyFolder where `whimbrel dkim` keeps keys, and what it knows of their replacement
/// @param threads that sign; empty: as many as the machine has processors
/// @param memoryBytes for signatures that may be needed again
public record SigningSettings(
        List<DkimRule> rules, Path keyFolder, OptionalInt threads, long memoryBytes) {
    public static final long MEMORY_DEFAULT = 16 << 20;

    public SigningSettings {
        rules = List.copyOf(rules);
    }

    /// Nothing is signed.
    public static SigningSettings none(Path keyFolder) {
        return new SigningSettings(List.of(), keyFolder, OptionalInt.empty(), MEMORY_DEFAULT);
    }
}
