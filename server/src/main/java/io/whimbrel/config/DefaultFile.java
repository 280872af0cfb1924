package io.whimbrel.config;

import io.whimbrel.toml.Key;
import io.whimbrel.toml.TableSpec;

/// The commented default file, made from the declared keys. Stateless.
public final class DefaultFile {
    private static final int COLUMNS_MAX = 90;

    private static final String INTRODUCTION =
            """
            # The configuration of Whimbrel. Check it with:  whimbrel config check FILE
            # Every key there is stands below; those behind a "#" show their default or an example.
            # Reference: docs/configuration.md
            """;

    private DefaultFile() {}

    /// The whole file in TOML. It can be used as it is, for applications on this machine.
    public static String toml() {
        var file = new StringBuilder(INTRODUCTION);
        for (TableSpec table : ConfigKeys.TABLES) {
            file.append('\n');
            comment(table.meaning(), file);
            // A repeated table that is not needed would add a source or route that nobody asked
            // for.
            boolean isActive = table.isRequired() || !table.repeats();
            file.append(isActive ? "" : "# ").append(table.header()).append('\n');
            for (Key<?> key : table.keys()) {
                append(key, isActive, file);
            }
        }
        return file.toString();
    }

    private static void append(Key<?> key, boolean isTableActive, StringBuilder file) {
        file.append('\n');
        comment(key.meaning(), file);
        comment("Value: " + key.kind().allowed() + ".", file);
        boolean isActive = isTableActive && key.isInDefaultFile();
        file.append(isActive ? "" : "# ").append(key.name()).append(" = ");
        file.append(key.example());
        file.append('\n');
    }

    /// `text` without its Markdown, broken into lines.
    private static void comment(String text, StringBuilder file) {
        var line = new StringBuilder("#");
        for (String word : text.replace("`", "").split(" ")) {
            if (line.length() + 1 + word.length() > COLUMNS_MAX) {
                file.append(line).append('\n');
                line = new StringBuilder("#");
            }
            line.append(' ').append(word);
        }
        file.append(line).append('\n');
    }
}
