package io.whimbrel.toml;

import io.whimbrel.toml.Findings.Place;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The values of all tables of the file. Confined to one thread.
public final class FileValues {
    private final Map<String, List<TableValues>> tables = new HashMap<>();

    public void add(TableValues values) {
        tables.computeIfAbsent(values.table().name(), _ -> new ArrayList<>()).add(values);
    }

    /// In the order of the file; empty where there is none.
    public List<TableValues> all(TableSpec table) {
        return tables.getOrDefault(table.name(), List.of());
    }

    /// The table that stands once; all defaults where it is absent.
    public TableValues one(TableSpec table) {
        List<TableValues> found = all(table);
        return found.isEmpty() ? new TableValues(table, Place.START) : found.getFirst();
    }
}
