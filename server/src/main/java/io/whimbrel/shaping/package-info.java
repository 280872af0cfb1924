/// What each provider tolerates from each of our addresses: limits that hold in any window of their
/// length, and what a provider's replies lead to.
///
/// Must not know: queues, connections, configuration files.
@NullMarked
package io.whimbrel.shaping;

import org.jspecify.annotations.NullMarked;
