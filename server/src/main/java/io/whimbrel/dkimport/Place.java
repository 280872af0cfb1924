package io.whimbrel.dkimport;

/// A line of a file that is read. Immutable.
///
/// @param line from 1
public record Place(String file, int line) {
    @Override
    public String toString() {
        return file + ":" + line;
    }
}
