/// What is convenient to have after a restart, in small files of JSON: written now and then by a
/// thread of their own, as a whole. Knows nothing of what is in them, and nothing here is a promise
/// to anybody: what must not be lost is in the spool.
@NullMarked
package io.whimbrel.state;

import org.jspecify.annotations.NullMarked;
