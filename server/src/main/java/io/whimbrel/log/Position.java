package io.whimbrel.log;

/// A place in a shard's log. Opaque: only order means anything above the spool. Immutable.
///
/// @param segment sequence number of the segment, from 1
/// @param offset bytes from the segment's start
public record Position(long segment, long offset) implements Comparable<Position> {

    /// Before every record.
    public static final Position START = new Position(0, 0);

    @Override
    public int compareTo(Position other) {
        int bySegment = Long.compare(segment, other.segment);
        return bySegment != 0 ? bySegment : Long.compare(offset, other.offset);
    }
}
