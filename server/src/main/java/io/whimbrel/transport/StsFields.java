package io.whimbrel.transport;

/// Names and spaces of RFC 8461 §3.1 and §3.2. Stateless.
final class StsFields {
    private static final int NAME_MAX = 32;

    private StsFields() {}

    /// A letter or digit, then up to 31 letters, digits, `_`, `-` and `.`.
    static boolean isName(String name) {
        boolean isGood =
                !name.isEmpty() && name.length() <= NAME_MAX && isAlphanumeric(name.charAt(0));
        for (int i = 1; isGood && i < name.length(); i++) {
            char c = name.charAt(i);
            isGood = isAlphanumeric(c) || c == '_' || c == '-' || c == '.';
        }
        return isGood;
    }

    static boolean isAlphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }

    static String stripped(String text, int from, int to) {
        int first = from;
        int end = to;
        while (first < end && isSpace(text.charAt(first))) {
            first++;
        }
        while (end > first && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(first, end);
    }
}
