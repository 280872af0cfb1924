/// Sends what was counted of TLS with the hosts of each domain to whom the domain says, once a day
/// (RFC 8460).
///
/// Comes in: counts of days that are over. Goes out: a message through the same door as mail of
/// this machine, signed on its way like any, or a request to a web server. Must not know: how TLS
/// was judged, and what is behind the door.
@NullMarked
package io.whimbrel.tlsrpt;

import org.jspecify.annotations.NullMarked;
