package io.whimbrel.simulator;

import java.io.IOException;

/// Reads a message that was sent with DATA: undoes dot-stuffing (RFC 5321 §4.5.2) and ends at
/// CRLF.CRLF only (§4.1.1.4). A dot after a bare LF is text. Confined to one thread.
final class DataReader {

    private enum At {
        LINE_START,
        TEXT,
        /// Behind a CR.
        CR,
        /// Behind a dot that began a line.
        DOT,
        /// Behind a dot that began a line and a CR.
        DOT_CR,
        END
    }

    private final Wire wire;
    private final Body body;

    private DataReader(Wire wire, Body body) {
        this.wire = wire;
        this.body = body;
    }

    static void read(Wire wire, Body body) throws IOException {
        new DataReader(wire, body).read();
    }

    private void read() throws IOException {
        At at = At.LINE_START;
        while (at != At.END) {
            wire.awaitInput();
            if (at == At.TEXT) {
                wire.copyUntilCr(body);
                if (wire.isDrained()) {
                    continue;
                }
            }
            at = step(at, wire.read());
        }
    }

    private At step(At at, int octet) {
        return switch (at) {
            case LINE_START -> octet == '.' ? At.DOT : text(octet);
            case TEXT -> text(octet);
            case CR -> {
                At next = text(octet);
                yield octet == '\n' ? At.LINE_START : next;
            }
            case DOT -> octet == '\r' ? At.DOT_CR : text(octet);
            case DOT_CR -> {
                if (octet == '\n') {
                    yield At.END;
                }
                body.add('\r');
                yield text(octet);
            }
            case END -> throw new AssertionError("read past the end of a message");
        };
    }

    private At text(int octet) {
        body.add(octet);
        return octet == '\r' ? At.CR : At.TEXT;
    }
}
