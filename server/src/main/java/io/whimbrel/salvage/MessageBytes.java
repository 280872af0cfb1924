package io.whimbrel.salvage;

import io.whimbrel.spool.IncomingBody;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/// Copies a message file into a spool, as SMTP would have it: a lone LF becomes CRLF; a lone CR and
/// NUL, which no client could have sent, make it bad. Confined to one thread.
final class MessageBytes {
    private static final int BYTES_AT_ONCE = 64 << 10;

    private final IncomingBody body;
    private final byte[] out = new byte[2 * BYTES_AT_ONCE + 2];
    private int length;
    private byte previous = '\n';
    private long line = 1;
    private boolean isEightBit;
    private Optional<String> problem = Optional.empty();

    MessageBytes(IncomingBody body) {
        this.body = body;
    }

    /// @param isLineEnded the last line gets its end where it has none
    void copy(InputStream in, boolean isLineEnded) throws IOException {
        byte[] bytes = new byte[BYTES_AT_ONCE];
        for (int count = in.read(bytes); count > 0 && problem.isEmpty(); count = in.read(bytes)) {
            for (int i = 0; i < count; i++) {
                put(bytes[i]);
            }
            flush();
        }
        if (previous == '\r') {
            problem = problem.or(() -> Optional.of("line " + line + " has a CR without LF"));
        }
        if (isLineEnded && previous != '\n') {
            out[length++] = '\r';
            out[length++] = '\n';
            flush();
        }
    }

    /// Why the file is no message; empty where it is one.
    Optional<String> problem() {
        return problem;
    }

    /// Whether a byte beyond US-ASCII was seen.
    boolean isEightBit() {
        return isEightBit;
    }

    private void put(byte b) {
        if (b == 0) {
            problem = problem.or(() -> Optional.of("line " + line + " has a NUL"));
        } else if (previous == '\r' && b != '\n') {
            problem = problem.or(() -> Optional.of("line " + line + " has a CR without LF"));
        } else if (b == '\n' && previous != '\r') {
            out[length++] = '\r';
        }
        out[length++] = b;
        line += b == '\n' ? 1 : 0;
        isEightBit |= b < 0;
        previous = b;
    }

    private void flush() {
        body.write(out, 0, length);
        length = 0;
    }
}
