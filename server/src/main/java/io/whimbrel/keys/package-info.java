/// Private keys of signatures: where they lie, what they are, who may read them, how they are
/// replaced. Knows nothing of messages.
@NullMarked
package io.whimbrel.keys;

import org.jspecify.annotations.NullMarked;
