package io.whimbrel.verification;

import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.smtp.ByteSink;

import java.util.Arrays;

/// Parts header and body of a message that streams by. Confined to one thread.
///
/// The header is kept up to [#HEADER_BYTES_MAX] and [#FIELDS_MAX]; of a larger one nothing is told,
/// and the body goes nowhere. Lines end with CRLF, for reception takes no others.
final class MessageReader implements ByteSink {
    static final int HEADER_BYTES_MAX = 256 << 10;

    /// A field costs about a hundred bytes beside its own.
    static final int FIELDS_MAX = 2_000;

    private static final byte[] LINE_END_TWICE = {'\r', '\n', '\r', '\n'};

    private final Listener listener;
    private byte[] header = new byte[8_192];
    private int length;
    private int fields;

    /// How many bytes of CRLF CRLF the end of `header` has; a message begins as if behind a CRLF.
    private int matched = 2;

    private State state = State.HEADER;

    private enum State {
        HEADER,
        BODY,
        TOO_LARGE
    }

    /// Is told what comes.
    interface Listener {
        /// Once, before any of the body.
        void header(HeaderFields fields);

        void body(byte[] bytes, int from, int length);
    }

    MessageReader(Listener listener) {
        this.listener = listener;
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
        int at = from;
        int end = from + count;
        while (state == State.HEADER && at < end) {
            take(bytes[at++]);
        }
        if (state == State.BODY && at < end) {
            listener.body(bytes, at, end - at);
        }
    }

    /// The end of the message, which may have been in its header.
    ///
    /// @return whether the header was told
    boolean finish() {
        if (state == State.HEADER) {
            endHeader(length);
        }
        return state == State.BODY;
    }

    private void take(byte octet) {
        boolean isFieldStart = matched == 2 && octet != ' ' && octet != '\t';
        fields += isFieldStart ? 1 : 0;
        if (length == HEADER_BYTES_MAX || fields > FIELDS_MAX) {
            state = State.TOO_LARGE;
            header = new byte[0];
            return;
        }
        if (length == header.length) {
            header = Arrays.copyOf(header, Math.min(2 * length, HEADER_BYTES_MAX));
        }
        header[length++] = octet;
        if (octet == LINE_END_TWICE[matched]) {
            matched++;
        } else {
            matched = octet == '\r' ? 1 : 0;
        }
        if (matched == LINE_END_TWICE.length) {
            endHeader(length - 2);
        }
    }

    private void endHeader(int fieldBytes) {
        var fields = new HeaderFields(header, fieldBytes);
        header = new byte[0];
        state = State.BODY;
        listener.header(fields);
    }
}
