package io.whimbrel.salvage;

import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.TreeSet;

/// A set of file names, most of which are queue ids: those take eight bytes each, so that there may
/// be millions. Confined to one thread.
final class FileNames {
    private final TreeSet<String> others = new TreeSet<>();
    private long[] ids = new long[1024];
    private int count;
    private boolean isSorted = true;

    /// What is done with each.
    @FunctionalInterface
    interface Visitor {
        void visit(String name) throws IOException;
    }

    void add(String name) {
        Optional<QueueId> id = QueueId.parse(name).filter(it -> it.toString().equals(name));
        if (id.isEmpty()) {
            others.add(name);
            return;
        }
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
        }
        ids[count++] = id.get().value();
        isSorted = false;
    }

    boolean contains(String name) {
        Optional<QueueId> id = QueueId.parse(name).filter(it -> it.toString().equals(name));
        if (id.isEmpty()) {
            return others.contains(name);
        }
        sort();
        return Arrays.binarySearch(ids, 0, count, id.get().value()) >= 0;
    }

    /// Ids first, ascending, so that the oldest mail comes first; then the others.
    void forEach(Visitor visitor) throws IOException {
        sort();
        for (int i = 0; i < count; i++) {
            if (i == 0 || ids[i] != ids[i - 1]) {
                visitor.visit(new QueueId(ids[i]).toString());
            }
        }
        for (String name : others) {
            visitor.visit(name);
        }
    }

    private void sort() {
        if (!isSorted) {
            Arrays.sort(ids, 0, count);
            isSorted = true;
        }
    }
}
