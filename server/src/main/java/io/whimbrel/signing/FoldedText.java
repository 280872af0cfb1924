package io.whimbrel.signing;

import java.util.List;

/// The text of a header field of tags, folded so that lines have at most 78 characters where there
/// is a place to fold (RFC 5322 §2.1.1, RFC 6376 §3.2). Confined to one thread.
final class FoldedText {
    /// Length of a line.
    static final int LINE_MOST = 76;

    private static final String FOLD = "\r\n\t";

    private final StringBuilder text = new StringBuilder(700);
    private int lineLength;
    private List<String> listed = List.of();

    /// @param name of the field, with its colon
    FoldedText(String name) {
        text.append(name);
        lineLength = name.length();
    }

    /// Adds `name=value;`.
    FoldedText tag(String name, String value) {
        separate(name.length() + value.length() + 2);
        append(name);
        append("=");
        append(value);
        append(";");
        return this;
    }

    /// Adds `name=a:b:c;`.
    FoldedText list(String name, List<String> words) {
        listed = List.copyOf(words);
        separate(name.length() + 1 + words.getFirst().length());
        append(name);
        append("=");
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i) + (i + 1 < words.size() ? ":" : ";");
            if (lineLength + word.length() > LINE_MOST) {
                fold();
            }
            append(word);
        }
        return this;
    }

    /// The words of the list.
    List<String> listed() {
        return listed;
    }

    /// Adds `name=`, whose value follows by [#close].
    void open(String name) {
        separate(LINE_MOST);
        append(name);
        append("=");
    }

    /// Adds the value of the last tag.
    void close(String value) {
        close(value, LINE_MOST);
    }

    /// Adds the value of the last tag.
    ///
    /// @param lineMost length of its lines
    void close(String value, int lineMost) {
        int at = 0;
        while (at < value.length()) {
            if (lineLength >= lineMost) {
                fold();
            }
            int end = Math.min(value.length(), at + lineMost - lineLength);
            append(value.substring(at, end));
            at = end;
        }
    }

    String text() {
        return text.toString();
    }

    private void separate(int length) {
        if (lineLength + 1 + length > LINE_MOST) {
            fold();
        } else {
            append(" ");
        }
    }

    private void fold() {
        text.append(FOLD);
        lineLength = 1;
    }

    private void append(String word) {
        text.append(word);
        lineLength += word.length();
    }
}
