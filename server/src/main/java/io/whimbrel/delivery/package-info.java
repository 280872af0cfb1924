/// Connection, one mail transaction: takes a queue entry, returns attempt results.
///
/// Must not know: retry rules, bounces, the event log.
@NullMarked
package io.whimbrel.delivery;

import org.jspecify.annotations.NullMarked;
