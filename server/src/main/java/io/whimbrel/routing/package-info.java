/// Where mail for a domain goes: takes a domain, returns its next hop, then the addresses to try.
///
/// Must not know: connections, queues, what a host answers.
@NullMarked
package io.whimbrel.routing;

import org.jspecify.annotations.NullMarked;
