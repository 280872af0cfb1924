package io.whimbrel.provider;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.RateKind;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;

import java.time.LocalDate;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// The keys of `[[limit]]`, of the configuration and of provider files. Stateless.
public final class LimitKeys {
    private static final int CONNECTIONS_MAX = 100_000;
    private static final int COUNT_MAX = 1_000_000;

    public static final Key<String> SOURCE =
            condition("source", Kinds.name(), "\"s1\"", "Only mail that leaves from this source.");

    public static final Key<String> POOL =
            condition("pool", Kinds.name(), "\"transactional\"", "Only mail of this pool.");

    public static final Key<String> PROVIDER =
            condition(
                    "provider",
                    Kinds.name(),
                    "\"google\"",
                    "Only mail to this mailbox provider, by the name of its file.");

    public static final Key<String> SITE =
            condition(
                    "site",
                    ProviderKinds.text(),
                    "\"(mx1|mx2).example.com\"",
                    "Only mail to this site, as `whimbrel queue` shows it.");

    public static final Key<String> DOMAIN =
            condition(
                    "domain",
                    ProviderKinds.domain(),
                    "\"example.com\"",
                    "Only mail to recipients at this domain.");

    public static final Key<String> TENANT =
            condition("tenant", Kinds.name(), "\"shop\"", "Only mail of this tenant.");

    public static final Key<String> CAMPAIGN =
            condition(
                    "campaign",
                    ProviderKinds.text(),
                    "\"spring\"",
                    "Only mail of campaigns of this name.");

    public static final Key<String> PROFILE =
            condition(
                    "profile",
                    ProviderKinds.profile(),
                    "\"cold\"",
                    "Only mail that leaves from sources that are as warm as this.");

    public static final Key<List<Dimension>> PER =
            optional(
                    "per",
                    ProviderKinds.oneOrMany(ProviderKinds.dimension(), "dimensions"),
                    "one counter for all that match",
                    "[]",
                    "One counter for each value, or combination of values: `[\"source\"]` gives"
                            + " each source the whole of the limit.");

    public static final Key<List<Rate>> RATE =
            optional(
                    "rate",
                    ProviderKinds.oneOrMany(RateKind.rate(), "rates"),
                    "no limit",
                    "[\"20/s\", \"10000/h\"]",
                    "Messages, counted when MAIL is written. Each rate holds in every window of its"
                            + " length, wherever it begins.");

    public static final Key<Integer> CONNECTIONS =
            optional(
                    "connections",
                    Kinds.integer(1, CONNECTIONS_MAX),
                    "no limit",
                    "10",
                    "Connections at once; where a tenant, campaign or domain is named, mail"
                            + " transactions at once.");

    public static final Key<Rate> NEW_CONNECTIONS =
            optional(
                    "new-connections",
                    RateKind.rate(),
                    "no limit",
                    "\"5/s\"",
                    "Connections opened, in any window of that length.");

    public static final Key<Integer> MESSAGES_PER_CONNECTION =
            optional(
                    "messages-per-connection",
                    Kinds.integer(1, COUNT_MAX),
                    "no limit",
                    "100",
                    "Messages on one connection before it is closed.");

    public static final Key<Integer> RECIPIENTS_PER_TRANSACTION =
            optional(
                    "recipients-per-transaction",
                    Kinds.integer(1, COUNT_MAX),
                    "no limit",
                    "50",
                    "Recipients of one transaction.");

    public static final Key<String> SOURCE_URL =
            optional(
                    "source-url",
                    ProviderKinds.text(),
                    "nothing is said",
                    "\"https://senders.yahooinc.com/best-practices\"",
                    "Where the numbers come from. No effect.");

    public static final Key<LocalDate> SINCE =
            optional(
                    "since",
                    ProviderKinds.date(),
                    "nothing is said",
                    "\"2026-03-27\"",
                    "When that was written there. No effect.");

    private static final List<Key<String>> CONDITIONS =
            List.of(SOURCE, POOL, PROVIDER, SITE, DOMAIN, TENANT, CAMPAIGN, PROFILE);

