package io.whimbrel.reaction;

import io.whimbrel.reaction.Action.Pace;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.shaping.Restraint.Force;
import io.whimbrel.state.StateFile.DamagedException;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Actions in the file of [RestraintsFile]. Stateless. What is read is in its bounds, or damaged.
final class ActionJson {
    /// Of a scope, a rule, an origin.
    static final int NAME_CHARS_MOST = 1_000;

    /// A reply as a reason, and whose mail it was about.
    private static final int REASON_CHARS_MOST = 1_000;

    private static final long LASTS_MILLIS_MOST = Duration.ofDays(3_660).toMillis();

    /// The year 2200.
    private static final long TIME_MILLIS_MOST = 7_258_118_400_000L;

    private static final long MATCHES_MOST = 1_000_000_000_000L;
    private static final int ID_CHARS = 4;

    private ActionJson() {}

    /// A half of a character, which no file can hold, would keep all others from being written.
    static boolean isWritable(Action action) {
        String reason = action.restraint().reason();
        String reply =
                action.restraint().force() instanceof Force.Bounce(String text) ? text : reason;
        String names = action.scope() + action.rule() + action.restraint().origin();
        return names.length() <= NAME_CHARS_MOST
                && reason.length() <= REASON_CHARS_MOST
                && reply.length() <= REASON_CHARS_MOST
                && StandardCharsets.UTF_8.newEncoder().canEncode(names + reason + reply);
    }

    static void write(Action action, ObjectNode one) {
        Restraint restraint = action.restraint();
        one.put("id", restraint.id()).put("kind", action.kind().key());
        switch (restraint.force()) {
            case Force.Suspend _ -> {}
            case Force.Slow(double rate) -> one.put("rate", rate);
            case Force.Narrow(int connections) -> one.put("connections", connections);
            case Force.Bounce(String reply) -> one.put("reply", reply);
        }
        ObjectNode scope = one.putObject("scope");
        restraint.scope().conditions().forEach((key, value) -> scope.put(key.key(), value));
        Pace pace = action.pace();
        one.put("since-ms", restraint.since().toEpochMilli())
                .put("until-ms", restraint.until().toEpochMilli())
                .put("reason", restraint.reason())
                .put("origin", restraint.origin())
                .put("rule", action.rule())
                .put("matches", action.matches())
                .put("lasts-ms", pace.lasts().toMillis())
                .put("percent", pace.percent())
                .put("first", pace.first())
                .put("before", pace.before())
                .put("next-ms", pace.next().toEpochMilli())
                .put("settles-ms", pace.settles().toEpochMilli())
                .put("probing", pace.isProbing());
    }

    /// How the wall clock stands, for [#shift].
    static void writeClock(ObjectNode root, Instant wall, Duration lead) {
        root.put("written-ms", bounded(wall)).put("ahead-ms", bounded(lead));
    }

    /// By how much the instants of the file are to be moved: the clock that they are of was behind
    /// the wall clock, and the wall clock may have been set back since. None in files of before.
    static Duration shift(JsonNode root, Instant now) throws DamagedException {
        if (!root.has("ahead-ms")) {
            return Duration.ZERO;
        }
        long written = number(root, "written-ms", 0, TIME_MILLIS_MOST);
        long setBack = Math.min(0, now.toEpochMilli() - written);
        long ahead = number(root, "ahead-ms", -TIME_MILLIS_MOST, TIME_MILLIS_MOST);
        return Duration.ofMillis(ahead + setBack);
    }

    private static long bounded(Instant wall) {
        return Math.clamp(wall.toEpochMilli(), 0, TIME_MILLIS_MOST);
    }

    private static long bounded(Duration lead) {
        return Math.clamp(lead.toMillis(), -TIME_MILLIS_MOST, TIME_MILLIS_MOST);
    }

