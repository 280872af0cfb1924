package io.whimbrel.index;

import java.util.Arrays;

/// Below which key a family has no rows. Thread-safe.
///
/// A family whose rows are added at the end and removed at the front, as wakes and segments are,
/// collects tombstones there, and each scan from the front would step over all of them until they
/// are compacted away: 0.2 s for a million. So scans start here instead, and what they find first
/// is the next floor, unless a lower row was written meanwhile.
final class Floor {
    private byte[] floor = {};
    private byte[] lowestWritten = {};
    private boolean hasWritten;
    private int scans;

    /// A scan begins: where it may start, at the earliest. To be followed by [#end].
    synchronized byte[] begin() {
        if (scans == 0) {
            hasWritten = false;
        }
        scans++;
        return floor;
    }

    /// A scan ended that saw all rows from the floor on.
    ///
    /// @param first its first row; or its end, where it saw none; or the floor, to change nothing
    synchronized void end(byte[] first) {
        scans--;
        boolean isLower = hasWritten && Arrays.compareUnsigned(lowestWritten, first) < 0;
        byte[] next = isLower ? lowestWritten : first;
        if (Arrays.compareUnsigned(next, floor) > 0) {
            floor = next;
        }
    }

    /// Rows were written, none below `key`.
    synchronized void written(byte[] key) {
        if (Arrays.compareUnsigned(key, floor) < 0) {
            floor = key;
        }
        if (!hasWritten || Arrays.compareUnsigned(key, lowestWritten) < 0) {
            hasWritten = true;
            lowestWritten = key;
        }
    }
}
