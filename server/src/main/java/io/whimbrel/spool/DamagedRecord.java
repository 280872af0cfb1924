package io.whimbrel.spool;

import java.io.IOException;
import java.io.Serial;

/// A record of the log is not as it was written, or its segment is missing: reading again does not
/// help. The message names the place.
final class DamagedRecord extends IOException {
    @Serial private static final long serialVersionUID = 1;

    DamagedRecord(String message) {
        super(message);
    }
}
