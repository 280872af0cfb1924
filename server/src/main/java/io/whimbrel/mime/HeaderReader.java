package io.whimbrel.mime;

import java.util.Arrays;

/// Takes the fields of one header after another apart. Confined to one thread.
///
/// A field with its folds is kept up to [#FIELD_BYTES_MAX]; a longer one is handed on in pieces and
/// says nothing. The header ends at an empty line, at a boundary, and before a line that is no
/// field, which then begins the body: so most readers have it. `From ` of a mailbox file is let
/// pass at the start of a message.
final class HeaderReader {
    static final int FIELD_BYTES_MAX = 64 << 10;

    private final Walker walker;
    private byte[] kept = new byte[1_024];
    private int length;

    /// Where in `kept` the present line begins; before it is a field that folds may follow.
    private int lineStart;

    /// Whether the beginning of the present field has been handed on already.
    private boolean isSpilled;

    /// Whether the beginning of the present line has.
    private boolean isLineSpilled;

    private boolean isFirstLine = true;

    HeaderReader(Walker walker) {
        this.walker = walker;
    }

    void begin() {
        length = 0;
        lineStart = 0;
        isSpilled = false;
        isLineSpilled = false;
        isFirstLine = true;
    }

    /// @return behind what has been taken: less than `end` where the header ended
    int take(byte[] bytes, int from, int end) {
        for (int at = from; at < end; at++) {
            if (length == kept.length) {
                makeRoom();
            }
            kept[length++] = bytes[at];
            boolean isLine =
                    bytes[at] == '\n' && length - lineStart > 1 && kept[length - 2] == '\r';
            if (isLine && isOver()) {
                return at + 1;
            }
        }
        return end;
    }

    /// The message ends within the header.
    void finish() {
        if (length == lineStart || !isOver()) {
            handOn(length);
        }
    }

    /// A line is whole.
    ///
    /// @return whether the header ended with it or before it, and the walker knows
    private boolean isOver() {
        boolean isFirst = isFirstLine;
        isFirstLine = false;
        byte first = kept[lineStart];
        if (isLineSpilled || first == ' ' || first == '\t') {
            isLineSpilled = false;
            lineStart = length;
            return false;
        }
        if (first == '\r' && length - lineStart == 2 && kept[lineStart + 1] == '\n') {
            handOn(lineStart);
            walker.headerEnd(true);
            return true;
        }
        if (first == '-' && isBoundary()) {
            return true;
        }
        boolean isMailboxLine = isFirst && walker.current().isMessage && isFromLine();
        if (isMailboxLine || FieldName.colon(kept, lineStart, length) >= 0) {
            handOn(lineStart);
            lineStart = length;
            return false;
        }
        byte[] line = Arrays.copyOfRange(kept, lineStart, length);
        handOn(lineStart);
        walker.headerEnd(false);
        walker.write(line, 0, line.length);
        return true;
    }

    private boolean isBoundary() {
        byte[] line = Arrays.copyOfRange(kept, lineStart, length);
        if (!walker.isBoundary(line, line.length)) {
            return false;
        }
        handOn(lineStart);
        walker.part(line, line.length);
        return true;
    }

    private boolean isFromLine() {
        int at = kept[lineStart] == '>' ? lineStart + 1 : lineStart;
        return length - at > 5 && Walker.latin1(kept, at, at + 5).equals("From ");
    }

    /// The field in `kept[0, end)` is whole; what is behind moves to the front.
    private void handOn(int end) {
        if (end > 0) {
            int colon = isSpilled ? -1 : FieldName.colon(kept, 0, end);
            FieldName name = colon < 0 ? FieldName.OTHER : FieldName.of(kept, colon);
            if (colon >= 0) {
                walker.current().learn(name, Walker.latin1(kept, colon + 1, end));
            }
            walker.listener().field(walker.current(), name, kept, end);
            isSpilled = false;
            drop(end);
        }
    }

    private void makeRoom() {
        if (kept.length < FIELD_BYTES_MAX) {
            kept = Arrays.copyOf(kept, 2 * kept.length);
            return;
        }
        boolean isFold = kept[lineStart] == ' ' || kept[lineStart] == '\t';
        if (lineStart > 0 && !isFold && !isLineSpilled) {
            handOn(lineStart);
            return;
        }
        // The last octet stays, for it may be the CR of the line's end.
        int spilled = length - 1;
        walker.listener().field(walker.current(), FieldName.OTHER, kept, spilled);
        drop(spilled);
        isSpilled = true;
        isLineSpilled = true;
    }

    private void drop(int end) {
        System.arraycopy(kept, end, kept, 0, length - end);
        length -= end;
        lineStart = Math.max(0, lineStart - end);
    }
}
