package io.whimbrel.smtp;

/// One parameter of MAIL or RCPT (RFC 5321 §4.1.2, esmtp-param): syntax only, the meaning is up to
/// the extension. Immutable.
///
/// @param keyword in upper case, for example `SIZE`
/// @param value as written; `""` where the parameter has none
public record EsmtpParameter(String keyword, String value) {}
