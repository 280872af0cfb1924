package io.whimbrel.provider;

import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.toml.DurationText;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.NearestName;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;
import io.whimbrel.toml.ValueKind.Reading.Problem;

import org.tomlj.TomlTable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;

/// Reads what follows from a reply, `{ action = "suspend", scope = ["source", "provider"] }`.
/// Stateless.
final class ReactionKinds {
    private static final int CONNECTIONS_MAX = 100_000;

    private static final ValueKind<List<Dimension>> SCOPE =
            ValueKind.listOf(ProviderKinds.dimension(), "dimensions", Dimension.values().length);

    private static final ValueKind<Integer> PERCENT = Kinds.integer(1, 99);
    private static final ValueKind<Integer> CONNECTIONS = Kinds.integer(1, CONNECTIONS_MAX);

    private static final ValueKind<Duration> DELAY =
            Kinds.duration(Duration.ofSeconds(1), Duration.ofDays(2));

    private static final ValueKind<Boolean> OTHER =
            ValueKind.ofParsed(
                    "is unknown",
                    "\"host\" or \"source\"",
                    text ->
                            text.equals("host") || text.equals("source")
                                    ? Optional.of(text.equals("source"))
                                    : Optional.empty(),
                    isSource -> isSource ? "source" : "host");

    /// The other keys of each action.
    private static final Map<String, List<String>> KEYS =
            Map.ofEntries(
                    Map.entry("suspend", List.of("scope")),
                    Map.entry("slow-down", List.of("scope", "percent")),
                    Map.entry("narrow", List.of("scope", "connections")),
                    Map.entry("retry-elsewhere", List.of("other")),
                    Map.entry("bounce", List.of()),
                    Map.entry("bounce-all", List.of("scope")),
                    Map.entry("delay-message", List.of("delay")),
                    Map.entry("split-recipients", List.of()),
                    Map.entry("reconnect", List.of()),
                    Map.entry("ignore", List.of()));

    private ReactionKinds() {}

    /// A reaction whose scope is left out has the empty one, see [#within].
    static ValueKind<Reaction> reaction() {
        return new ValueKind<>(
                "a table such as { action = \"suspend\", scope = [\"source\", \"provider\"] };"
                        + " actions: "
                        + String.join(", ", KEYS.keySet().stream().sorted().toList()),
                ReactionKinds::read,
                ReactionKinds::render);
    }

    /// The same with `scope` in place of one that was left out.
    static Reaction within(Set<Dimension> scope, Reaction reaction) {
        return switch (reaction) {
            case Reaction.Suspend(var own) when own.isEmpty() -> new Reaction.Suspend(scope);
            case Reaction.SlowDown(var own, int percent) when own.isEmpty() ->
                    new Reaction.SlowDown(scope, percent);
            case Reaction.Narrow(var own, int connections) when own.isEmpty() ->
                    new Reaction.Narrow(scope, connections);
            case Reaction.BounceAll(var own) when own.isEmpty() -> new Reaction.BounceAll(scope);
            case Reaction.Suspend _,
                    Reaction.SlowDown _,
                    Reaction.Narrow _,
                    Reaction.BounceAll _,
                    Reaction.RetryElsewhere _,
                    Reaction.Bounce _,
                    Reaction.DelayMessage _,
                    Reaction.SplitRecipients _,
                    Reaction.Reconnect _,
                    Reaction.Ignore _ ->
                    reaction;
        };
    }

    /// Whether it holds for a while, which must then be said.
    static boolean lasts(Reaction reaction) {
        return switch (reaction) {
            case Reaction.Suspend _, Reaction.SlowDown _, Reaction.Narrow _, Reaction.BounceAll _ ->
                    true;
            case Reaction.RetryElsewhere _,
                    Reaction.Bounce _,
                    Reaction.DelayMessage _,
                    Reaction.SplitRecipients _,
                    Reaction.Reconnect _,
                    Reaction.Ignore _ ->
                    false;
        };
    }

    private static Reading<Reaction> read(Object value) {
        if (!(value instanceof TomlTable table)) {
            return Reading.bad(TomlText.shown(value) + " is no table with an action");
        }
        if (!(table.get(List.of("action")) instanceof String action) || !KEYS.containsKey(action)) {
            Object written = table.get(List.of("action"));
            return written instanceof String name
                    ? Reading.bad(
                            "action " + TomlText.shown(name) + " is unknown",
                            NearestName.of(name, KEYS.keySet()).map(TomlText::quote))
                    : Reading.bad("a table without an action");
        }
        var fields = new Fields(table, action);
        Reaction reaction = reaction(action, fields);
        fields.findUnknown();
        return fields.problems.isEmpty()
                ? new Reading.Good<>(reaction)
                : new Reading.Bad<>(List.copyOf(fields.problems));
    }

