package io.whimbrel.mail;

import java.io.IOException;

/// The body of one message, part by part; `spool.read(message)::nextPart` is one.
@FunctionalInterface
public interface BodySource {

    /// The next part, not to be changed; of length 0 at the end.
    ///
    /// @throws IOException where the body cannot be read
    byte[] nextPart() throws IOException;
}
