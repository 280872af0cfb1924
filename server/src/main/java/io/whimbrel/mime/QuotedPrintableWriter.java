package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

/// Writes a body as quoted-printable (RFC 2045 §6.7), in lines of at most 76 octets. Confined to
/// one thread.
///
/// CRLF stays CRLF; a CR or LF alone, spaces before a line end and all that is not printable are
/// encoded. No line begins with a dot or `From `, and none that a soft break made looks like a
/// boundary.
final class QuotedPrintableWriter implements BodyWriter {
    /// One less than the limit, for the `=` of a soft break.
    private static final int COLUMNS_MAX = 75;

    private static final byte[] HEX = {
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'
    };
    private static final byte[] FROM = {'F', 'r', 'o', 'm'};

    private final ByteSink sink;
    private final byte[] out = new byte[4_096];
    private int length;
    private int column;

    /// How many octets at the start of this line are those of `From`; -1 once one is not.
    private int fromMatched;

    private boolean isBehindSoftBreak;

    /// A space or tab that may yet be the last of its line; 0 where there is none.
    private byte pendingSpace;

    private boolean isCarriageReturnPending;

    QuotedPrintableWriter(ByteSink sink) {
        this.sink = sink;
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        for (int at = from; at < from + count; at++) {
            take(bytes[at]);
        }
    }

    private void take(byte octet) {
        if (isCarriageReturnPending) {
            isCarriageReturnPending = false;
            if (octet == '\n') {
                encodePendingSpace();
                lineEnd();
                isBehindSoftBreak = false;
                return;
            }
            writePendingSpace();
            put((byte) '\r', true);
        }
        switch (octet) {
            case '\r' -> isCarriageReturnPending = true;
            case ' ', '\t' -> {
                writePendingSpace();
                pendingSpace = octet;
            }
            default -> {
                writePendingSpace();
                put(octet, octet < ' ' || octet == '=' || octet == 0x7f);
            }
        }
    }

    @Override
    public void finish() {
        if (isCarriageReturnPending) {
            writePendingSpace();
            put((byte) '\r', true);
            isCarriageReturnPending = false;
        }
        encodePendingSpace();
        sink.write(out, 0, length);
        length = 0;
    }

    private void writePendingSpace() {
        if (pendingSpace != 0) {
            byte space = pendingSpace;
            pendingSpace = 0;
            put(space, false);
        }
    }

    private void encodePendingSpace() {
        if (pendingSpace != 0) {
            byte space = pendingSpace;
            pendingSpace = 0;
            put(space, true);
        }
    }

    private void put(byte octet, boolean mustEncode) {
        if (!mustEncode && column < COLUMNS_MAX && !isHarmful(octet)) {
            plain(octet);
            return;
        }
        int width = mustEncode || (column < COLUMNS_MAX && isHarmful(octet)) ? 3 : 1;
        if (column + width > COLUMNS_MAX) {
            append((byte) '=');
            lineEnd();
            isBehindSoftBreak = true;
        }
        if (mustEncode || isHarmful(octet)) {
            fromMatched = -1;
            append((byte) '=');
            append(HEX[octet >> 4 & 15]);
            append(HEX[octet & 15]);
            column += 3;
        } else {
            plain(octet);
        }
    }

    private void plain(byte octet) {
        boolean isLikeFrom =
                fromMatched >= 0 && fromMatched < FROM.length && octet == FROM[fromMatched];
        fromMatched = isLikeFrom ? fromMatched + 1 : -1;
        append(octet);
        column++;
    }

    /// Whether some hosts or readers would take it for more than text where it stands.
    private boolean isHarmful(byte octet) {
        if (column == 0) {
            return octet == '.' || (octet == '-' && isBehindSoftBreak);
        }
        return octet == ' ' && column == FROM.length && fromMatched == FROM.length;
    }

    private void lineEnd() {
        append((byte) '\r');
        append((byte) '\n');
        column = 0;
        fromMatched = 0;
    }

    private void append(byte octet) {
        if (length == out.length) {
            sink.write(out, 0, length);
            length = 0;
        }
        out[length++] = octet;
    }
}
