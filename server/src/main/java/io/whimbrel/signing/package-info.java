/// Signs mail as it leaves (DKIM, RFC 6376), and seals what passes through (ARC, RFC 8617): which
/// signatures a message gets, its canonical form, the signatures themselves, on threads of their
/// own. Knows nothing of hosts and queues.
@NullMarked
package io.whimbrel.signing;

import org.jspecify.annotations.NullMarked;
