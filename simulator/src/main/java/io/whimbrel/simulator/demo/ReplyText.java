package io.whimbrel.simulator.demo;

/// Why an attempt failed, in so few words that equal reasons read alike. Stateless.
final class ReplyText {
    static final int LENGTH_MAX = 76;

    private static final String CUT = "...";

    private ReplyText() {}

    /// Code, enhanced status and text of `line`, with addresses left out, 76 characters at most.
    static String of(EventLine line) {
        var words = new StringBuilder();
        if (line.code() > 0) {
            words.append(line.code());
        }
        append(words, line.enhanced());
        for (String word : line.text().strip().split("\\s+")) {
            boolean isRepeated = word.equals(line.enhanced());
            if (!isRepeated) {
                append(words, word.indexOf('@') < 0 ? word : "<...>");
            }
        }
        return words.length() <= LENGTH_MAX
                ? words.toString()
                : words.substring(0, LENGTH_MAX - CUT.length()) + CUT;
    }

    private static void append(StringBuilder words, String word) {
        if (!words.isEmpty() && !word.isEmpty()) {
            words.append(' ');
        }
        words.append(word);
    }
}
