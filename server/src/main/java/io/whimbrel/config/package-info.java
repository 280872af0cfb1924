/// Reads the configuration file: keys, checks, reference page, default file.
///
/// Comes in: one TOML file. Goes out: each room's own settings, or every error in the file. Must
/// not know: the machine it runs on, and what rooms do with their settings. No room but `Main` and
/// `admin` imports this one.
@NullMarked
package io.whimbrel.config;

import org.jspecify.annotations.NullMarked;
