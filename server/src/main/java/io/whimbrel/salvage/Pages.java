package io.whimbrel.salvage;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Sorted rows, fetched a page at a time, so that any number of them can be walked. Confined to one
/// thread.
final class Pages<T> {
    private final Source<T> source;
    private Optional<T> last = Optional.empty();
    private List<T> page = List.of();
    private int next;
    private boolean isAtEnd;

    /// Where rows come from.
    @FunctionalInterface
    interface Source<T> {
        /// Some rows behind `last`; none at the end.
        List<T> after(Optional<T> last) throws IOException;
    }

    Pages(Source<T> source) {
        this.source = source;
    }

    /// The next row, which stays the next one until [#skip]. Empty at the end.
    Optional<T> peek() throws IOException {
        if (next == page.size() && !isAtEnd) {
            page = source.after(last);
            next = 0;
            isAtEnd = page.isEmpty();
        }
        return isAtEnd ? Optional.empty() : Optional.of(page.get(next));
    }

    /// Goes on to the row behind the one that [#peek] showed.
    void skip() {
        last = Optional.of(page.get(next));
        next++;
    }

    /// The next row, and goes on.
    Optional<T> poll() throws IOException {
        Optional<T> row = peek();
        if (row.isPresent()) {
            skip();
        }
        return row;
    }
}
