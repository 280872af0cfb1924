package io.whimbrel.provider;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.mail.Network;
import io.whimbrel.provider.ProviderFile.HostMatch;
import io.whimbrel.provider.ProviderFile.IpPreference;
import io.whimbrel.provider.ProviderFile.TlsPreference;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.toml.DurationText;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The keys of provider files. Stateless.
final class ProviderKeys {
    /// This many matches in this time.
    record Threshold(int count, Duration within) {}

    static final Key<String> NAME =
            Key.required(
                    "name",
                    Kinds.name(),
                    "\"google\"",
                    RELOAD,
                    "What limits, metrics and events call it; the file is named so.");

    static final Key<String> TITLE =
            Key.required(
                    "title", ProviderKinds.text(), "\"Gmail\"", RELOAD, "What people call it.");

    static final Key<String> NOTE =
            LimitKeys.optional("note", ProviderKinds.text(), "none", "\"...\"", "For operators.");

    static final Key<TlsPreference> TLS =
            Key.withDefault(
                    "tls",
                    Kinds.choice(List.of(TlsPreference.values())),
                    TlsPreference.MAY,
                    RELOAD,
                    "Whether its hosts offer TLS: `encrypt` where they always do.");

    static final Key<IpPreference> IP =
            Key.withDefault("ip", ip(), IpPreference.ANY, RELOAD, "Which addresses are tried.");

    static final TableSpec PROVIDER =
            TableSpec.one("provider", "Who it is.", List.of(NAME, TITLE, NOTE, TLS, IP));

    static final Key<List<String>> MX =
            LimitKeys.optional(
                    "mx",
                    ProviderKinds.oneOrMany(ProviderKinds.hostPattern(), "hosts"),
                    "none",
                    "\"*.google.com\"",
                    "MX hosts of these names; the longest wins.");

    static final Key<List<String>> DOMAIN =
            LimitKeys.optional(
                    "domain",
                    ProviderKinds.oneOrMany(ProviderKinds.domain(), "domains"),
                    "none",
                    "\"gmail.com\"",
                    "Recipients at these domains, where no MX host is known.");

    static final Key<List<Network>> ADDRESS =
            LimitKeys.optional(
                    "address",
                    ProviderKinds.oneOrMany(ProviderKinds.network(), "networks"),
                    "none",
                    "\"192.0.2.0/24\"",
                    "MX hosts with such an address, where neither host nor domain is known.");

    static final TableSpec MATCH =
            new TableSpec(
                    "match",
                    true,
                    false,
                    Optional.empty(),
                    "How its mail is known.",
                    List.of(MX, DOMAIN, ADDRESS));

    static final TableSpec LIMIT =
            new TableSpec(
                    "limit",
                    true,
                    false,
                    Optional.empty(),
                    "What it tolerates.",
                    LimitKeys.ALL.stream().filter(key -> !key.equals(LimitKeys.PROVIDER)).toList());

    static final Key<String> RULE_NAME =
            Key.required("name", Kinds.name(), "\"rate\"", RELOAD, "What operators see.");

    static final Key<List<String>> CODE =
            LimitKeys.optional(
                    "code",
                    ProviderKinds.oneOrMany(beginning("[2-5][0-9]{0,2}", "a reply code"), "codes"),
                    "any",
                    "\"421\"",
                    "The code of the reply, or its beginning.");

    static final Key<List<String>> STATUS =
            LimitKeys.optional(
                    "status",
                    ProviderKinds.oneOrMany(
                            beginning("[245](\\.[0-9]{1,3}){0,2}", "an enhanced status"),
                            "statuses"),
                    "any",
                    "\"4.7.28\"",
                    "The enhanced status of the reply, or its beginning.");

    static final Key<Pattern> TEXT =
            LimitKeys.optional(
                    "text",
                    BoundedPattern.kind(),
                    "any",
                    "\"rate limited\"",
                    "Found anywhere in the text; case does not count.");

    static final Key<List<Reaction>> THEN =
            Key.required(
                    "then",
                    ProviderKinds.oneOrMany(ReactionKinds.reaction(), "reactions"),
                    "{ action = \"ignore\" }",
                    RELOAD,
                    "What follows.");

    static final Key<Threshold> THRESHOLD =
            LimitKeys.optional(
                    "threshold",
                    threshold(),
                    "at once",
                    "\"3 in 10m\"",
                    "How many matches it takes.");

    static final Key<Duration> LASTS =
            LimitKeys.optional(
                    "lasts",
                    Kinds.duration(Duration.ofSeconds(1), Duration.ofDays(30)),
                    "what follows is over at once",
                    "\"30m\"",
                    "How long what follows holds.");

    static final Key<List<String>> TEST =
            Key.required(
                    "test",
                    ProviderKinds.oneOrMany(ProviderKinds.reply(), "replies"),
                    "\"421 4.7.0 Try again later\"",
                    RELOAD,
                    "Replies that must match.");