    /// @param shift by which instants are moved
    static Reactions.Kept kept(JsonNode root, Duration shift) throws DamagedException {
        if (!(root.path("actions") instanceof ArrayNode list)) {
            throw new DamagedException("no list \"actions\"");
        }
        if (list.size() > RestraintBook.MOST) {
            throw new DamagedException("more than " + RestraintBook.MOST + " actions");
        }
        var ids = new HashSet<String>();
        var keys = new HashSet<List<Object>>();
        List<Action> actions = new ArrayList<>();
        for (JsonNode one : list) {
            Action action = action(one, shift);
            if (!ids.add(action.id())
                    || !keys.add(List.of(action.scope(), action.kind(), action.isByHand()))) {
                throw new DamagedException("action " + action.id() + " is there twice");
            }
            actions.add(action);
        }
        return new Reactions.Kept(actions, (int) number(root, "drawn", 0, Integer.MAX_VALUE));
    }

    private static Action action(JsonNode one, Duration shift) throws DamagedException {
        String id = text(one, "id", ID_CHARS);
        if (id.length() != ID_CHARS || !id.chars().skip(1).allMatch(ActionJson::isDigit)) {
            throw new DamagedException("an action without \"id\"");
        }
        var restraint =
                new Restraint(
                        id,
                        scope(one.path("scope")),
                        force(one),
                        time(one, "since-ms", shift),
                        time(one, "until-ms", shift),
                        text(one, "reason", REASON_CHARS_MOST),
                        text(one, "origin", NAME_CHARS_MOST));
        String rule = text(one, "rule", NAME_CHARS_MOST);
        long matches = number(one, "matches", 0, MATCHES_MOST);
        return new Action(restraint, rule, matches, pace(one, shift));
    }

    private static boolean isDigit(int c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }

    private static Pace pace(JsonNode one, Duration shift) throws DamagedException {
        return new Pace(
                Duration.ofMillis(number(one, "lasts-ms", 0, LASTS_MILLIS_MOST)),
                (int) number(one, "percent", 1, 99),
                rate(one, "first"),
                rate(one, "before"),
                time(one, "next-ms", shift),
                time(one, "settles-ms", shift),
                one.path("probing").booleanValue(false));
    }

    private static Force force(JsonNode one) throws DamagedException {
        String key = one.path("kind").stringValue("");
        Optional<ActionKind> kind = ActionKind.ofKey(key);
        if (kind.isEmpty()) {
            throw new DamagedException("an action without \"kind\"");
        }
        return switch (kind.get()) {
            case SUSPEND -> new Force.Suspend();
            case SLOW -> new Force.Slow(rate(one, "rate"));
            case NARROW ->
                    new Force.Narrow((int) number(one, "connections", 1, BackOff.CONNECTIONS_MOST));
            case BOUNCE -> new Force.Bounce(text(one, "reply", REASON_CHARS_MOST));
        };
    }

    private static LimitScope scope(JsonNode scope) throws DamagedException {
        if (!scope.isObject()) {
            throw new DamagedException("an action without \"scope\"");
        }
        var conditions = new EnumMap<Dimension, String>(Dimension.class);
        for (Map.Entry<String, JsonNode> one : scope.properties()) {
            Optional<Dimension> dimension = Dimension.of(one.getKey());
            if (dimension.isEmpty()) {
                throw new DamagedException("a scope that names more than dimensions");
            }
            conditions.put(dimension.get(), text(scope, one.getKey(), NAME_CHARS_MOST));
        }
        return new LimitScope(conditions);
    }

    private static String text(JsonNode one, String field, int most) throws DamagedException {
        Optional<String> text = one.path(field).stringValueOpt();
        if (text.isEmpty() || text.get().length() > most) {
            throw new DamagedException("an action without \"" + field + "\"");
        }
        return text.get();
    }

    private static long number(JsonNode one, String field, long least, long most)
            throws DamagedException {
        JsonNode value = one.path(field);
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            throw new DamagedException("an action without \"" + field + "\"");
        }
        return value.longValue();
    }

    private static double rate(JsonNode one, String field) throws DamagedException {
        JsonNode value = one.path(field);
        double rate = value.isNumber() ? value.doubleValue() : -1;
        if (!(rate >= BackOff.RATE_LEAST && rate <= BackOff.RATE_MOST)) {
            throw new DamagedException("an action without \"" + field + "\"");
        }
        return rate;
    }

    private static Instant time(JsonNode one, String field, Duration shift)
            throws DamagedException {
        long millis = number(one, field, 0, TIME_MILLIS_MOST) + shift.toMillis();
        return Instant.ofEpochMilli(Math.clamp(millis, 0, TIME_MILLIS_MOST));
    }
}
