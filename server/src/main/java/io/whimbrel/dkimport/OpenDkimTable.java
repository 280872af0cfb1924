package io.whimbrel.dkimport;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A data set of OpenDKIM with keys and values: `refile:`, `file:`, a path, `csl:`, or the list
/// itself. Immutable.
///
/// @param isPatterns whether keys are wildcard patterns (`refile:`)
record OpenDkimTable(List<Line> lines, boolean isPatterns) {
    private static final String FILE = "file:";
    private static final String REFILE = "refile:";
    private static final String LIST = "csl:";
    private static final List<String> DATABASES =
            List.of(
                    "db:",
                    "dsn:",
                    "ldap:",
                    "ldaps:",
                    "ldapi:",
                    "lua:",
                    "memcache:",
                    "repute:",
                    "mdb:",
                    "socket:",
                    "erlang:");

    /// @param value may be empty
    record Line(Place place, String key, String value) {}

    /// @param spec as a parameter or a person says it
    /// @param place where it is said
    /// @throws IOException where it cannot be read, with place and remedy
    static OpenDkimTable read(String spec, Place place) throws IOException {
        for (String database : DATABASES) {
            if (spec.startsWith(database) || spec.endsWith(".db")) {
                throw new IOException(
                        place
                                + ": "
                                + spec.replaceAll("(?<=:).*", "...")
                                + " is a database; write"
                                + " it out as a file first, one key and value a line");
            }
        }
        if (spec.startsWith(REFILE)) {
            return ofFile(Path.of(spec.substring(REFILE.length()).strip()), true, place);
        }
        if (spec.startsWith(FILE)) {
            return ofFile(Path.of(spec.substring(FILE.length()).strip()), false, place);
        }
        if (spec.startsWith("/") || spec.startsWith("./") || spec.startsWith("../")) {
            return ofFile(Path.of(spec), false, place);
        }
        return ofList(spec.startsWith(LIST) ? spec.substring(LIST.length()) : spec, place);
    }

    /// Of a file that a person names without saying its type: patterns where its keys are such.
    static OpenDkimTable guessed(String spec) throws IOException {
        var place = new Place("command line", 1);
        if (spec.matches("[a-z]+:.*")) {
            return read(spec, place);
        }
        OpenDkimTable plain = ofFile(Path.of(spec), false, place);
        boolean isPatterns =
                plain.lines().stream().anyMatch(it -> it.key().matches(".*\\*.*[^*].*|.+@.*\\*.+"));
        return isPatterns ? new OpenDkimTable(plain.lines(), true) : plain;
    }

    private static OpenDkimTable ofFile(Path file, boolean isPatterns, Place place)
            throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(place + ": " + file + " is a folder; name a file");
        }
        List<Line> lines = new ArrayList<>();
        int number = 0;
        for (String whole : SourceFile.lines(SourceFile.text(file))) {
            number++;
            int hash = whole.indexOf('#');
            String text = (hash < 0 ? whole : whole.substring(0, hash)).strip();
            if (text.isEmpty()) {
                continue;
            }
            String[] parts = text.split("\\s+", 2);
            lines.add(
                    new Line(
                            new Place(file.toString(), number),
                            parts[0],
                            parts.length < 2 ? "" : parts[1].strip()));
        }
        return new OpenDkimTable(lines, isPatterns);
    }

    /// `key=value, key=value`.
    private static OpenDkimTable ofList(String text, Place place) {
        List<Line> lines = new ArrayList<>();
        for (String part : text.split(",")) {
            int equals = part.indexOf('=');
            String key = (equals < 0 ? part : part.substring(0, equals)).strip();
            if (!key.isEmpty()) {
                lines.add(
                        new Line(place, key, equals < 0 ? "" : part.substring(equals + 1).strip()));
            }
        }
        return new OpenDkimTable(lines, false);
    }

    /// The keys alone, for sets without values; in a file each line is one.
    static List<String> names(String spec, Place place) throws IOException {
        return read(spec, place).lines().stream()
                .map(it -> it.value().isEmpty() ? it.key() : it.key() + "=" + it.value())
                .toList();
    }

    Optional<Line> find(String key) {
        return lines.stream().filter(it -> it.key().equals(key)).findFirst();
    }
}
