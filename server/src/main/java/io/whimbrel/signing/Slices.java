package io.whimbrel.signing;

import io.whimbrel.mail.BodySource;

import java.io.IOException;

/// A message in pieces that are small enough to be hashed at a turn. Confined to one thread.
final class Slices {
    private static final int SLICE_BYTES = 256 << 10;

    private final BodySource source;
    private byte[] part;
    private byte[] following;
    private int at;

    /// @param length bytes of `part` at `from`; 0 of an empty message
    /// @param isLast the message ends behind it
    record Slice(byte[] part, int from, int length, boolean isLast) {}

    Slices(BodySource source) throws IOException {
        this.source = source;
        this.part = source.nextPart();
        this.following = part.length == 0 ? part : source.nextPart();
    }

    /// The next piece; to be called until one is the last.
    Slice next() throws IOException {
        if (at == part.length && following.length > 0) {
            part = following;
            following = source.nextPart();
            at = 0;
        }
        int from = at;
        at = Math.min(part.length, from + SLICE_BYTES);
        return new Slice(part, from, at - from, at == part.length && following.length == 0);
    }
}
