/// The files under the spool: segments of frames with checksums, where a frame stands, and the
/// bytes of payloads. It knows nothing of mail. The format is in `docs/spool-format.md`.
@NullMarked
package io.whimbrel.log;

import org.jspecify.annotations.NullMarked;
