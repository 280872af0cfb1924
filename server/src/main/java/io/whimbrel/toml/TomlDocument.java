package io.whimbrel.toml;

import io.whimbrel.toml.Findings.Place;

import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseOptions;
import org.tomlj.TomlParseResult;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/// A TOML document, read by the keys that are declared for it. Immutable, but for what it holds.
///
/// @param values what could be read
/// @param findings all that is wrong with it, of syntax and of meaning
public record TomlDocument(FileValues values, Findings findings) {
    private static final TomlParseOptions OPTIONS = TomlParseOptions.sourceless();

    /// Reads `text` of a file that is called `name`.
    ///
    /// @param schema the tables that there are
    /// @param checks adds what is wrong beyond single keys
    public static TomlDocument parse(
            String name,
            String text,
            List<TableSpec> schema,
            BiConsumer<FileValues, Findings> checks) {
        var findings = new Findings(name);
        WrittenLines written = WrittenLines.of(text);
        TomlParseResult document = Toml.parse(written.text(), OPTIONS);
        List<Place> places = new ArrayList<>();
        for (TomlParseError error : document.errors()) {
            Place place = written.place(error.position());
            findings.error(place, syntaxMessage(error));
            places.add(place);
        }
        var meaning = new Findings(name);
        FileValues values =
                new TableReader(schema, meaning, written, !document.hasErrors()).read(document);
        checks.accept(values, meaning);
        meaning.forgetLines(linesInDoubt(text, places));
        findings.addAll(meaning);
        return new TomlDocument(values, findings);
    }

    private static String syntaxMessage(TomlParseError error) {
        // The parser quotes what it does not take.
        String message =
                String.valueOf(error.getMessage()).replaceAll("[\\p{Cntrl}\\x{80}-\\x{9f}]", "?");
        return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }

    /// After a header that the parser refused, it takes the keys that follow for keys of the table
    /// before. What is said about them up to the next header would be wrong.
    private static Predicate<Integer> linesInDoubt(String text, List<Place> errors) {
        List<String> lines = text.lines().toList();
        var ends = new TreeMap<Integer, Integer>();
        for (Place error : errors) {
            int line = error.line();
            if (isHeader(lines, line)) {
                int end = line + 1;
                while (end <= lines.size() && !isHeader(lines, end)) {
                    end++;
                }
                ends.put(line, end);
            }
        }
        return line -> {
            var start = ends.floorEntry(line);
            return start != null && line < start.getValue();
        };
    }

    private static boolean isHeader(List<String> lines, int line) {
        return line <= lines.size() && lines.get(line - 1).strip().startsWith("[");
    }
}
