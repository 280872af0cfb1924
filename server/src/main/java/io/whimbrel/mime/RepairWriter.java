package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

/// Encodes the 8-bit octets in a body that says it is quoted-printable, where none may be: they
/// mean what they are (RFC 2045 §6.7). All else stays as it is. Confined to one thread.
final class RepairWriter implements BodyWriter {
    private static final int COLUMNS_MAX = 75;
    private static final byte[] HEX = {
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'
    };
    private static final byte[] SOFT_BREAK = {'=', '\r', '\n'};

    private final ByteSink sink;
    private int column;

    RepairWriter(ByteSink sink) {
        this.sink = sink;
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        int start = from;
        for (int at = from; at < from + length; at++) {
            byte octet = bytes[at];
            if (octet >= 0) {
                column = octet == '\n' ? 0 : column + 1;
                continue;
            }
            sink.write(bytes, start, at - start);
            start = at + 1;
            if (column + 3 > COLUMNS_MAX) {
                sink.write(SOFT_BREAK, 0, SOFT_BREAK.length);
                column = 0;
            }
            sink.write(new byte[] {'=', HEX[octet >> 4 & 15], HEX[octet & 15]}, 0, 3);
            column += 3;
        }
        sink.write(bytes, start, from + length - start);
    }

    @Override
    public void finish() {}
}
