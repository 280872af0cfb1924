/// One JSON line per event, derived from spool records through a durable cursor.
///
/// Comes in: durable records in log order. Goes out: lines in files, `docs/events.md` lists their
/// fields. Must not know: how mail is tried, why an outcome was chosen, who reads the lines.
@NullMarked
package io.whimbrel.eventlog;

import org.jspecify.annotations.NullMarked;
