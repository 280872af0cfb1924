package io.whimbrel.provider;

import io.whimbrel.shaping.Dimension;
import io.whimbrel.toml.ConfigFinding;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlDocument;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads the text of one provider file. Stateless.
public final class ProviderText {

    /// What came of it. Immutable.
    public sealed interface Parsed {
        record Good(ProviderFile file) implements Parsed {}

        /// @param errors at least one, in the order of the file
        record Bad(List<ConfigFinding> errors) implements Parsed {}
    }

    private ProviderText() {}

    /// Never throws.
    ///
    /// @param name of the file, for errors and origins
    /// @param provider what the provider must be called, as the file is; empty: anything
    public static Parsed parse(String name, Optional<String> provider, String text) {
        TomlDocument document =
                TomlDocument.parse(
                        name,
                        text,
                        ProviderKeys.TABLES,
                        (values, findings) -> check(values, provider, findings));
        return document.findings().hasErrors()
                ? new Parsed.Bad(document.findings().errors())
                : new Parsed.Good(ProviderKeys.assemble(document.values(), name));
    }

    private static void check(FileValues values, Optional<String> name, Findings findings) {
        TableValues provider = values.one(ProviderKeys.PROVIDER);
        Optional<String> written = provider.find(ProviderKeys.NAME);
        if (name.isPresent() && written.isPresent() && !name.equals(written)) {
            findings.error(
                    provider.placeOf(ProviderKeys.NAME),
                    "name: the file must be called " + written.get() + ".toml");
        }
        for (TableValues match : values.all(ProviderKeys.MATCH)) {
            checkMatch(match, written, findings);
        }
        for (TableValues limit : values.all(ProviderKeys.LIMIT)) {
            LimitKeys.check(limit, Set.of(Dimension.PROVIDER), findings);
        }
        Map<String, TableValues> rules = new HashMap<>();
        for (TableValues rule : values.all(ProviderKeys.RULE)) {
            checkRule(rule, rules, findings);
        }
    }

    private static void checkMatch(
            TableValues match, Optional<String> provider, Findings findings) {
        if (match.table().keys().stream().noneMatch(match::isWritten)) {
            findings.error(match.place(), "[[match]] matches nothing");
        }
        if (provider.equals(Optional.of(ProviderFile.DEFAULT))) {
            findings.error(
                    match.place(), "[[match]]: default is for all that no other file matches");
        }
    }

    private static void checkRule(
            TableValues rule, Map<String, TableValues> before, Findings findings) {
        rule.find(ProviderKeys.RULE_NAME)
                .map(name -> before.putIfAbsent(name, rule))
                .ifPresent(first ->
                        findings.error(
                                rule.placeOf(ProviderKeys.RULE_NAME),
                                "name: stands in the [[rule]] of line "
                                        + first.place().line()
                                        + " already"));
        if (List.<Key<?>>of(ProviderKeys.CODE, ProviderKeys.STATUS, ProviderKeys.TEXT).stream()
                .noneMatch(rule::isWritten)) {
            findings.error(rule.place(), "[[rule]] would match every reply");
        }
        boolean mustLast =
                rule.find(ProviderKeys.THEN).orElse(List.of()).stream()
                        .anyMatch(ReactionKinds::lasts);
        if (mustLast && !rule.isWritten(ProviderKeys.LASTS)) {
            findings.error(rule.place(), "[[rule]] does not say how long it lasts");
        }
        checkFilled(rule, ProviderKeys.TEST, findings);
        checkFilled(rule, ProviderKeys.THEN, findings);
    }

    private static <T> void checkFilled(TableValues rule, Key<List<T>> key, Findings findings) {
        if (rule.find(key).filter(List::isEmpty).isPresent()) {
            findings.error(rule.placeOf(key), key.name() + ": an empty list");
        }
    }
}
