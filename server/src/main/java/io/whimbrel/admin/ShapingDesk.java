package io.whimbrel.admin;

import io.whimbrel.reaction.ActionNotice;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.reaction.RestraintView;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.shaping.Restraint.Force;
import io.whimbrel.toml.NearestName;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.node.ObjectNode;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/// The verbs about what providers' replies have led to: list it, end it, suspend by hand.
/// Thread-safe. What is done is durable a second later.
public final class ShapingDesk {
    static final Set<String> VERBS = Set.of("shaping-actions", "shaping-lift", "shaping-suspend");
    static final Set<String> FIELDS = fields();

    private static final int NAMES_SHOWN = 20;
    private static final Logger LOG = LoggerFactory.getLogger(ShapingDesk.class);

    private final Reactions reactions;
    private final Function<Dimension, Optional<Set<String>>> names;
    private final InstantSource clock;

    /// @param names those that the configuration in force knows in a dimension, so that a misspelt
    ///   one is told; empty where any name may be right (sites, domains, campaigns)
    public ShapingDesk(
            Reactions reactions,
            Function<Dimension, Optional<Set<String>>> names,
            InstantSource clock) {
        this.reactions = reactions;
        this.names = names;
        this.clock = clock;
    }

    private static Set<String> fields() {
        var fields = new HashSet<String>(Set.of("verb", "id", "all", "seconds", "reason"));
        for (Dimension dimension : Dimension.values()) {
            fields.add(dimension.key());
        }
        return Set.copyOf(fields);
    }

    /// Carries out one of [#VERBS].
    ///
    /// @return what went wrong, for the operator; empty where all is done
    Optional<String> handle(AdminRequest request, AdminAnswer answer) throws RequestException {
        return switch (request.verb()) {
            case "shaping-actions" -> list(reactions.actions(clock.instant()), answer);
            case "shaping-lift" -> lift(request, answer);
            default -> suspend(request, answer);
        };
    }

    private Optional<String> list(List<RestraintView> views, AdminAnswer answer) {
        Instant now = clock.instant();
        for (RestraintView view : views) {
            answer.line(line(view, now));
            if (answer.isClientGone()) {
                break;
            }
        }
        return Optional.empty();
    }

    private static ObjectNode line(RestraintView view, Instant now) {
        Restraint restraint = view.restraint();
        ObjectNode line = Json.object().put("id", restraint.id()).put("kind", view.kind().key());
        switch (restraint.force()) {
            case Force.Suspend _ -> {}
            case Force.Slow(double rate) -> line.put("messages_per_s", rate);
            case Force.Narrow(int connections) -> line.put("connections", connections);
            case Force.Bounce(String reply) -> line.put("reply", reply);
        }
        line.put("effect", ActionNotice.effect(restraint.force()));
        ObjectNode scope = line.putObject("scope");
        for (Dimension dimension : Dimension.values()) {
            String value = restraint.scope().conditions().get(dimension);
            if (value != null) {
                scope.put(dimension.key(), value);
            }
        }
        line.put("traffic", restraint.scope().toString())
                .put("since", Json.time(restraint.since()))
                .put("until", Json.time(restraint.until()))
                .put("left_s", secondsUntil(restraint.until(), now));
        view.nextStep().ifPresent(next -> line.put("raised_in_s", secondsUntil(next, now)));
        return line.put("rule", view.rule())
                .put("origin", restraint.origin())
                .put("matches", view.matches())
                .put("reason", restraint.reason());
    }

    private Optional<String> lift(AdminRequest request, AdminAnswer answer)
            throws RequestException {
        Optional<String> id = request.name("id");
        LimitScope scope = scope(request);
        boolean isScoped = !scope.conditions().isEmpty();
        int given = (id.isPresent() ? 1 : 0) + (isScoped ? 1 : 0) + (request.isAll() ? 1 : 0);
        if (given != 1) {
            throw new RequestException(
                    "which actions? Give an id, or conditions such as provider or source, or else"
                            + " \"all\": true");
        }
        Instant now = clock.instant();
        List<RestraintView> lifted =
                id.map(it -> reactions.lift(it, now).stream().toList())
                        .orElseGet(() -> reactions.liftAll(scope, now));
        LOG.info("{}: {} actions lifted", request.fields(), lifted.size());
        if (lifted.isEmpty() && !request.isAll()) {
            return Optional.of(
                    id.map(it -> "no action " + it + " is in force")
                                    .orElse("no action in force is about " + scope)
                            + "; `whimbrel shaping actions` lists them");
        }
        return list(lifted, answer);
    }

    private Optional<String> suspend(AdminRequest request, AdminAnswer answer)
            throws RequestException {
        LimitScope scope = scope(request);
        if (scope.conditions().isEmpty() != request.isAll()) {
            throw new RequestException(
                    request.isAll()
                            ? "\"all\" and a condition contradict each other"
                            : "suspend what? Give source, provider, tenant or another condition,"
                                    + " or \"all\": true");
        }
        requireKnownNames(scope);
        Instant now = clock.instant();
        Duration lasts = request.duration();
        String reason = request.reason();
        requireWholeCharacters(reason);
        Optional<Restraint> made = reactions.suspend(scope, lasts, reason, now);
        if (made.isEmpty()) {
            return Optional.of(
                    "too many suspensions by hand are in force; lift some with"
                            + " `whimbrel shaping lift`");
        }
        LOG.info("{}: {}", request.fields(), made.get().id());
        String id = made.get().id();
        return list(
                reactions.actions(now).stream()
                        .filter(view -> view.restraint().id().equals(id))
                        .toList(),
                answer);
    }

    private static LimitScope scope(AdminRequest request) throws RequestException {
        var conditions = new EnumMap<Dimension, String>(Dimension.class);
        for (Dimension dimension : Dimension.values()) {
            Optional<String> value = request.name(dimension.key());
            if (value.isPresent()) {
                if (value.get().isEmpty()) {
                    throw new RequestException("field \"" + dimension.key() + "\" is empty");
                }
                requireWholeCharacters(value.get());
                conditions.put(dimension, value.get());
            }
        }
        return new LimitScope(conditions);
    }

    private static void requireWholeCharacters(String text) throws RequestException {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new RequestException("a text has half a character (a lone surrogate)");
        }
    }

    /// A suspension of what does not exist would seem to be in force.
    private void requireKnownNames(LimitScope scope) throws RequestException {
        for (var condition : scope.conditions().entrySet()) {
            Optional<Set<String>> known = names.apply(condition.getKey());
            String name = condition.getValue();
            if (known.isPresent() && !known.get().contains(name)) {
                var sorted = new TreeSet<>(known.get());
                String shown = String.join(", ", sorted.stream().limit(NAMES_SHOWN).toList());
                throw new RequestException(
                        "no "
                                + condition.getKey().key()
                                + " is called \""
                                + name
                                + "\""
                                + NearestName.of(name, sorted)
                                        .map(it -> "; did you mean \"" + it + "\"?")
                                        .orElse("")
                                + "; known: "
                                + (sorted.isEmpty() ? "none" : shown)
                                + (sorted.size() > NAMES_SHOWN ? ", ..." : ""));
            }
        }
    }

    /// Rounded up: who waits so long does not come too early.
    private static long secondsUntil(Instant end, Instant now) {
        return Math.max(0, Duration.between(now, end).plusNanos(999_999_999).toSeconds());
    }
}
