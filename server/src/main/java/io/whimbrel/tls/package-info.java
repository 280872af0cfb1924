/// TLS contexts and what a handshake ended with.
@NullMarked
package io.whimbrel.tls;

import org.jspecify.annotations.NullMarked;
