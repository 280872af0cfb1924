/// Makes a message with 8-bit text one that a host without 8BITMIME takes (RFC 6152 §3): looks at
/// it once ([io.whimbrel.mime.Survey]) and writes it anew as it streams by a second time
/// ([io.whimbrel.mime.SevenBit]). Before it is signed, for it changes what a signature covers.
/// Knows nothing of hosts, of the spool, or of who decides that it is to be done.
@NullMarked
package io.whimbrel.mime;

import org.jspecify.annotations.NullMarked;
