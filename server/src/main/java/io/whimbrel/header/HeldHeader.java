package io.whimbrel.header;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The header of a message, held back until all of it has come, so that fields can be read, left
/// out and added (RFC 5322 §2.2). Confined to one thread.
///
/// Ends at the first line that is empty, or that is no field. Holds at most `bytesMax`: beyond it
/// [#isTooLarge], and what comes is dropped.
public final class HeldHeader {
    private static final int FIRST_BYTES = 2_048;
    private static final int UNKNOWN = -1;

    private final int bytesMax;
    private byte[] bytes = new byte[FIRST_BYTES];
    private int length;
    private int lineStart;
    private int fieldsEnd = UNKNOWN;
    private boolean isTooLarge;

    /// One field as it came.
    ///
    /// @param name as written, without spaces behind it; `""` for a line that is no field
    /// @param from first octet in the header
    /// @param valueFrom first octet behind the colon
    /// @param to octet behind its last line end
    record Field(String name, int from, int valueFrom, int to) {
        boolean isCalled(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    public HeldHeader(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Goes on with `count` octets of the message at `from`.
    ///
    /// @return how many of them are held: up to the line that ends the header, this one included
    public int add(byte[] more, int from, int count) {
        int end = from + count;
        int i = from;
        while (i < end && !isComplete()) {
            int lineEnd = i;
            while (lineEnd < end && more[lineEnd] != '\n') {
                lineEnd++;
            }
            boolean isWhole = lineEnd < end;
            keep(more, i, (isWhole ? lineEnd + 1 : end) - i);
            if (isWhole) {
                endLine();
            }
            i = isWhole ? lineEnd + 1 : end;
        }
        return i - from;
    }

    private void keep(byte[] more, int from, int count) {
        if (isTooLarge || length + count > bytesMax) {
            isTooLarge = true;
            return;
        }
        if (length + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count, 2 * bytes.length));
        }
        System.arraycopy(more, from, bytes, length, count);
        length += count;
    }

    private void endLine() {
        if (isTooLarge) {
            return;
        }
        if (!isLastLineOfField()) {
            fieldsEnd = lineStart;
        }
        lineStart = length;
    }

    private boolean isLastLineOfField() {
        byte first = bytes[lineStart];
        boolean isContinued = lineStart > 0 && (first == ' ' || first == '\t');
        return isContinued || !field(lineStart, length).name().isEmpty();
    }

    /// The line that ends it has come.
    public boolean isComplete() {
        return fieldsEnd != UNKNOWN;
    }

    public boolean isTooLarge() {
        return isTooLarge;
    }

    byte[] bytes() {
        return bytes;
    }

    /// Octets so far, the line that ends the header among them.
    int length() {
        return length;
    }

    /// Where the fields end: at the line that is none, or at the end of a message without one. The
    /// last line of a message may lack its end (BDAT, RFC 3030 §2).
    int fieldsEnd() {
        if (isComplete()) {
            return fieldsEnd;
        }
        return lineStart == length || isLastLineOfField() ? length : lineStart;
    }

    /// All fields in their order.
    List<Field> fields() {
        var fields = new ArrayList<Field>(24);
        int end = fieldsEnd();
        int from = 0;
        while (from < end) {
            int to = lineEnd(from, end);
            while (to < end && (bytes[to] == ' ' || bytes[to] == '\t')) {
                to = lineEnd(to, end);
            }
            fields.add(field(from, to));
            from = to;
        }
        return fields;
    }

    private int lineEnd(int from, int end) {
        int i = from;
        while (i < end && bytes[i] != '\n') {
            i++;
        }
        return Math.min(end, i + 1);
    }

    private Field field(int from, int to) {
        int i = from;
        while (i < to && bytes[i] > ' ' && bytes[i] < 0x7f && bytes[i] != ':') {
            i++;
        }
        int nameEnd = i;
        while (i < to && (bytes[i] == ' ' || bytes[i] == '\t')) {
            i++;
        }
        boolean isField = nameEnd > from && i < to && bytes[i] == ':';
        return isField
                ? new Field(HeaderText.ascii(bytes, from, nameEnd), from, i + 1, to)
                : new Field("", from, from, to);
    }

    /// Whether the line that ended it is empty, as it should be.
    boolean endsWell() {
        int end = fieldsEnd();
        return end == length || bytes[end] == '\r' || bytes[end] == '\n';
    }

    /// As [#value(Field)], at most `octetsMax` of it.
    String value(Field field, int octetsMax) {
        return HeaderText.value(bytes, field.valueFrom(), field.to(), octetsMax);
    }

    /// The value of a field for reading: unfolded, without control characters and without spaces
    /// around it; at most 8 KiB of it.
    String value(Field field) {
        return HeaderText.value(bytes, field.valueFrom(), field.to());
    }
}
