package io.whimbrel.shaping;

import io.whimbrel.mail.Rate;
import io.whimbrel.shaping.Restraint.Force;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Limits, restraints and flows for tests.
final class Limits {
    static final long SECOND = 1_000_000;
    static final long START = 1_800_000_000_000_000L;
    static final LimitScope GOOGLE = LimitScope.ALL.and(Dimension.PROVIDER, "google");
    static final FlowSource T1 = new FlowSource("t1", "warm");
    static final FlowSource T2 = new FlowSource("t2", "cold");

    private Limits() {}

    static LimitSettings rate(LimitScope scope, Set<Dimension> per, String... rates) {
        List<Rate> all = Arrays.stream(rates).map(text -> Rate.parse(text).orElseThrow()).toList();
        return new LimitSettings(
                "w.toml:1",
                scope,
                per,
                all,
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    static LimitSettings connections(LimitScope scope, Set<Dimension> per, int most) {
        return new LimitSettings(
                "w.toml:2",
                scope,
                per,
                List.of(),
                OptionalInt.of(most),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    static LimitSettings openings(LimitScope scope, String rate) {
        return new LimitSettings(
                "w.toml:3",
                scope,
                Set.of(),
                List.of(),
                OptionalInt.empty(),
                Rate.parse(rate),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    static LimitSettings openings(LimitScope scope, Set<Dimension> per, String rate) {
        LimitSettings one = openings(scope, rate);
        return new LimitSettings(
                one.origin(),
                scope,
                per,
                one.rates(),
                one.connections(),
                one.newConnections(),
                one.messagesPerConnection(),
                one.recipientsPerTransaction());
    }

    static LimitSettings sizes(LimitScope scope, int messages, int recipients) {
        return new LimitSettings(
                "w.toml:4",
                scope,
                Set.of(),
                List.of(),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.of(messages),
                OptionalInt.of(recipients));
    }

    static Restraint restraint(String id, LimitScope scope, Force force, long untilMicros) {
        return new Restraint(
                id,
                scope,
                force,
                Instant.ofEpochSecond(START / SECOND),
                Instant.EPOCH.plusNanos(untilMicros * 1000),
                "421 slow down",
                "providers/google.toml:9");
    }

    static LimitScope tenant(String name) {
        return new LimitScope(Map.of(Dimension.TENANT, name));
    }

    static Flow google(String domain, String tenant) {
        return new Flow("", "default", "google", "mx.google.test", domain, tenant, "", "");
    }

    static Flow connection(FlowSource source) {
        return google("", "").from(source.name(), source.profile());
    }
}
