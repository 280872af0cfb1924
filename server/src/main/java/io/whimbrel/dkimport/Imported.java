package io.whimbrel.dkimport;

import java.util.ArrayList;
import java.util.List;

/// What came of a file of another MTA. Immutable.
///
/// @param tables that our configuration takes, in the order of the file
/// @param remarks in the order of the file, as far as it is one
/// @param inlineKeys private keys that stand in the files themselves; never shown
public record Imported(List<DkimTable> tables, List<Remark> remarks, List<InlineKey> inlineKeys) {

    /// A key that stands in a table of OpenDKIM, to be written into a file of its own.
    ///
    /// @param fileName that the table of ours names, in the folder that was said
    public record InlineKey(String fileName, String pem) {
        @Override
        public String toString() {
            return fileName;
        }
    }

    public Imported {
        tables = List.copyOf(tables);
        remarks = List.copyOf(remarks);
        inlineKeys = List.copyOf(inlineKeys);
    }

    /// A file of ours: what could not be taken over in comments, then the tables, each with the
    /// line it comes from. Lines are printable.
    public String text() {
        var text = new StringBuilder();
        for (Remark remark : remarks) {
            text.append("# ").append(printable(remark.toString())).append('\n');
        }
        for (DkimTable table : tables) {
            text.append(text.isEmpty() ? "" : "\n");
            text.append("# ").append(printable(table.place().toString())).append('\n');
            text.append(table.text());
        }
        return text.toString();
    }

    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /// Collects one. Confined to one thread.
    static final class Collector {
        private final List<DkimTable> tables = new ArrayList<>();
        private final List<Remark> remarks = new ArrayList<>();
        private final List<InlineKey> inlineKeys = new ArrayList<>();

        /// Adds `table`, unless one says the same already; where ours would not take it, a remark.
        void add(DkimTable table) {
            if (table.complaint().isPresent()) {
                remarks.add(Remark.lost(table.place(), table.complaint().get()));
                return;
            }
            for (DkimTable other : tables) {
                if (other.text().equals(table.text())) {
                    return;
                }
                boolean isSameName =
                        other.domain().equals(table.domain())
                                && other.selector().equals(table.selector());
                if (isSameName && !other.key().equals(table.key())) {
                    remarks.add(
                            Remark.lost(
                                    table.place(),
                                    table.selector()
                                            + " of "
                                            + table.domain()
                                            + " has another key at "
                                            + other.place()
                                            + ", and a selector is one key"));
                    return;
                }
            }
            tables.add(table);
        }

        void add(Remark remark) {
            remarks.add(remark);
        }

        void add(InlineKey key) {
            if (!inlineKeys.contains(key)) {
                inlineKeys.add(key);
            }
        }

        Imported imported() {
            return new Imported(tables, remarks, inlineKeys);
        }
    }
}
