package io.whimbrel.toml;

import java.util.Optional;

/// An error or a warning about a configuration file. Immutable.
///
/// @param file as the operator named it
/// @param line from 1; 0 where the file as a whole is meant
/// @param column from 1; 0 where the file as a whole is meant
/// @param message what is wrong, naming the key and the value
/// @param allowed what may stand there
/// @param suggestion what was probably meant
public record ConfigFinding(
        String file,
        int line,
        int column,
        String message,
        Optional<String> allowed,
        Optional<String> suggestion) {

    /// `file:line:column: message; allowed: ...; did you mean ...?` on one line, without anything
    /// that a terminal would take as a command.
    @Override
    public String toString() {
        var text = new StringBuilder(file);
        if (line > 0) {
            text.append(':').append(line).append(':').append(column);
        }
        text.append(": ").append(message);
        allowed.ifPresent(it -> text.append("; allowed: ").append(it));
        suggestion.ifPresent(it -> text.append("; did you mean ").append(it).append('?'));
        return text.toString();
    }
}
