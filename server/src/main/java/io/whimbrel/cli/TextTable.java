package io.whimbrel.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// Rows in aligned columns; numbers stand to the right. The last column is not padded. Confined to
/// one thread.
public final class TextTable {
    private final List<String> titles;
    private final List<List<String>> rows = new ArrayList<>();
    private final boolean[] isNumber;

    public TextTable(String... titles) {
        this.titles = List.of(titles);
        this.isNumber = new boolean[titles.length];
    }

    /// Adds a row with one cell per title.
    public void add(Object... cells) {
        if (cells.length != titles.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + titles);
        }
        var row = new ArrayList<String>(cells.length);
        for (int i = 0; i < cells.length; i++) {
            isNumber[i] |= cells[i] instanceof Number;
            row.add(Words.printable(String.valueOf(cells[i])));
        }
        rows.add(row);
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    public void print(PrintWriter out) {
        int[] widths = new int[titles.size()];
        widen(widths, titles);
        rows.forEach(row -> widen(widths, row));
        print(out, titles, widths);
        rows.forEach(row -> print(out, row, widths));
    }

    private static void widen(int[] widths, List<String> row) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], row.get(i).length());
        }
    }

    private void print(PrintWriter out, List<String> row, int[] widths) {
        var line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String padding = " ".repeat(widths[i] - row.get(i).length());
            line.append(isNumber[i] ? padding : "").append(row.get(i));
            line.append(isNumber[i] ? "" : padding).append("  ");
        }
        out.println(line.toString().stripTrailing());
    }
}
