package io.whimbrel.config;

import io.whimbrel.toml.ConfigFinding;
import io.whimbrel.toml.Findings;

import java.util.List;

/// What came of reading a configuration file. Immutable.
public sealed interface ConfigResult {

    /// It can be used.
    ///
    /// @param warnings what is allowed and probably not meant, in the order of the file
    record Valid(Config config, List<ConfigFinding> warnings) implements ConfigResult {
        public Valid {
            warnings = List.copyOf(warnings);
        }
    }

    /// It cannot be used.
    ///
    /// @param errors all of them, in the order of the file; at least one, and at most
    ///   [Findings#ERRORS_MAX] with a last one that counts the rest
    /// @param warnings as in [Valid]
    record Invalid(List<ConfigFinding> errors, List<ConfigFinding> warnings)
            implements ConfigResult {
        public Invalid {
            warnings = List.copyOf(warnings);
            errors = List.copyOf(errors);
        }
    }
}
