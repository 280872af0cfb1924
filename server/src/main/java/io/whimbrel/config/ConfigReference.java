package io.whimbrel.config;

import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;

/// The reference page, made from the declared keys. Stateless.
public final class ConfigReference {
    private static final String INTRODUCTION =
            """
            # Configuration

            <!-- Made by `whimbrel config reference` from room `config`; change its keys. -->

            Whimbrel reads one [TOML](https://toml.io) file. `whimbrel config default` prints one to
            begin with, `whimbrel config check FILE` checks one without looking at the machine, and
            `whimbrel serve -c FILE` uses it. A file with an unknown key, a wrong value or a
            contradiction is refused as a whole, with every error by line and column.

            | values | are written |
            |---|---|
            | durations | `"20ms"`, `"30s"`, `"5m"`, `"2h"`, `"5d"` |
            | sizes | `"64KiB"`, `"10MiB"`, `"1GiB"`, `"2TiB"`, `"512B"` |
            | networks | `"10.0.0.0/8"`, `"2001:db8::/32"`, `"192.0.2.1"` |
            | addresses with ports | `"127.0.0.1:25"`, `"[::1]:25"` |

            After a change, SIGHUP or `whimbrel reload` reads the file again. It is checked as a
            whole first; a bad file leaves the old configuration active. Keys marked *restart* take
            effect when the server starts again; a reload that changes one is refused and names it.
            """;

    private ConfigReference() {}

    /// The whole page in Markdown.
    public static String markdown() {
        var page = new StringBuilder(INTRODUCTION);
        for (TableSpec table : ConfigKeys.TABLES) {
            page.append("\n## `").append(table.header()).append("`\n\n");
            page.append(table.meaning());
            page.append(table.repeats() ? " May stand several times.\n" : "\n");
            for (Key<?> key : table.keys()) {
                append(key, page);
            }
        }
        return page.toString();
    }

    private static void append(Key<?> key, StringBuilder page) {
        page.append("\n### `").append(key.name()).append("`\n\n");
        page.append(key.meaning()).append("\n\n");
        page.append("- Value: ").append(withCode(key.kind().allowed())).append(".\n");
        page.append("- Default: ").append(defaultOf(key)).append(".\n");
        page.append("- Change: ").append(Kinds.nameOf(key.change())).append(".\n");
        page.append("- Example: `").append(key.name()).append(" = ").append(key.example());
        page.append("`\n");
    }

    private static <T> String defaultOf(Key<T> key) {
        return switch (key.presence()) {
            case Presence.Required<T> _ -> "none, the key is required";
            case Presence.Default<T>(T value, _) -> "`" + key.render(value) + "`";
            case Presence.Unset<T>(String meaning, _) -> "unset: " + meaning;
        };
    }

    /// What stands in quotes is code.
    private static String withCode(String allowed) {
        return allowed.replaceAll("(\"[^\"]*\")", "`$1`");
    }
}
