package io.whimbrel.dkim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The header of a message. Immutable once it is read.
public final class HeaderFields {
    private final List<HeaderField> all = new ArrayList<>();
    private final Map<String, List<HeaderField>> byName = new HashMap<>();

    /// @param length how much of `header` counts: the lines before the empty one, each with CRLF
    public HeaderFields(byte[] header, int length) {
        int start = 0;
        while (start < length) {
            int end = start;
            do {
                end = lineEnd(header, end, length);
            } while (end < length && (header[end] == ' ' || header[end] == '\t'));
            add(HeaderField.of(Arrays.copyOfRange(header, start, withoutCrlf(header, start, end))));
            start = end;
        }
    }

    private HeaderFields(List<HeaderField> first, List<HeaderField> rest) {
        first.forEach(this::add);
        rest.forEach(this::add);
    }

    /// The same below `fields`.
    public HeaderFields below(List<HeaderField> fields) {
        return fields.isEmpty() ? this : new HeaderFields(fields, all);
    }

    /// All of that name, lower case, from the top.
    public List<HeaderField> named(String name) {
        return byName.getOrDefault(name, List.of());
    }

    public List<HeaderField> all() {
        return all;
    }

    private void add(HeaderField field) {
        all.add(field);
        byName.computeIfAbsent(field.name(), _ -> new ArrayList<>()).add(field);
    }

    /// Behind the CRLF of the line that holds `at`.
    private static int lineEnd(byte[] header, int at, int length) {
        for (int i = at; i + 1 < length; i++) {
            if (header[i] == '\r' && header[i + 1] == '\n') {
                return i + 2;
            }
        }
        return length;
    }

    private static int withoutCrlf(byte[] header, int start, int end) {
        boolean hasCrlf = end - start >= 2 && header[end - 2] == '\r' && header[end - 1] == '\n';
        return hasCrlf ? end - 2 : end;
    }
}
