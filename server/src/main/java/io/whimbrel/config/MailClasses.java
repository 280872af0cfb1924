package io.whimbrel.config;

import static java.util.stream.Collectors.toMap;

import io.whimbrel.egress.ClassSettings;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.NearestName;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// What a listener, a tenant or the pickup folder means by `class`: the `[[class]]` of that name,
/// or else a word of how urgent mail is. Immutable.
final class MailClasses {
    /// Stands for a name that means nothing, which [#check] refuses.
    private static final ClassSettings UNKNOWN = new ClassSettings("", "", PriorityClass.NORMAL);

    private final List<ClassSettings> configured;
    private final Map<String, ClassSettings> byName;

    MailClasses(FileValues values) {
        configured = values.all(EgressKeys.CLASS).stream().map(MailClasses::of).toList();
        byName = configured.stream().collect(toMap(ClassSettings::name, it -> it, (a, _) -> a));
    }

    private static ClassSettings of(TableValues table) {
        String name = table.find(EgressKeys.CLASS_NAME).orElse("");
        return new ClassSettings(
                name,
                table.find(EgressKeys.CLASS_POOL).orElse(""),
                table.find(EgressKeys.CLASS_PRIORITY)
                        .or(() -> word(name))
                        .orElse(PriorityClass.NORMAL));
    }

    /// Those of the file.
    List<ClassSettings> configured() {
        return configured;
    }

    /// What `name` means.
    ClassSettings named(String name) {
        ClassSettings known = byName.get(name);
        return known == null
                ? word(name).map(it -> new ClassSettings(name, "", it)).orElse(UNKNOWN)
                : known;
    }

    private static Optional<PriorityClass> word(String name) {
        return Arrays.stream(PriorityClass.values())
                .filter(it -> Kinds.nameOf(it).equals(name))
                .findFirst();
    }

    /// Refuses a name that means nothing.
    void check(TableValues table, Key<String> key, Findings findings) {
        table.find(key).ifPresent(name -> check(table, key, name, findings));
    }

    /// The same of a list.
    void checkAll(TableValues table, Key<List<String>> key, Findings findings) {
        table.find(key).orElse(List.of()).forEach(name -> check(table, key, name, findings));
    }

    private void check(TableValues table, Key<?> key, String name, Findings findings) {
        if (byName.containsKey(name) || word(name).isPresent()) {
            return;
        }
        var names = new TreeSet<>(byName.keySet());
        Arrays.stream(PriorityClass.values()).map(Kinds::nameOf).forEach(names::add);
        findings.error(
                table.placeOf(key),
                key.name() + ": there is no [[class]] " + TomlText.quote(name),
                String.join(", ", names),
                NearestName.of(name, names).map(TomlText::quote));
    }
}
