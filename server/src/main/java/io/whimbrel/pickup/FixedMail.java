package io.whimbrel.pickup;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A message with all that it needs: an envelope of complete addresses, a header with From, Date
/// and Message-ID and without Bcc. Confined to one thread, for its body is read once.
///
/// @param envelope with a sender and at least one receiver
/// @param header its fields in order
/// @param body what follows the empty line
public record FixedMail(EnvelopeFields envelope, List<HeaderField> header, InputStream body) {
    private static final byte[] CRLF = {'\r', '\n'};

    public FixedMail {
        header = List.copyOf(header);
    }

    /// Where the bytes go.
    @FunctionalInterface
    interface Out {
        void write(byte[] bytes, int from, int length) throws IOException;
    }

    /// The message itself, once.
    void writeTo(Out out) throws IOException {
        for (HeaderField field : header) {
            write(out, field.text().getBytes(StandardCharsets.ISO_8859_1));
            write(out, CRLF);
        }
        write(out, CRLF);
        byte[] part = new byte[32 << 10];
        for (int count = body.read(part); count >= 0; count = body.read(part)) {
            out.write(part, 0, count);
        }
    }

    /// The message with its envelope in front, as a pickup folder takes it.
    FixedMail withEnvelopeInFront() {
        var fields = new ArrayList<>(envelope.write());
        fields.addAll(header);
        return new FixedMail(envelope, fields, body);
    }

    private static void write(Out out, byte[] bytes) throws IOException {
        out.write(bytes, 0, bytes.length);
    }
}
