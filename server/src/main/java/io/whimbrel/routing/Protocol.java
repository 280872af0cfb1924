package io.whimbrel.routing;

/// What is spoken to a next hop.
public enum Protocol {
    SMTP,
    /// RFC 2033: LHLO, and an answer for each recipient behind the text.
    LMTP
}
