package io.whimbrel.provider;

import io.whimbrel.shaping.LimitSettings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What the configuration says of providers and limits. Immutable.
///
/// @param folder the operator's own provider files
/// @param profile of sources that have none of their own
/// @param overrides at most one for each provider
/// @param limits `[[limit]]`, in the order of the file
public record ShapingSettings(
        Optional<Path> folder,
        String profile,
        List<ProviderOverride> overrides,
        List<LimitSettings> limits) {

    /// How warm a source may be, from new to old.
    public static final List<String> PROFILES = List.of("cold", "warm", "hot");

    public static final String PROFILE_DEFAULT = "warm";

    /// Nothing said.
    public static final ShapingSettings DEFAULT =
            new ShapingSettings(Optional.empty(), PROFILE_DEFAULT, List.of(), List.of());

    /// What an operator wants otherwise for one provider. Immutable.
    ///
    /// @param profile of all sources towards it
    /// @param hasLimits whether the limits of its file hold
    /// @param hasRules whether the rules of its file do
    public record ProviderOverride(
            String name, Optional<String> profile, boolean hasLimits, boolean hasRules) {}

    public ShapingSettings {
        overrides = List.copyOf(overrides);
        limits = List.copyOf(limits);
    }
}
