package io.whimbrel.dns;

import java.time.Duration;
import java.util.List;

/// What the DNS says about the texts of a name (RFC 1035 §3.3.14). Immutable.
public sealed interface TextAnswer {

    /// These.
    ///
    /// @param texts at least one; each the strings of one record, joined without anything between
    ///   them; a character is a byte, 0..255
    record Texts(List<String> texts, Duration timeToLive) implements TextAnswer {}

    /// The name is there and has no text.
    record NoText(Duration timeToLive) implements TextAnswer {}

    /// The name is not there.
    record NoSuchDomain(Duration timeToLive) implements TextAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements TextAnswer {}
}
