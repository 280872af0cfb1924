package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.egress.PoolSettings;
import io.whimbrel.provider.LimitKeys;
import io.whimbrel.provider.ProviderFolders;
import io.whimbrel.provider.ProviderKinds;
import io.whimbrel.provider.ShapingSettings;
import io.whimbrel.provider.ShapingSettings.ProviderOverride;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.NearestName;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The keys of `[shaping]`, `[[provider]]` and `[[limit]]`: how fast mail may go where. Stateless.
final class ShapingKeys {
    static final Key<Path> PROVIDERS =
            new Key<>(
                    "providers",
                    Kinds.file(),
                    new Presence.Unset<>(
                            "only the files that come with the program",
                            "\"/etc/whimbrel/providers\""),
                    RELOAD,
                    "A folder of provider files of your own. One that is named as one of ours"
                            + " replaces it.");

    static final Key<String> PROFILE =
            Key.withDefault(
                    "profile",
                    ProviderKinds.profile(),
                    ShapingSettings.PROFILE_DEFAULT,
                    RELOAD,
                    "How warm sources are that do not say so themselves: which limits of the"
                            + " provider files hold for them.");

    static final TableSpec SHAPING =
            TableSpec.one(
                    "shaping", "What is known of mailbox providers.", List.of(PROVIDERS, PROFILE));

    static final Key<String> PROVIDER_NAME =
            Key.required(
                    "name",
                    Kinds.name(),
                    "\"google\"",
                    RELOAD,
                    "As its file is called; `whimbrel shaping show` lists them.");

    static final Key<String> PROVIDER_PROFILE =
            new Key<>(
                    "profile",
                    ProviderKinds.profile(),
                    new Presence.Unset<>("what each source says", "\"hot\""),
                    RELOAD,
                    "How warm all sources are towards this provider.");

    static final Key<Boolean> PROVIDER_LIMITS =
            Key.withDefault(
                    "limits",
                    Kinds.flag(),
                    true,
                    RELOAD,
                    "Whether the limits of its file hold. Those of `[[limit]]` always do.");

    static final Key<Boolean> PROVIDER_RULES =
            Key.withDefault(
                    "rules",
                    Kinds.flag(),
                    true,
                    RELOAD,
                    "Whether the rules of its file do; those of `default` hold as well.");

    static final TableSpec PROVIDER =
            new TableSpec(
                    "provider",
                    true,
                    false,
                    Optional.of(PROVIDER_NAME),
                    "What is to be otherwise than a provider's file says.",
                    List.of(PROVIDER_NAME, PROVIDER_PROFILE, PROVIDER_LIMITS, PROVIDER_RULES));

    static final TableSpec LIMIT =
            new TableSpec(
                    "limit",
                    true,
                    false,
                    Optional.empty(),
                    "What mail may take at most. All conditions must hold; all limits that match a"
                            + " message apply to it, and those of provider files too.",
                    LimitKeys.ALL);

    private ShapingKeys() {}

    /// @param file that the values stand in
    static ShapingSettings settings(FileValues values, String file) {
        TableValues shaping = values.one(SHAPING);
        return new ShapingSettings(
                shaping.find(PROVIDERS),
                shaping.get(PROFILE),
                values.all(PROVIDER).stream().map(ShapingKeys::override).toList(),
                values.all(LIMIT).stream()
                        .map(it -> LimitKeys.settings(it, file, LimitScope.ALL, Set.of()))
                        .toList());
    }

    private static ProviderOverride override(TableValues table) {
        return new ProviderOverride(
                table.get(PROVIDER_NAME),
                table.find(PROVIDER_PROFILE),
                table.get(PROVIDER_LIMITS),
                table.get(PROVIDER_RULES));
    }

    /// What no single key shows. Called by [ConfigChecks].
    static void check(FileValues values, Findings findings) {
        for (TableValues limit : values.all(LIMIT)) {
            LimitKeys.check(limit, Set.of(), findings);
            checkNames(limit, Dimension.SOURCE, names(values, EgressKeys.SOURCE), findings);
            checkNames(limit, Dimension.POOL, pools(values), findings);
        }
        // Whoever has files of his own may have providers that we do not know.
        if (values.one(SHAPING).isWritten(PROVIDERS)) {
            return;
        }
        List<String> shipped = ProviderFolders.shippedNames();
        for (TableValues limit : values.all(LIMIT)) {
            checkNames(limit, Dimension.PROVIDER, shipped, findings);
        }
        for (TableValues provider : values.all(PROVIDER)) {
            checkName(provider, PROVIDER_NAME, shipped, findings);
        }
        for (TableValues rule : values.all(TlsOutKeys.TLS_POLICY)) {
            checkName(rule, TlsOutKeys.RULE_PROVIDER, shipped, findings);
        }
    }

    /// A source's name is also a pool of it alone.
    private static List<String> pools(FileValues values) {
        return Stream.of(
                        names(values, EgressKeys.POOL),
                        names(values, EgressKeys.SOURCE),
                        List.of(PoolSettings.DEFAULT))
                .flatMap(List::stream)
                .distinct()
                .toList();
    }

    private static List<String> names(FileValues values, TableSpec table) {
        return values.all(table).stream()
                .flatMap(it -> table.identity().stream().flatMap(key -> name(it, key)))
                .toList();
    }

    private static Stream<String> name(TableValues table, Key<?> key) {
        return table.find(key).map(String::valueOf).stream();
    }

    private static void checkNames(
            TableValues limit, Dimension dimension, List<String> known, Findings findings) {
        checkName(limit, LimitKeys.key(dimension), known, findings);
    }

    private static void checkName(
            TableValues table, Key<String> key, List<String> known, Findings findings) {
        Optional<String> name = table.find(key);
        if (name.isPresent() && !known.contains(name.get())) {
            findings.error(
                    table.placeOf(key),
                    key.name() + ": nothing is called " + TomlText.shown(name.get()),
                    known.isEmpty() ? "none, for there are none" : String.join(", ", known),
                    NearestName.of(name.get(), known).map(TomlText::quote));
        }
    }
}
