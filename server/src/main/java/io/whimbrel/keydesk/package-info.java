/// The verbs about keys of signatures: `whimbrel dkim`. They work on files, and need no node that
/// runs.
@NullMarked
package io.whimbrel.keydesk;

import org.jspecify.annotations.NullMarked;