    private static final List<Key<?>> NUMBERS =
            List.of(
                    RATE,
                    CONNECTIONS,
                    NEW_CONNECTIONS,
                    MESSAGES_PER_CONNECTION,
                    RECIPIENTS_PER_TRANSACTION);

    /// All keys, in the order of the reference.
    public static final List<Key<?>> ALL =
            List.of(
                    SOURCE,
                    POOL,
                    PROVIDER,
                    SITE,
                    DOMAIN,
                    TENANT,
                    CAMPAIGN,
                    PROFILE,
                    PER,
                    RATE,
                    CONNECTIONS,
                    NEW_CONNECTIONS,
                    MESSAGES_PER_CONNECTION,
                    RECIPIENTS_PER_TRANSACTION,
                    SOURCE_URL,
                    SINCE);

    private LimitKeys() {}

    private static Key<String> condition(
            String name, ValueKind<String> kind, String example, String meaning) {
        return optional(name, kind, "any", example, meaning);
    }

    static <T> Key<T> optional(
            String name, ValueKind<T> kind, String otherwise, String example, String meaning) {
        return new Key<>(name, kind, new Presence.Unset<>(otherwise, example), RELOAD, meaning);
    }

    /// The settings of one table.
    ///
    /// @param file that it stands in
    /// @param of what else holds for its traffic
    /// @param perDefault what `per` is where the table does not say
    public static LimitSettings settings(
            TableValues table, String file, LimitScope of, Set<Dimension> perDefault) {
        LimitScope scope = of;
        for (Map.Entry<Dimension, String> condition : conditions(table).entrySet()) {
            scope = scope.and(condition.getKey(), condition.getValue());
        }
        Set<Dimension> per = EnumSet.noneOf(Dimension.class);
        per.addAll(table.find(PER).orElseGet(() -> List.copyOf(perDefault)));
        per.removeAll(scope.conditions().keySet());
        return new LimitSettings(
                file + ":" + table.place().line(),
                scope,
                per,
                table.find(RATE).orElse(List.of()),
                number(table.find(CONNECTIONS)),
                table.find(NEW_CONNECTIONS),
                number(table.find(MESSAGES_PER_CONNECTION)),
                number(table.find(RECIPIENTS_PER_TRANSACTION)));
    }

    private static OptionalInt number(Optional<Integer> value) {
        return value.map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    /// What the table says of the traffic that it is about.
    public static Map<Dimension, String> conditions(TableValues table) {
        var found = new EnumMap<Dimension, String>(Dimension.class);
        for (Key<String> key : CONDITIONS) {
            Optional<Dimension> dimension = Dimension.of(key.name());
            Optional<String> value = table.find(key);
            if (dimension.isPresent() && value.isPresent()) {
                found.put(dimension.get(), value.get());
            }
        }
        return found;
    }

    /// The key that names a value of `dimension`.
    public static Key<String> key(Dimension dimension) {
        return switch (dimension) {
            case SOURCE -> SOURCE;
            case POOL -> POOL;
            case PROVIDER -> PROVIDER;
            case SITE -> SITE;
            case DOMAIN -> DOMAIN;
            case TENANT -> TENANT;
            case CAMPAIGN -> CAMPAIGN;
            case PROFILE -> PROFILE;
        };
    }

    /// What no single key shows.
    ///
    /// @param fixed dimensions that have one value in the whole file
    public static void check(TableValues table, Set<Dimension> fixed, Findings findings) {
        if (NUMBERS.stream().noneMatch(table::isWritten)) {
            findings.error(
                    table.place(),
                    "[[limit]] limits nothing",
                    "at least one of "
                            + String.join(", ", NUMBERS.stream().map(Key::name).toList()),
                    Optional.empty());
        }
        for (Dimension dimension : table.find(PER).orElse(List.of())) {
            boolean isNamed = table.isWritten(key(dimension));
            if (isNamed || fixed.contains(dimension)) {
                findings.error(
                        table.placeOf(PER),
                        "per: "
                                + TomlText.quote(dimension.key())
                                + " has one value only, for "
                                + (isNamed
                                        ? dimension.key() + " = " + table.rendered(key(dimension))
                                        : "the file is about one " + dimension.key()));
            }
        }
    }
}
