package io.whimbrel.delivery;

import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.Envelope;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;

/// A message as it leaves. Immutable.
///
/// @param front fields that stand in front of it, with CRLF; not to be changed; may be empty
/// @param size octets of it all
/// @param bodies the rest from its beginning, at each call
/// @param reversePath address in place of that of its envelope; empty: its own
record Leaving(byte[] front, long size, Supplier<BodySource> bodies, Optional<String> reversePath) {

    /// From the reverse-path of its envelope.
    Leaving(byte[] front, long size, Supplier<BodySource> bodies) {
        this(front, size, bodies, Optional.empty());
    }

    /// Where reports on it go.
    String reversePath(Envelope envelope) {
        return reversePath.orElse(envelope.reversePath().address());
    }

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
