package io.whimbrel.outcome;

import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.TlsRequirement;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/// What a report returns of the message that it is about: third part of RFC 6522 §3. Immutable.
///
/// @param bytes lines ended by CRLF; not to be changed
record ReturnedContent(Kind kind, byte[] bytes) {
    /// A larger message is not returned whole, whatever RET asks for.
    static final int FULL_MAX = 50 * 1024;

    /// Longer headers are cut at the last whole line.
    static final int HEADERS_MAX = 16 * 1024;

    /// RFC 5322 §2.1.1, without CRLF.
    private static final int LINE_MAX = 998;

    /// Which part of the message.
    enum Kind {
        /// It could not be read back.
        NONE,
        HEADERS,
        FULL
    }

    /// Reads what `envelope` asks for, and no more. Only a report of failure returns a message
    /// whole (RFC 3461 §6.2 (e)), and never one with REQUIRETLS (RFC 8689 §5).
    static ReturnedContent read(
            Effects.PartSource body, Envelope envelope, long size, boolean isFailure) {
        boolean isFull =
                isFailure
                        && envelope.parameters().dsnReturn() == DsnReturn.FULL
                        && envelope.parameters().tls() != TlsRequirement.REQUIRED
                        && size <= FULL_MAX;
        try {
            byte[] head = head(body, isFull ? FULL_MAX : HEADERS_MAX, isFull);
            // A message with longer lines cannot be quoted in a valid one.
            return isFull && !hasLongLine(head)
                    ? new ReturnedContent(Kind.FULL, head)
                    : new ReturnedContent(Kind.HEADERS, headers(head));
        } catch (IOException _) {
            // The report matters more than what it quotes; the spool logs the damage by itself.
            return new ReturnedContent(Kind.NONE, new byte[0]);
        }
    }

    boolean isSevenBit() {
        for (byte b : bytes) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    boolean hasLongLine() {
        return hasLongLine(bytes);
    }

    /// The bytes as quoted-printable (RFC 2045 §6.7), for headers that are not 7-bit or too long.
    byte[] quotedPrintable() {
        var out = new ByteArrayOutputStream(bytes.length * 2);
        int column = 0;
        for (int i = 0; i < bytes.length; i++) {
            int b = bytes[i] & 0xff;
            if (isLineEnd(bytes, i)) {
                out.write('\r');
                out.write('\n');
                column = 0;
                i++;
                continue;
            }
            boolean isBlank = b == ' ' || b == '\t';
            boolean isPlain = (b > ' ' && b <= '~' && b != '=') || (isBlank && !endsLine(i + 1));
            int width = isPlain ? 1 : 3;
            if (column + width > 75) {
                out.write('=');
                out.write('\r');
                out.write('\n');
                column = 0;
            }
            if (isPlain) {
                out.write(b);
            } else {
                out.write('=');
                out.write("0123456789ABCDEF".charAt(b >> 4));
                out.write("0123456789ABCDEF".charAt(b & 15));
            }
            column += width;
        }
        return out.toByteArray();
    }

    private boolean endsLine(int index) {
        return index == bytes.length || isLineEnd(bytes, index);
    }

    /// The first `most` bytes of a body; where not `isFull`, reading ends with the headers.
    private static byte[] head(Effects.PartSource body, int most, boolean isFull)
            throws IOException {
        var head = new ByteArrayOutputStream();
        byte[] part = body.nextPart();
        while (part.length > 0 && head.size() < most) {
            head.write(part, 0, Math.min(part.length, most - head.size()));
            boolean isEnough = !isFull && endOfHeaders(head.toByteArray()) >= 0;
            part = isEnough ? new byte[0] : body.nextPart();
        }
        return head.toByteArray();
    }

    private static byte[] headers(byte[] head) {
        int end = endOfHeaders(head);
        if (end < 0) {
            end = Math.min(head.length, HEADERS_MAX);
            while (end > 0 && !(end >= 2 && isLineEnd(head, end - 2))) {
                end--;
            }
        }
        return Arrays.copyOf(head, Math.min(end, HEADERS_MAX));
    }

    /// Length of the headers with the CRLF of their last line; -1 where no empty line was found.
    private static int endOfHeaders(byte[] bytes) {
        if (isLineEnd(bytes, 0)) {
            return 0;
        }
        for (int i = 0; i + 3 < bytes.length; i++) {
            if (isLineEnd(bytes, i) && isLineEnd(bytes, i + 2)) {
                return i + 2;
            }
        }
        return -1;
    }

    private static boolean isLineEnd(byte[] bytes, int at) {
        return at + 1 < bytes.length && bytes[at] == '\r' && bytes[at + 1] == '\n';
    }

    private static boolean hasLongLine(byte[] bytes) {
        int lineStart = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                lineStart = i + 1;
            } else if (i - lineStart > LINE_MAX) {
                return true;
            }
        }
        return false;
    }
}
