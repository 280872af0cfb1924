package io.whimbrel.delivery;

/// What is spoken to a next hop.
enum Protocol {
    SMTP,
    /// RFC 2033: LHLO, and an answer for each recipient behind the text.
    LMTP
}
