/// Connections of clients below SMTP: accepted over TCP or a UNIX socket, with deadlines, in plain
/// text or TLS, and with what a proxy says of them. Knows nothing of what is said over them.
@NullMarked
package io.whimbrel.socket;

import org.jspecify.annotations.NullMarked;
