package io.whimbrel.eventlog;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// One file of the event log by its name, `events-20261123T120000Z-00000001.jsonl`: when it was
/// begun, for people, and its number, which orders the files. Immutable.
///
/// @param number from 1
record EventFile(Path path, long number) implements Comparable<EventFile> {
    private static final String PREFIX = "events-";
    private static final String SUFFIX = ".jsonl";

    private static final DateTimeFormatter BEGUN =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    static EventFile named(Path folder, Instant begunAt, long number) {
        String digits = String.format(Locale.ROOT, "%08d", number);
        String name = PREFIX + BEGUN.format(begunAt) + "-" + digits + SUFFIX;
        return new EventFile(folder.resolve(name), number);
    }

    /// Empty where `path` is not named as a file of the event log.
    static Optional<EventFile> of(Path path) {
        String name = path.getFileName().toString();
        int dash = name.lastIndexOf('-');
        if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX) || dash < PREFIX.length()) {
            return Optional.empty();
        }
        String digits = name.substring(dash + 1, name.length() - SUFFIX.length());
        boolean isNumber =
                !digits.isEmpty()
                        && digits.length() <= 18
                        && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return isNumber
                ? Optional.of(new EventFile(path, Long.parseLong(digits)))
                : Optional.empty();
    }

    /// The files of `folder`, oldest first; empty where there is no such folder.
    static List<EventFile> list(Path folder) throws IOException {
        var files = new ArrayList<EventFile>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(folder)) {
            for (Path path : paths) {
                of(path).ifPresent(files::add);
            }
        } catch (NoSuchFileException | NotDirectoryException _) {
            return List.of();
        }
        Collections.sort(files);
        return files;
    }

    String name() {
        return path.getFileName().toString();
    }

    @Override
    public int compareTo(EventFile other) {
        int byNumber = Long.compare(number, other.number);
        return byNumber != 0 ? byNumber : name().compareTo(other.name());
    }
}
