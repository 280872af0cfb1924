package io.whimbrel.dkim;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// A list of tags and values (RFC 6376 §3.2): `v=1; d=example.com`. Immutable.
///
/// @param values by tag, whose case matters; without spaces around them
/// @param first the tag that stands first; `""` of an empty list
public record TagList(Map<String, String> values, String first) {
    private static final int TAGS_MAX = 1_000;

    /// Empty where `text` is no such list, a tag stands there twice, or there are too many.
    public static Optional<TagList> parse(String text) {
        Map<String, String> values = new HashMap<>();
        String first = "";
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf(';', at);
            if (end < 0) {
                end = text.length();
            }
            String spec = stripped(text, at, end);
            if (!spec.isEmpty()) {
                int equals = spec.indexOf('=');
                if (equals < 0 || values.size() == TAGS_MAX) {
                    return Optional.empty();
                }
                String tag = stripped(spec, 0, equals);
                String value = stripped(spec, equals + 1, spec.length());
                boolean isGood = isTag(tag) && isValue(value);
                if (!isGood || values.putIfAbsent(tag, value) != null) {
                    return Optional.empty();
                }
                first = values.size() == 1 ? tag : first;
            } else if (end < text.length()) {
                // Nothing before a semicolon; nothing behind the last one is right.
                return Optional.empty();
            }
            at = end + 1;
        }
        return Optional.of(new TagList(Map.copyOf(values), first));
    }

    /// The value, or empty where the tag is not there.
    public Optional<String> find(String tag) {
        return Optional.ofNullable(values.get(tag));
    }

    /// The value, or `byDefault` where the tag is not there.
    public String get(String tag, String byDefault) {
        return values.getOrDefault(tag, byDefault);
    }

    public static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    /// Without any spaces and folds.
    public static String withoutSpaces(String text) {
        var bare = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            if (!isSpace(text.charAt(i))) {
                bare.append(text.charAt(i));
            }
        }
        return bare.toString();
    }

    private static String stripped(String text, int from, int to) {
        int start = from;
        int end = to;
        while (start < end && isSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isTag(String tag) {
        if (tag.isEmpty() || !Labels.isLetter(tag.charAt(0))) {
            return false;
        }
        for (int i = 1; i < tag.length(); i++) {
            if (!Labels.isAlphanumeric(tag.charAt(i)) && tag.charAt(i) != '_') {
                return false;
            }
        }
        return true;
    }

    private static boolean isValue(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if ((c < ' ' && !isSpace(c)) || c == 0x7f) {
                return false;
            }
        }
        return true;
    }
}
