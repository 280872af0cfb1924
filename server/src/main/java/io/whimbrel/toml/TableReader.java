package io.whimbrel.toml;

import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.ValueKind.Reading;

import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

import java.util.List;
import java.util.Optional;

/// Reads a TOML document by the declared keys: unknown names, wrong values, what is missing.
/// Confined to one thread.
final class TableReader {
    private final List<TableSpec> schema;
    private final Findings findings;
    private final WrittenLines written;
    private final boolean isWhole;

    /// @param schema the tables that there are
    /// @param written what was parsed
    /// @param isWhole whether the document had no errors of syntax; where it had some, what seems
    ///   to be missing may only be unreadable, and is not reported
    TableReader(List<TableSpec> schema, Findings findings, WrittenLines written, boolean isWhole) {
        this.schema = schema;
        this.findings = findings;
        this.written = written;
        this.isWhole = isWhole;
    }

    FileValues read(TomlTable document) {
        var values = new FileValues();
        for (String name : document.keySet()) {
            Place place = placeOf(document, name);
            Object value = document.get(List.of(name));
            named(name)
                    .ifPresentOrElse(
                            table -> readTables(table, value, place, values),
                            () -> unknownAtTop(name, value, place));
        }
        for (TableSpec table : schema) {
            if (isWhole && table.isRequired() && !isThere(table, document)) {
                findings.error(
                        Place.START, table.header() + " is missing; it needs " + needs(table));
            }
        }
        return values;
    }

    /// Whether the document has `table`, if under a misspelt name.
    private boolean isThere(TableSpec table, TomlTable document) {
        return document.keySet().stream()
                .anyMatch(name ->
                        table.name().equals(name)
                                || (named(name).isEmpty()
                                        && nearestTable(name).equals(Optional.of(table))));
    }

    private Optional<TableSpec> nearestTable(String name) {
        return NearestName.of(name, schema.stream().map(TableSpec::name).toList())
                .flatMap(this::named);
    }

    /// The least that a table must have.
    private static String needs(TableSpec table) {
        return String.join(
                ", ",
                table.keys().stream()
                        .filter(Key::isRequired)
                        .map(key -> key.name() + " = " + key.example())
                        .toList());
    }

    private void readTables(TableSpec table, Object value, Place place, FileValues values) {
        if (value instanceof TomlTable content) {
            if (table.repeats()) {
                findings.error(
                        place,
                        "[" + table.name() + "] may stand several times",
                        table.header(),
                        Optional.empty());
            }
            values.add(readTable(table, content, place));
        } else if (value instanceof TomlArray array && isOfTables(array)) {
            for (int i = 0; i < array.size(); i++) {
                Place start = written.place(array.inputPositionOf(i));
                if (!table.repeats()) {
                    findings.error(
                            start,
                            "[[" + table.name() + "]] may stand only once",
                            table.header(),
                            Optional.empty());
                }
                values.add(readTable(table, array.getTable(i), start));
            }
        } else {
            findings.error(
                    place,
                    table.name() + ": " + TomlText.shown(value) + " is no table",
                    table.header(),
                    Optional.empty());
        }
    }

    private static boolean isOfTables(TomlArray array) {
        for (int i = 0; i < array.size(); i++) {
            if (!array.isTable(i)) {
                return false;
            }
        }
        return !array.isEmpty();
    }

    private TableValues readTable(TableSpec table, TomlTable content, Place start) {
        var values = new TableValues(table, start);
        for (String name : content.keySet()) {
            Place place = placeOf(content, name);
            table.key(name)
                    .ifPresentOrElse(
                            key -> readKey(key, content, place, values),
                            () -> unknownKey(values, name, place));
        }
        for (Key<?> key : table.keys()) {
            if (isWhole && key.isRequired() && !values.isWritten(key)) {
                findings.error(
                        start,
                        table.header() + " lacks the key \"" + key.name() + "\"",
                        key.kind().allowed(),
                        Optional.empty());
            }
        }
        return values;
    }

    private <T> void readKey(Key<T> key, TomlTable content, Place place, TableValues values) {
        values.addPlace(key, place);
        Object value = content.get(List.of(key.name()));
        switch (key.kind().reader().apply(value)) {
            case Reading.Good<T>(T good) -> values.addGood(key, good);
            case Reading.Bad<T>(var problems) -> {
                for (Reading.Problem problem : problems) {
                    Place at =
                            problem.element() >= 0 && value instanceof TomlArray array
                                    ? written.place(array.inputPositionOf(problem.element()))
                                    : place;
                    findings.error(
                            at,
                            key.name() + ": " + problem.message(),
                            key.kind().allowed(),
                            problem.suggestion());
                }
            }
        }
    }

    private void unknownKey(TableValues values, String name, Place place) {
        TableSpec table = values.table();
        Optional<String> nearest = NearestName.of(name, table.keyNames());
        findings.error(
                place,
                "unknown key " + TomlText.shown(name) + " in " + table.header(),
                String.join(", ", table.keyNames()),
                nearest.map(TomlText::quote).or(() -> inAnotherTable(name)));
        // Nothing is to be said of the key's absence, for it is there, only misspelt.
        nearest.flatMap(table::key).ifPresent(key -> values.addMisspelt(key, place));
    }

    private void unknownAtTop(String name, Object value, Place place) {
        boolean isTable =
                value instanceof TomlTable || (value instanceof TomlArray list && isOfTables(list));
        String allowed = String.join(", ", schema.stream().map(TableSpec::header).toList());
        Optional<String> table = nearestTable(name).map(TableSpec::header);
        findings.error(
                place,
                isTable
                        ? "unknown table " + TomlText.shown(name)
                        : "key " + TomlText.shown(name) + " stands in no table",
                allowed,
                isTable ? table : inAnotherTable(name));
    }

    /// The first table that has a key of exactly this name.
    private Optional<String> inAnotherTable(String name) {
        return schema.stream()
                .filter(table -> table.key(name).isPresent())
                .findFirst()
                .map(table -> TomlText.quote(name) + " in " + table.header());
    }

    private Optional<TableSpec> named(String name) {
        return schema.stream().filter(table -> table.name().equals(name)).findFirst();
    }

    private Place placeOf(TomlTable table, String name) {
        return written.place(table.inputPositionOf(List.of(name)));
    }
}
