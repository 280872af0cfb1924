/// What follows from an attempt: settle, retry, bounce, notify. The only room that decides so.
///
/// Comes in: attempt results. Goes out: spool records, entries to retry, DSN messages. Must not
/// know: how mail is sent.
@NullMarked
package io.whimbrel.outcome;

import org.jspecify.annotations.NullMarked;
