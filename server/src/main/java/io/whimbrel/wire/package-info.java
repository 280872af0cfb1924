/// Connections to hosts that take mail, below SMTP sessions: TCP from a source and through proxies,
/// lines and replies, deadlines, TLS.
///
/// Must not know: messages, queues, what a reply leads to.
@NullMarked
package io.whimbrel.wire;

import org.jspecify.annotations.NullMarked;
