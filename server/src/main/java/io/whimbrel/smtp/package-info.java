/// Words of SMTP: commands, replies, status codes, line and dot-stuffing rules (RFC 5321).
///
/// Comes in: bytes of a peer. Goes out: values. Must not know: who the peer is, storage, time.
@NullMarked
package io.whimbrel.smtp;

import org.jspecify.annotations.NullMarked;
