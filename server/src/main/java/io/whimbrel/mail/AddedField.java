package io.whimbrel.mail;

/// A header field that is put in front of a message as it leaves. Immutable.
///
/// @param unless not where the message has a field of this name, lower case; `""`: in any case
/// @param bytes all of it, with CRLF; shared, not to be changed
public record AddedField(String unless, byte[] bytes) {}
