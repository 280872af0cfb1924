package io.whimbrel.toml;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// Collects what is wrong with one file. Confined to one thread.
public final class Findings {

    /// A place in the file. Immutable.
    ///
    /// @param line from 1
    /// @param column from 1
    public record Place(int line, int column) {
        public static final Place START = new Place(1, 1);
    }

    /// More than anybody reads; the rest is counted.
    public static final int ERRORS_MAX = 200;

    private static final Comparator<ConfigFinding> BY_PLACE =
            Comparator.comparingInt(ConfigFinding::line).thenComparingInt(ConfigFinding::column);

    private final String file;
    private final List<ConfigFinding> errors = new ArrayList<>();
    private final List<ConfigFinding> warnings = new ArrayList<>();

    public Findings(String file) {
        this.file = file;
    }

    public void error(Place place, String message) {
        errors.add(finding(place, message, Optional.empty(), Optional.empty()));
    }

    public void error(Place place, String message, String allowed, Optional<String> suggestion) {
        errors.add(finding(place, message, Optional.of(allowed), suggestion));
    }

    public void warn(Place place, String message) {
        warnings.add(finding(place, message, Optional.empty(), Optional.empty()));
    }

    /// Forgets what was found on these lines: they only follow from another error.
    public void forgetLines(Predicate<Integer> lines) {
        errors.removeIf(error -> lines.test(error.line()));
        warnings.removeIf(warning -> lines.test(warning.line()));
    }

    public void addAll(Findings other) {
        errors.addAll(other.errors);
        warnings.addAll(other.warnings);
    }

    public boolean hasErrors() {
        return !errors.isEmpty();
    }

    /// In the order of the file, at most [#ERRORS_MAX] and one that counts the others.
    public List<ConfigFinding> errors() {
        errors.sort(BY_PLACE);
        int more = errors.size() - ERRORS_MAX;
        if (more <= 0) {
            return List.copyOf(errors);
        }
        var shown = new ArrayList<>(errors.subList(0, ERRORS_MAX));
        shown.add(ofWholeFile(file, more + " more errors"));
        return shown;
    }

    /// In the order of the file.
    public List<ConfigFinding> warnings() {
        warnings.sort(BY_PLACE);
        return List.copyOf(warnings);
    }

    public static ConfigFinding ofWholeFile(String file, String message) {
        return new ConfigFinding(file, 0, 0, message, Optional.empty(), Optional.empty());
    }

    private ConfigFinding finding(
            Place place, String message, Optional<String> allowed, Optional<String> suggestion) {
        return new ConfigFinding(file, place.line(), place.column(), message, allowed, suggestion);
    }
}
