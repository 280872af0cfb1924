package io.whimbrel.smtp;

import java.io.IOException;
import java.io.OutputStream;

/// Writes the text of one message as DATA wants it (RFC 5321 §4.5.2): a dot that begins a line is
/// doubled, a last line without an ending gets one, `.` ends it all. Confined to one thread.
///
/// A line begins behind every LF, also one without CR: reception lets no such message in, and
/// should one come all the same, no lenient host can be made to see an end of data in it.
public final class DotStuffing {
    private static final byte[] DOT = {'.'};
    private static final byte[] END = {'.', '\r', '\n'};
    private static final byte[] END_BEHIND_CR = {'\n', '.', '\r', '\n'};
    private static final byte[] END_BEHIND_TEXT = {'\r', '\n', '.', '\r', '\n'};

    private final OutputStream out;
    private byte last = '\n';

    public DotStuffing(OutputStream out) {
        this.out = out;
    }

    /// Writes a part of the message; parts may be cut anywhere.
    public void write(byte[] part) throws IOException {
        int written = 0;
        byte before = last;
        for (int i = 0; i < part.length; i++) {
            byte b = part[i];
            if (b == '.' && before == '\n') {
                out.write(part, written, i - written);
                out.write(DOT, 0, 1);
                written = i;
            }
            before = b;
        }
        out.write(part, written, part.length - written);
        last = before;
    }

    /// Ends the text. Nothing may be written after.
    public void end() throws IOException {
        byte[] end =
                switch (last) {
                    case '\n' -> END;
                    case '\r' -> END_BEHIND_CR;
                    default -> END_BEHIND_TEXT;
                };
        out.write(end, 0, end.length);
    }
}
