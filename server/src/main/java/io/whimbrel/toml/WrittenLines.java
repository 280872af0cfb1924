package io.whimbrel.toml;

import io.whimbrel.toml.Findings.Place;

import org.tomlj.TomlPosition;

import java.util.Arrays;

/// The lines of a file that say something, for a parser whose time grows with the square of how
/// many lines in a row say nothing: a default file, all comments, took half a second. Immutable.
///
/// @param text without lines that are empty or only a comment
/// @param numbers of the lines of `text` in the file, from 1; then that of the end
record WrittenLines(String text, int[] numbers) {

    static WrittenLines of(String file) {
        String[] lines = file.split("\n", -1);
        int[] numbers = new int[lines.length + 1];
        var text = new StringBuilder(file.length());
        // In a string of several lines, one that begins with # is no comment.
        boolean isAll = file.contains("\"\"\"") || file.contains("'''");
        int kept = 0;
        for (int i = 0; i < lines.length; i++) {
            if (isAll || !saysNothing(lines[i])) {
                text.append(lines[i]).append(i == lines.length - 1 ? "" : "\n");
                numbers[kept++] = i + 1;
            }
        }
        numbers[kept] = lines.length;
        return new WrittenLines(text.toString(), Arrays.copyOf(numbers, kept + 1));
    }

    /// The parser refuses some characters in comments too.
    private static boolean saysNothing(String line) {
        int end = line.endsWith("\r") ? line.length() - 1 : line.length();
        int at = 0;
        while (at < end && (line.charAt(at) == ' ' || line.charAt(at) == '\t')) {
            at++;
        }
        if (at < end && line.charAt(at) != '#') {
            return false;
        }
        return line.substring(0, end).chars().allMatch(WrittenLines::isPlain);
    }

    private static boolean isPlain(int c) {
        boolean isPrinted = c >= ' ' && c < 0x7f;
        boolean isBeyondAscii = c >= 0xa0 && !Character.isSurrogate((char) c);
        return c == '\t' || isPrinted || isBeyondAscii;
    }

    /// Where in the file that is.
    Place place(TomlPosition position) {
        int i = Math.min(position.line(), numbers.length) - 1;
        return new Place(numbers[i], position.column());
    }
}
