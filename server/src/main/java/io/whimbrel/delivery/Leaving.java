package io.whimbrel.delivery;

import io.whimbrel.mail.BodySource;

import java.io.IOException;
import java.util.function.Supplier;

/// A message as it leaves. Immutable.
///
/// @param front fields that stand in front of it, with CRLF; not to be changed; may be empty
/// @param size octets of it all
/// @param bodies the rest from its beginning, at each call
record Leaving(byte[] front, long size, Supplier<BodySource> bodies) {

    /// All of it, from its beginning.
    BodySource whole() {
        BodySource rest = bodies.get();
        if (front.length == 0) {
            return rest;
        }
        return new BodySource() {
            private boolean isFrontGone;

            @Override
            public byte[] nextPart() throws IOException {
                if (isFrontGone) {
                    return rest.nextPart();
                }
                isFrontGone = true;
                return front;
            }
        };
    }
}
