package io.whimbrel.verification;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads as much of YAML as the test suites are written in: block maps and lists, lists in
/// brackets, plain, quoted and folded scalars. Every scalar is a string.
final class TestYaml {
    private final List<String> lines;
    private int at;

    private TestYaml(List<String> lines) {
        this.lines = new ArrayList<>(lines);
    }

    /// The documents of a file: maps, lists and strings.
    static List<Object> documents(String text) {
        List<Object> documents = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        for (String line : (text + "\n---").split("\n", -1)) {
            if (line.equals("---") || line.startsWith("--- ")) {
                var reader = new TestYaml(lines);
                if (reader.skipToContent()) {
                    documents.add(reader.block(0));
                }
                lines.clear();
            } else {
                lines.add(line);
            }
        }
        return documents;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object node) {
        return node instanceof Map<?, ?> ? (Map<String, Object>) node : Map.of();
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object node) {
        return node instanceof List<?> ? (List<Object>) node : List.of(node);
    }

    private boolean skipToContent() {
        while (at < lines.size()) {
            String line = lines.get(at).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                return true;
            }
            at++;
        }
        return false;
    }

    private int indent() {
        String line = lines.get(at);
        return line.length() - line.stripLeading().length();
    }

    private Object block(int least) {
        int indent = indent();
        if (indent < least) {
            return "";
        }
        String text = lines.get(at).strip();
        if (text.startsWith("- ") || text.equals("-")) {
            return blockList(indent);
        }
        return keyEnd(text) >= 0 ? blockMap(indent) : scalar(text, indent - 1);
    }

    private List<Object> blockList(int indent) {
        List<Object> items = new ArrayList<>();
        while (skipToContent() && indent() == indent && lines.get(at).strip().startsWith("-")) {
            String rest = lines.get(at).substring(indent + 1);
            if (rest.isBlank()) {
                at++;
                items.add(skipToContent() ? block(indent + 1) : "");
            } else {
                lines.set(at, " ".repeat(indent + 1) + rest);
                items.add(block(indent + 1));
            }
        }
        return items;
    }

    private Map<String, Object> blockMap(int indent) {
        Map<String, Object> map = new LinkedHashMap<>();
        while (skipToContent() && indent() == indent) {
            String text = lines.get(at).strip();
            int end = keyEnd(text);
            if (end < 0) {
                throw new IllegalArgumentException("no key: " + text);
            }
            String key = unquoted(text.substring(0, end));
            String rest = text.substring(end + 1).strip();
            if (rest.isEmpty() || rest.startsWith("#")) {
                at++;
                boolean isNested =
                        skipToContent()
                                && (indent() > indent
                                        || (indent() == indent
                                                && lines.get(at).strip().startsWith("- ")));
                map.put(key, isNested ? block(indent) : "");
            } else {
                map.put(key, scalar(rest, indent));
            }
        }
        return map;
    }

    private static String unquoted(String key) {
        boolean isQuoted = key.length() > 1 && (key.startsWith("\"") || key.startsWith("'"));
        return isQuoted ? key.substring(1, key.length() - 1) : key;
    }

    private static int keyEnd(String text) {
        if (text.startsWith("[") || text.startsWith("\"") || text.startsWith("'")) {
            int quote = text.indexOf(text.charAt(0), 1);
            return quote > 0 && text.startsWith(":", quote + 1) ? quote + 1 : -1;
        }
        for (int i = text.indexOf(':'); i >= 0; i = text.indexOf(':', i + 1)) {
            if (i + 1 == text.length() || text.charAt(i + 1) == ' ') {
                return i;
            }
        }
        return -1;
    }

    /// Reads what begins with `first` on the line at hand, and its other lines, indented deeper.
    private Object scalar(String first, int indent) {
        char kind = first.charAt(0);
        at++;
        if (kind == '>' || kind == '|') {
            return folded(kind, indent);
        }
        var text = new StringBuilder(first);
        while (!isComplete(text.toString(), kind) && at < lines.size()) {
            text.append(' ').append(lines.get(at++).strip());
        }
        if (kind == '[') {
            return flow(text.toString());
        }
        if (kind == '"' || kind == '\'') {
            return quoted(text.toString());
        }
        while (at < lines.size() && !lines.get(at).isBlank() && indent() > indent) {
            text.append(' ').append(lines.get(at++).strip());
        }
        int comment = text.indexOf(" #");
        return (comment < 0 ? text.toString() : text.substring(0, comment)).strip();
    }

    private static boolean isComplete(String text, char kind) {
        return switch (kind) {
            case '[' -> text.indexOf(']') > 0;
            case '"', '\'' -> closing(text, 0) > 0;
            default -> true;
        };
    }

    private static int closing(String text, int open) {
        char quote = text.charAt(open);
        for (int i = open + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote == '"') {
                i++;
            } else if (c == quote) {
                if (quote == '\'' && text.startsWith("'", i + 1)) {
                    i++;
                } else {
                    return i;
                }
            }
        }
        return -1;
    }

    private String folded(char kind, int indent) {
        var text = new StringBuilder();
        while (at < lines.size() && (lines.get(at).isBlank() || indent() > indent)) {
            text.append(text.isEmpty() ? "" : kind == '|' ? "\n" : " ")
                    .append(lines.get(at++).strip());
        }
        return text.toString().strip();
    }

    private static List<Object> flow(String text) {
        List<Object> items = new ArrayList<>();
        int i = 1;
        while (text.charAt(i) != ']') {
            char c = text.charAt(i);
            if (c == ' ' || c == ',') {
                i++;
            } else if (c == '"' || c == '\'') {
                int end = closing(text, i);
                items.add(quoted(text.substring(i, end + 1)));
                i = end + 1;
            } else {
                int end = i;
                while (",]".indexOf(text.charAt(end)) < 0) {
                    end++;
                }
                items.add(text.substring(i, end).strip());
                i = end;
            }
        }
        return items;
    }

    private static String quoted(String text) {
        int end = closing(text, 0);
        String inner = text.substring(1, end);
        if (text.charAt(0) == '\'') {
            return inner.replace("''", "'");
        }
        var value = new StringBuilder();
        int i = 0;
        while (i < inner.length()) {
            char c = inner.charAt(i++);
            if (c != '\\') {
                value.append(c);
                continue;
            }
            char escape = inner.charAt(i++);
            switch (escape) {
                case 'x' -> {
                    value.append((char) Integer.parseInt(inner.substring(i, i + 2), 16));
                    i += 2;
                }
                case 'n' -> value.append('\n');
                case 'r' -> value.append('\r');
                case 't' -> value.append('\t');
                case '0' -> value.append('\0');
                default -> value.append(escape);
            }
        }
        return value.toString();
    }
}
