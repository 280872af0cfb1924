package io.whimbrel.provider;

import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// Reads a shaping file of KumoMTA and writes provider files of ours. Confined to one thread.
///
/// Their blocks are `default`, domains and `provider.NAME`, with `sources.NAME` and `automation`
/// within. A block becomes a file; what our files cannot say is told, key by key.
public final class KumoImport {

    /// What became of one key.
    public enum Outcome {
        CARRIED,
        /// Taken over with another meaning, which the message tells.
        CHANGED,
        NOT_CARRIED;

        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /// @param line in the file that was read
    /// @param message may be empty
    public record Note(int line, String key, Outcome outcome, String message) {}

    /// What came of it. Immutable.
    ///
    /// @param files text by name; each is a provider file without errors
    /// @param notes in the order of the file that was read
    /// @param isReadable whether it was TOML
    public record Result(SortedMap<String, String> files, List<Note> notes, boolean isReadable) {}

    private final String name;
    private final List<Note> notes = new ArrayList<>();
    private final SortedMap<String, String> files = new TreeMap<>();

    private KumoImport(String name) {
        this.name = name;
    }

    /// Never throws.
    ///
    /// @param name of the file
    public static Result read(String name, String text) {
        TomlParseResult document = Toml.parse(text);
        var reader = new KumoImport(name);
        for (TomlParseError error : document.errors()) {
            reader.note(
                    error.position().line(),
                    "",
                    Outcome.NOT_CARRIED,
                    String.valueOf(error.getMessage()));
        }
        if (!document.hasErrors()) {
            reader.blocks(document);
        }
        reader.notes.sort(Comparator.comparingInt(Note::line));
        return new Result(reader.files, List.copyOf(reader.notes), !document.hasErrors());
    }

    private void blocks(TomlTable document) {
        for (String key : document.keySet()) {
            int line = lineOf(document, key);
            if (!(document.get(List.of(key)) instanceof TomlTable table)) {
                note(line, key, Outcome.NOT_CARRIED, "is no block");
            } else if (key.equals("provider")) {
                for (String provider : table.keySet()) {
                    if (table.get(List.of(provider)) instanceof TomlTable block) {
                        block(block, "provider." + provider, provider, lineOf(table, provider));
                    }
                }
            } else {
                block(table, key, key, line);
            }
        }
    }

    private void block(TomlTable table, String path, String called, int line) {
        String stem = KumoWords.fileName(called);
        var block = new KumoBlock(table, path, stem, called, this::note);
        String text = "# From " + name.replaceAll("\\p{Cntrl}", "?") + "\n\n" + block.text(line);
        String file = stem + ".toml";
        if (files.containsKey(file)) {
            note(line, path, Outcome.NOT_CARRIED, "another block has become " + file);
            return;
        }
        switch (ProviderText.parse(file, Optional.of(stem), text)) {
            case ProviderText.Parsed.Good _ ->
                    files.put(file, withOurRules(stem, text, path, line));
            case ProviderText.Parsed.Bad(var errors) ->
                    note(line, path, Outcome.NOT_CARRIED, errors.getFirst().message());
        }
    }

    /// A file of a name that one of ours has replaces it as a whole: our rules go on behind those
    /// that were read, for limits without rules would be a poor exchange.
    private String withOurRules(String stem, String text, String path, int line) {
        String rules = ProviderFolders.shippedRules(stem);
        if (rules.isEmpty()) {
            return text;
        }
        String both = text + "\n# Our own, as shipped\n\n" + rules;
        boolean isGood =
                ProviderText.parse(stem + ".toml", Optional.of(stem), both)
                        instanceof ProviderText.Parsed.Good;
        note(
                line,
                path,
                Outcome.CHANGED,
                "replaces our "
                        + stem
                        + ".toml; "
                        + (isGood
                                ? "its rules are kept behind these"
                                : "its rules are lost, for names are the same"));
        return isGood ? both : text;
    }

    private void note(int line, String key, Outcome outcome, String message) {
        notes.add(new Note(line, key, outcome, message));
    }

    static int lineOf(TomlTable table, String key) {
        var position = table.inputPositionOf(List.of(key));
        return position == null ? 0 : position.line();
    }
}