    private static Reaction reaction(String action, Fields fields) {
        return switch (action) {
            case "suspend" -> new Reaction.Suspend(fields.scope());
            case "slow-down" ->
                    new Reaction.SlowDown(fields.scope(), fields.need("percent", PERCENT, 50));
            case "narrow" ->
                    new Reaction.Narrow(fields.scope(), fields.need("connections", CONNECTIONS, 1));
            case "retry-elsewhere" ->
                    new Reaction.RetryElsewhere(fields.need("other", OTHER, false));
            case "bounce" -> new Reaction.Bounce();
            case "bounce-all" -> new Reaction.BounceAll(fields.scope());
            case "delay-message" ->
                    new Reaction.DelayMessage(fields.need("delay", DELAY, Duration.ofMinutes(1)));
            case "split-recipients" -> new Reaction.SplitRecipients();
            case "reconnect" -> new Reaction.Reconnect();
            default -> new Reaction.Ignore();
        };
    }

    /// The keys beside the action. Confined to one thread.
    private static final class Fields {
        private final TomlTable table;
        private final String action;
        private final List<Problem> problems = new ArrayList<>();

        Fields(TomlTable table, String action) {
            this.table = table;
            this.action = action;
        }

        Set<Dimension> scope() {
            List<Dimension> named = find("scope", SCOPE).orElse(List.of());
            if (named.isEmpty() && table.contains("scope")) {
                complain("scope names nothing");
            }
            return named.isEmpty() ? Set.of() : EnumSet.copyOf(named);
        }

        /// @param instead what stands for a value that is missing or bad, which is reported
        <T> T need(String name, ValueKind<T> kind, T instead) {
            if (!table.contains(name)) {
                complain(action + " lacks " + name + ", " + kind.allowed());
            }
            return find(name, kind).orElse(instead);
        }

        private <T> Optional<T> find(String name, ValueKind<T> kind) {
            Object value = table.get(List.of(name));
            if (value == null) {
                return Optional.empty();
            }
            return switch (kind.reader().apply(value)) {
                case Reading.Good<T>(T good) -> Optional.of(good);
                case Reading.Bad<T>(var found) -> {
                    found.forEach(it -> complain(name + ": " + it.message()));
                    yield Optional.empty();
                }
            };
        }

        void findUnknown() {
            for (String name : table.keySet()) {
                if (!name.equals("action")
                        && !KEYS.getOrDefault(action, List.of()).contains(name)) {
                    complain(action + " has no key " + TomlText.shown(name));
                }
            }
        }

        private void complain(String message) {
            problems.add(new Problem(message, Optional.empty(), -1));
        }
    }

    static String render(Reaction reaction) {
        return switch (reaction) {
            case Reaction.Suspend(var scope) -> table("suspend", scope, "");
            case Reaction.SlowDown(var scope, int percent) ->
                    table("slow-down", scope, "percent = " + percent);
            case Reaction.Narrow(var scope, int connections) ->
                    table("narrow", scope, "connections = " + connections);
            case Reaction.RetryElsewhere(boolean isOtherSource) ->
                    table(
                            "retry-elsewhere",
                            Set.of(),
                            "other = " + (isOtherSource ? "\"source\"" : "\"host\""));
            case Reaction.Bounce() -> table("bounce", Set.of(), "");
            case Reaction.BounceAll(var scope) -> table("bounce-all", scope, "");
            case Reaction.DelayMessage(Duration delay) ->
                    table(
                            "delay-message",
                            Set.of(),
                            "delay = " + TomlText.quote(DurationText.render(delay)));
            case Reaction.SplitRecipients() -> table("split-recipients", Set.of(), "");
            case Reaction.Reconnect() -> table("reconnect", Set.of(), "");
            case Reaction.Ignore() -> table("ignore", Set.of(), "");
        };
    }

    private static String table(String action, Set<Dimension> scope, String more) {
        var text = new StringJoiner(", ", "{ ", " }");
        text.add("action = " + TomlText.quote(action));
        if (!scope.isEmpty()) {
            text.add("scope = " + SCOPE.renderer().apply(List.copyOf(EnumSet.copyOf(scope))));
        }
        if (!more.isEmpty()) {
            text.add(more);
        }
        return text.toString();
    }
}
