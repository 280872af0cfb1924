/// Durable messages and recipient states: an append-only log with group commit.
///
/// Comes in: envelopes, bodies, outcomes, operator actions. Goes out: messages, recovered state,
/// and every durable record in order. Must not know: SMTP sessions, queues, retry rules.
@NullMarked
package io.whimbrel.spool;

import org.jspecify.annotations.NullMarked;
