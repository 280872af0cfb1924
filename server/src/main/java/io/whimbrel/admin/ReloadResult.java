package io.whimbrel.admin;

import java.util.List;

/// What came of reading the configuration again. Immutable.
///
/// @param problems errors with file, line and column, or keys that need a restart: one line each.
///   Empty where the new configuration is active; otherwise the old one still is
public record ReloadResult(List<String> problems) {

    public static final ReloadResult DONE = new ReloadResult(List.of());

    public ReloadResult {
        problems = List.copyOf(problems);
    }
}
