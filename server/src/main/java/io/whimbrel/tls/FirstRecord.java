package io.whimbrel.tls;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/// The client's first record, read and kept for the TLS engine that it decides about.
///
/// @param bytes of which the first `length` are what came, perhaps more than the record
record FirstRecord(InputStream in, byte[] bytes, int length, ClientHello hello) {

    /// Waits for it. What is no TLS, or too long a record, is left to an engine to refuse.
    ///
    /// @throws EOFException where the client goes away before
    static FirstRecord read(InputStream in, byte[] buffer) throws IOException {
        int length = 0;
        int wanted = ClientHello.RECORD_HEADER;
        while (length < wanted) {
            int count = in.read(buffer, length, buffer.length - length);
            if (count <= 0) {
                throw new EOFException("the client went away before the TLS handshake");
            }
            length += count;
            if (length >= ClientHello.RECORD_HEADER) {
                wanted = Math.min(ClientHello.recordLength(buffer, 0), buffer.length);
            }
        }
        ClientHello hello = wanted == 0 ? ClientHello.SILENT : ClientHello.parse(buffer, 0, wanted);
        return new FirstRecord(in, buffer, length, hello);
    }
}
