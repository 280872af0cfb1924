package io.whimbrel.pickup;

import java.io.IOException;
import java.io.InputStream;

/// The bytes of a message as SMTP would have them: every line ends with CRLF, the last one too.
/// Confined to one thread.
///
/// Programs hand over lines ended by LF, by CRLF, or by CR CR LF; all mean one end. A CR within a
/// line and NUL, which no client could have sent, make the message bad: next hops would differ in
/// what they take them for. So does a message of more bytes than are allowed.
public final class CrlfInput extends InputStream {
    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream in;
    private final boolean endsAtDot;
    private final long bytesMax;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int filled;
    private long count;
    private long line = 1;
    private boolean isExhausted;
    private boolean isLineStart = true;
    private boolean isBetweenCrAndLf;
    private boolean isEnded;

    /// @param endsAtDot whether a line of one dot is the end, as at a terminal
    /// @param bytesMax with CRLF at each line's end
    public CrlfInput(InputStream in, boolean endsAtDot, long bytesMax) {
        this.in = in;
        this.endsAtDot = endsAtDot;
        this.bytesMax = bytesMax;
    }

    @Override
    public int read() throws IOException {
        int next = next();
        if (next >= 0 && ++count > bytesMax) {
            throw new BadMessageException("the message has more than " + bytesMax + " bytes");
        }
        return next;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        int done = 0;
        while (done < length) {
            int next = read();
            if (next < 0) {
                return done == 0 ? -1 : done;
            }
            bytes[from + done++] = (byte) next;
        }
        return done;
    }

    private int next() throws IOException {
        if (isBetweenCrAndLf) {
            isBetweenCrAndLf = false;
            isLineStart = true;
            line++;
            return '\n';
        }
        if (isEnded || (isLineStart && endsAtDot && peek(0) == '.' && isLineEnd(1))) {
            isEnded = true;
            return -1;
        }
        int b = peek(0);
        if (b < 0) {
            isEnded = true;
            return isLineStart ? -1 : endLine();
        }
        position++;
        if (b == '\n') {
            return endLine();
        }
        if (b == '\r') {
            return afterCr();
        }
        if (b == 0) {
            throw new BadMessageException("line " + line + " has a NUL");
        }
        isLineStart = false;
        return b;
    }

    private int afterCr() throws IOException {
        while (peek(0) == '\r') {
            position++;
        }
        if (peek(0) != '\n') {
            throw new BadMessageException("line " + line + " has a CR without LF");
        }
        position++;
        return endLine();
    }

    private int endLine() {
        isBetweenCrAndLf = true;
        return '\r';
    }

    private boolean isLineEnd(int ahead) throws IOException {
        int b = peek(ahead);
        return b < 0 || b == '\n' || (b == '\r' && peek(ahead + 1) == '\n');
    }

    /// The byte so many ahead, at most two; -1 behind the end.
    private int peek(int ahead) throws IOException {
        while (position + ahead >= filled && !isExhausted) {
            System.arraycopy(buffer, position, buffer, 0, filled - position);
            filled -= position;
            position = 0;
            int read = in.read(buffer, filled, buffer.length - filled);
            isExhausted = read < 0;
            filled += Math.max(0, read);
        }
        return position + ahead < filled ? buffer[position + ahead] & 0xff : -1;
    }
}
