/// Where each unsettled recipient stands: rows in RocksDB, a view of the spool's log. Rows for what
/// waits for long, so that the queue is bounded by disk and not by memory.
///
/// The log is the truth: the index has no log of its own, and is made durable now and then together
/// with the position of the spool's log up to which it is true. What it lost since then is read
/// from the log again.
@NullMarked
package io.whimbrel.index;

import org.jspecify.annotations.NullMarked;
