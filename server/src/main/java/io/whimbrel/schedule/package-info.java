/// Which recipient may be tried next: scheduled queues by due time, ready queues by egress path.
///
/// Comes in: spooled messages, sites, results, mail that rested and is due. Goes out: entries to
/// try, entries to rest on disk, wishes to resolve a domain. Must not know: sockets, clocks, files.
/// Every instant is passed in.
@NullMarked
package io.whimbrel.schedule;

import org.jspecify.annotations.NullMarked;
