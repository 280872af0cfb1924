package io.whimbrel.dkimport;

import io.whimbrel.dkimport.PmtaLine.Tag;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Reads a PowerMTA configuration, with the files that it includes, as lines with the tags around
/// them. Confined to one thread.
final class PmtaFile {
    private static final int DEPTH_MAX = 10;
    private static final int LINES_MAX = 1_000_000;
    private static final Pattern CLOSING = Pattern.compile("</\\s*([A-Za-z-]+)[^>]*>.*");

    /// A tag of its own, or one behind a rule of a pattern list.
    private static final Pattern OPENING =
            Pattern.compile("(?:[^<]*\\s)?<\\s*([A-Za-z][A-Za-z-]*)\\s*([^>]*)>\\s*");

    private final List<PmtaLine> lines = new ArrayList<>();
    private final List<Remark> remarks = new ArrayList<>();
    private final Deque<Tag> open = new ArrayDeque<>();
    private int count;

    private PmtaFile() {}

    /// @throws IOException where a file cannot be read, or tags do not match, with place and remedy
    static PmtaFile read(Path file) throws IOException {
        var reader = new PmtaFile();
        reader.take(file, 0);
        return reader;
    }

    List<PmtaLine> lines() {
        return lines;
    }

    List<Remark> remarks() {
        return remarks;
    }

    private void take(Path file, int depth) throws IOException {
        int number = 0;
        int openBefore = open.size();
        for (String whole : SourceFile.lines(SourceFile.text(file))) {
            number++;
            var place = new Place(file.toString(), number);
            if (++count > LINES_MAX) {
                throw new IOException(place + ": more than " + LINES_MAX + " lines");
            }
            int hash = whole.indexOf('#');
            String text = (hash < 0 ? whole : whole.substring(0, hash)).strip();
            if (!text.isEmpty()) {
                take(text, place, file, depth);
            }
        }
        if (open.size() != openBefore) {
            throw new IOException(
                    new Place(file.toString(), number)
                            + ": <"
                            + open.peekLast()
                            + "> is never closed");
        }
    }

    private void take(String text, Place place, Path file, int depth) throws IOException {
        Matcher closing = CLOSING.matcher(text);
        if (closing.matches()) {
            close(closing.group(1).toLowerCase(Locale.ROOT), place);
            return;
        }
        Matcher opening = OPENING.matcher(text);
        if (opening.matches()) {
            open.addLast(
                    new Tag(
                            opening.group(1).toLowerCase(Locale.ROOT),
                            unquoted(opening.group(2).strip())));
            return;
        }
        String[] parts = text.split("\\s+", 2);
        String name = parts[0].toLowerCase(Locale.ROOT);
        String value = parts.length < 2 ? "" : unquoted(parts[1].strip());
        if (name.equals("include")) {
            include(value, place, file, depth);
        } else {
            lines.add(new PmtaLine(place, new ArrayList<>(open), name, value));
        }
    }

    private void close(String name, Place place) throws IOException {
        Optional<Tag> last = Optional.ofNullable(open.pollLast());
        if (last.isEmpty() || !last.get().name().equals(name)) {
            throw new IOException(
                    place
                            + ": </"
                            + name
                            + "> closes "
                            + last.map(it -> "<" + it + ">").orElse("nothing")
                            + "; look whether a tag is missing before it");
        }
    }

    private void include(String value, Place place, Path file, int depth) throws IOException {
        if (depth >= DEPTH_MAX) {
            throw new IOException(place + ": more than " + DEPTH_MAX + " levels of include");
        }
        if (value.isEmpty() || value.matches("(?i)https?:.*")) {
            remarks.add(Remark.lost(place, "include of " + value + ": read it by itself"));
            return;
        }
        for (Path one : included(value, file)) {
            if (Files.isRegularFile(one)) {
                take(one, depth + 1);
            } else {
                remarks.add(Remark.lost(place, "there is no file " + one + " to include"));
            }
        }
    }

    private static List<Path> included(String value, Path file) throws IOException {
        Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file);
        int slash = value.lastIndexOf('/');
        String name = value.substring(slash + 1);
        if (!name.contains("*") && !name.contains("?")) {
            return List.of(folder.resolve(value));
        }
        var found = new TreeSet<Path>();
        Path in = slash < 0 ? folder : folder.resolve(value.substring(0, slash + 1));
        if (Files.isDirectory(in)) {
            try (DirectoryStream<Path> all = Files.newDirectoryStream(in, name)) {
                all.forEach(found::add);
            } catch (PatternSyntaxException _) {
                return List.of(in.resolve(name));
            }
        }
        return List.copyOf(found);
    }

    private static String unquoted(String text) {
        boolean isQuoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
        return isQuoted
                ? text.substring(1, text.length() - 1).replaceAll("\\\\([\"\\\\])", "$1")
                : text;
    }
}