    static final Key<List<String>> NO_TEST =
            LimitKeys.optional(
                    "no-test",
                    ProviderKinds.oneOrMany(ProviderKinds.reply(), "replies"),
                    "none",
                    "\"550 5.1.1 User unknown\"",
                    "Replies that must not.");

    static final TableSpec RULE =
            new TableSpec(
                    "rule",
                    true,
                    false,
                    Optional.of(RULE_NAME),
                    "What a reply leads to; the first that matches counts.",
                    List.of(RULE_NAME, CODE, STATUS, TEXT, THEN, THRESHOLD, LASTS, TEST, NO_TEST));

    static final List<TableSpec> TABLES = List.of(PROVIDER, MATCH, LIMIT, RULE);

    private ProviderKeys() {}

    private static ValueKind<IpPreference> ip() {
        return ValueKind.ofParsed(
                "is unknown",
                Arrays.stream(IpPreference.values())
                        .map(it -> "\"" + it.text() + "\"")
                        .collect(Collectors.joining(" or ")),
                text ->
                        Arrays.stream(IpPreference.values())
                                .filter(it -> it.text().equals(text))
                                .findFirst(),
                IpPreference::text);
    }

    private static ValueKind<String> beginning(String pattern, String noun) {
        return ValueKind.ofParsed(
                "is not " + noun,
                noun + " or its beginning, as text",
                text -> Optional.of(text).filter(it -> it.matches(pattern)),
                text -> text);
    }

    private static ValueKind<Threshold> threshold() {
        return ValueKind.ofParsed(
                "is no threshold",
                "1 to " + ReactionRule.THRESHOLD_MAX + " and a time, such as \"3 in 10m\"",
                ProviderKeys::parseThreshold,
                it -> it.count() + " in " + DurationText.render(it.within()));
    }

    private static Optional<Threshold> parseThreshold(String text) {
        String[] parts = text.split(" in ", -1);
        if (parts.length != 2 || !parts[0].matches("[0-9]{1,6}")) {
            return Optional.empty();
        }
        int count = Integer.parseInt(parts[0]);
        return DurationText.parse(parts[1])
                .filter(within ->
                        !within.isZero() && count >= 1 && count <= ReactionRule.THRESHOLD_MAX)
                .map(within -> new Threshold(count, within));
    }

    /// Of a file without errors.
    ///
    /// @param file as errors and origins name it
    static ProviderFile assemble(FileValues values, String file) {
        TableValues provider = values.one(PROVIDER);
        String name = provider.get(NAME);
        boolean isDefault = name.equals(ProviderFile.DEFAULT);
        Set<Dimension> scope =
                Set.of(Dimension.SOURCE, isDefault ? Dimension.SITE : Dimension.PROVIDER);
        Set<Dimension> per =
                isDefault ? Set.of(Dimension.SOURCE, Dimension.SITE) : Set.of(Dimension.SOURCE);
        return new ProviderFile(
                name,
                provider.get(TITLE),
                provider.find(NOTE).orElse(""),
                provider.get(TLS),
                provider.get(IP),
                values.all(MATCH).stream().flatMap(it -> matches(it).stream()).toList(),
                values.all(LIMIT).stream().map(it -> limit(it, file, name, per)).toList(),
                values.all(RULE).stream().map(it -> rule(it, file, scope)).toList());
    }

    private static List<HostMatch> matches(TableValues table) {
        List<HostMatch> found = new ArrayList<>();
        table.find(MX).orElse(List.of()).forEach(it -> found.add(new HostMatch.Mx(it)));
        table.find(DOMAIN).orElse(List.of()).forEach(it -> found.add(new HostMatch.Domain(it)));
        table.find(ADDRESS).orElse(List.of()).forEach(it -> found.add(new HostMatch.Address(it)));
        return found;
    }

    private static ProviderFile.Limit limit(
            TableValues table, String file, String name, Set<Dimension> per) {
        return new ProviderFile.Limit(
                LimitKeys.settings(table, file, LimitScope.ALL.and(Dimension.PROVIDER, name), per),
                table.find(LimitKeys.PROFILE),
                table.find(LimitKeys.SOURCE_URL),
                table.find(LimitKeys.SINCE));
    }

    private static ReactionRule rule(TableValues table, String file, Set<Dimension> scope) {
        Duration lasts = table.find(LASTS).orElse(Duration.ZERO);
        Threshold threshold = table.find(THRESHOLD).orElse(new Threshold(1, lasts));
        return new ReactionRule(
                file + ":" + table.place().line(),
                table.get(RULE_NAME),
                table.find(CODE).orElse(List.of()),
                table.find(STATUS).orElse(List.of()),
                table.find(TEXT),
                table.get(THEN).stream().map(it -> ReactionKinds.within(scope, it)).toList(),
                threshold.count(),
                threshold.within(),
                lasts,
                table.get(TEST),
                table.find(NO_TEST).orElse(List.of()));
    }
}
