package io.whimbrel.provider;

import java.util.Optional;
import java.util.regex.Pattern;

/// Makes a text that a regular expression matches, for rules that come without a test line: each
/// group's first alternative, each repetition as often as it must be. Confined to one thread.
final class SampleReply {
    private static final int LENGTH_MAX = 900;

    private final String pattern;
    private final StringBuilder text = new StringBuilder();
    private int at;

    private SampleReply(String pattern) {
        this.pattern = pattern;
    }

    /// Empty where what came out is not matched after all.
    static Optional<String> of(Pattern pattern) {
        var sample = new SampleReply(pattern.pattern());
        sample.sequence();
        String text = sample.text.toString().strip();
        return text.isEmpty() || text.length() > LENGTH_MAX || !pattern.matcher(text).find()
                ? Optional.empty()
                : Optional.of(text);
    }

    private void sequence() {
        while (at < pattern.length() && pattern.charAt(at) != ')') {
            if (pattern.charAt(at) == '|') {
                int written = text.length();
                at++;
                sequence();
                text.setLength(written);
                return;
            }
            int start = text.length();
            atom();
            quantifier(start);
        }
    }

    private void atom() {
        char c = pattern.charAt(at++);
        switch (c) {
            case '(' -> {
                at += pattern.startsWith("?:", at) ? 2 : 0;
                sequence();
                at++;
            }
            case '[' -> ofClass();
            case '\\' -> escaped();
            case '.' -> text.append('x');
            case '^', '$' -> {}
            default -> text.append(c);
        }
    }

    private void ofClass() {
        int end = pattern.indexOf(']', at + 1);
        char first = pattern.charAt(at);
        text.append(first == '\\' ? '1' : first == '^' ? 'x' : first);
        at = end < 0 ? pattern.length() : end + 1;
    }

    private void escaped() {
        if (at >= pattern.length()) {
            return;
        }
        char c = pattern.charAt(at++);
        switch (c) {
            case 'd', 'w' -> text.append('1');
            case 'D', 'W', 's' -> text.append(' ');
            case 'S' -> text.append('x');
            case 'b', 'B' -> {}
            default -> text.append(c);
        }
    }

    private void quantifier(int start) {
        if (at >= pattern.length()) {
            return;
        }
        switch (pattern.charAt(at)) {
            case '?', '*' -> {
                text.setLength(start);
                at++;
            }
            case '+' -> at++;
            case '{' -> repeat(start);
            default -> {
                return;
            }
        }
        at += at < pattern.length() && pattern.charAt(at) == '?' ? 1 : 0;
    }

    private void repeat(int start) {
        int end = pattern.indexOf('}', at);
        String least = pattern.substring(at + 1, end).split(",", -1)[0];
        String once = text.substring(start);
        text.setLength(start);
        text.append(once.repeat(least.isEmpty() ? 0 : Integer.parseInt(least)));
        at = end + 1;
        if (text.length() > LENGTH_MAX) {
            text.setLength(LENGTH_MAX + 1);
        }
    }
}
