package io.whimbrel.dkimport;

import java.util.List;

/// A directive of a PowerMTA configuration. Immutable.
///
/// @param scope tags that it lies in, the innermost last
/// @param name lower case
/// @param value without quotes around it
record PmtaLine(Place place, List<Tag> scope, String name, String value) {

    /// `<name argument>`.
    record Tag(String name, String argument) {
        @Override
        public String toString() {
            return name + (argument.isEmpty() ? "" : " " + argument);
        }
    }

    PmtaLine {
        scope = List.copyOf(scope);
    }

    /// Whether it lies in such a tag, and in none within it.
    boolean isIn(String tag) {
        return !scope.isEmpty() && scope.getLast().name().equals(tag);
    }

    boolean isOn() {
        return value.matches("(?i)yes|true");
    }

    /// The virtual MTA or pool around it; `""` where there is none.
    String sender() {
        return scope.stream()
                .filter(it -> it.name().startsWith("virtual-mta"))
                .map(Tag::toString)
                .findFirst()
                .orElse("");
    }

    /// The domain that mail goes to; `*` for all.
    String destination() {
        return isIn("domain") ? scope.getLast().argument() : DkimTable.EVERY;
    }
}
