package io.whimbrel.dkim;

import io.whimbrel.smtp.ByteSink;

import java.util.Arrays;

/// Parts header and body of a message that streams by. Confined to one thread.
///
/// The header is kept within bounds; of a larger one nothing is told, and the body goes nowhere.
/// Lines end with CRLF, for reception takes no others.
public final class MessageReader implements ByteSink {
    private static final int FIRST_BYTES = 8_192;

    private static final byte[] LINE_END_TWICE = {'\r', '\n', '\r', '\n'};

    private final Listener listener;
    private final Bounds bounds;
    private byte[] header = new byte[FIRST_BYTES];
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

    /// What of a header is kept. A field costs about a hundred bytes beside its own.
    public record Bounds(int headerBytesMax, int fieldsMax) {

        /// For mail of strangers.
        public static final Bounds OF_STRANGERS = new Bounds(256 << 10, 2_000);
    }

    /// Is told what comes.
    public interface Listener {
        /// Once, before any of the body.
        void header(HeaderFields fields);

        void body(byte[] bytes, int from, int length);
    }

    public MessageReader(Bounds bounds, Listener listener) {
        this.bounds = bounds;
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
    public boolean finish() {
        if (state == State.HEADER) {
            endHeader(length);
        }
        return state == State.BODY;
    }

    private void take(byte octet) {
        boolean isFieldStart = matched == 2 && octet != ' ' && octet != '\t';
        fields += isFieldStart ? 1 : 0;
        if (length == bounds.headerBytesMax || fields > bounds.fieldsMax) {
            state = State.TOO_LARGE;
            header = new byte[0];
            return;
        }
        if (length == header.length) {
            header = Arrays.copyOf(header, Math.min(2 * length, bounds.headerBytesMax));
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
