package io.whimbrel.smtp;

import java.util.Optional;

/// Watches over a message that comes by BDAT (RFC 3030 §2) and hands its bytes on. Confined to one
/// thread, for all chunks of one message.
///
/// BINARYMIME is not offered, so a chunk holds lines like DATA does, and the same defects refuse
/// it. Lines may be cut anywhere by chunks. A last line without CRLF gets one, so that the message
/// can leave by DATA as well.
public final class ChunkDecoder {
    private static final byte[] CRLF = {'\r', '\n'};

    private final ByteSink sink;
    private Optional<MessageDefect> defect = Optional.empty();
    private boolean isEightBit;
    private byte last = '\n';

    public ChunkDecoder(ByteSink sink) {
        this.sink = sink;
    }

    public Optional<MessageDefect> defect() {
        return defect;
    }

    /// Whether a byte beyond US-ASCII was seen.
    public boolean isEightBit() {
        return isEightBit;
    }

    /// Takes `bytes[from, to)`; without effect once there is a defect.
    public void decode(byte[] bytes, int from, int to) {
        if (defect.isPresent() || from == to) {
            return;
        }
        byte before = last;
        int eightBit = 0;
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            if (b == 0) {
                defect = Optional.of(MessageDefect.NUL);
            } else if (before == '\r' && b != '\n') {
                defect = Optional.of(MessageDefect.BARE_CR);
            } else if (b == '\n' && before != '\r') {
                defect = Optional.of(MessageDefect.BARE_LF);
            }
            eightBit |= b;
            before = b;
        }
        isEightBit |= eightBit < 0;
        last = before;
        if (defect.isEmpty()) {
            sink.write(bytes, from, to - from);
        }
    }

    /// The last chunk is complete.
    public void end() {
        if (last == '\r') {
            defect = Optional.of(MessageDefect.BARE_CR);
        } else if (last != '\n' && defect.isEmpty()) {
            sink.write(CRLF, 0, CRLF.length);
        }
    }
}
