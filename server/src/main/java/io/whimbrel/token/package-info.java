/// What a message carries of its own to each recipient, so that whatever comes back says whose it
/// was: sealed tokens, header fields and reverse-paths made by templates. Takes names and
/// addresses; gives text that is safe to stand in a header. Knows nothing of signatures, of
/// delivery, or of what comes back by.
@NullMarked
package io.whimbrel.token;

import org.jspecify.annotations.NullMarked;
