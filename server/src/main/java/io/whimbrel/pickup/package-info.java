/// Mail that comes as files: the pickup folder, and what `whimbrel sendmail` leaves in it.
///
/// Comes in: files that anybody completes and renames into `new/`. Goes out: each one through the
/// same door as mail by SMTP, then it is deleted; or it lies in `bad/` beside its reason. Must not
/// know: what is behind the door.
@NullMarked
package io.whimbrel.pickup;

import org.jspecify.annotations.NullMarked;
