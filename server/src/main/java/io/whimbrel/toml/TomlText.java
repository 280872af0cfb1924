package io.whimbrel.toml;

import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/// Values as they stand in a TOML file. Stateless.
public final class TomlText {
    private static final int SHOWN_MAX = 60;

    private TomlText() {}

    /// `text` in quotes, with escapes where TOML needs them.
    public static String quote(String text) {
        return "\"" + Toml.tomlEscape(text) + "\"";
    }

    /// A value of the file for an error message: short, on one line, printable.
    public static String shown(Object value) {
        return switch (value) {
            case String text -> shortened(text);
            case TomlTable _ -> "a table";
            case TomlArray _ -> "a list";
            default -> value.toString();
        };
    }

    private static String shortened(String text) {
        var shown = new StringBuilder();
        int end = Math.min(text.length(), SHOWN_MAX);
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            // Marks that turn the direction of writing, and half characters, confuse terminals.
            int type = Character.getType(c);
            boolean isPrintable =
                    type != Character.FORMAT
                            && !(type == Character.CONTROL && c > 0x7f)
                            && type != Character.LINE_SEPARATOR
                            && type != Character.PARAGRAPH_SEPARATOR
                            && type != Character.SURROGATE;
            shown.append(isPrintable ? c : '?');
        }
        return quote(shown.toString()) + (text.length() > SHOWN_MAX ? "..." : "");
    }
}
