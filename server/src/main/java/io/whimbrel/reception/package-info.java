/// Listeners and SMTP sessions: takes responsibility for mail.
///
/// Comes in: connections. Goes out: accepted messages. Must not know: delivery, outcomes.
@NullMarked
package io.whimbrel.reception;

import org.jspecify.annotations.NullMarked;
