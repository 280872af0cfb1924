package io.whimbrel.tls;

import java.util.List;

/// What came of looking at the files again. Immutable.
public sealed interface TlsReload {

    /// The files are as they were.
    record Unchanged() implements TlsReload {}

    /// Sessions that begin from now on have what the files hold now.
    ///
    /// @param warnings what an operator should know although it works
    record Reloaded(List<String> warnings) implements TlsReload {
        public Reloaded {
            warnings = List.copyOf(warnings);
        }
    }

    /// What was in force stays in force, and the files are tried again the next time.
    ///
    /// @param message names file and remedy
    /// @param isNew whether the last call did not fail by the same
    record Failed(String message, boolean isNew) implements TlsReload {}
}
