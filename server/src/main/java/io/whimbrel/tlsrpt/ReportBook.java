package io.whimbrel.tlsrpt;

import io.whimbrel.mail.DomainName;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.transport.TlsResults;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What is to be reported when, and what has become of it: `state/tls-reports.json`. Knows no clock
/// and sends nothing itself. Thread-safe.
///
/// Kept as long as the counts that reports are made of, [#STEPS_MAX] steps at most; domains and
/// addresses beyond that get no report.
final class ReportBook implements StateFile.Content {
    static final int STEPS_MAX = 20_000;
    private static final int TEXT_MAX = 200;

    /// What is further from its day was never written.
    private static final Duration INSTANT_MOST = Duration.ofDays(30);

    private final Map<Step, Fate> steps = new LinkedHashMap<>();
    private long changes;

    /// A step, for operators.
    record Line(Step step, Fate fate) {}

    /// Takes up the reports of a day that is over; those that are known stay as they are.
    ///
    /// @param delays how long after the end of the day each is due; at once where that has passed
    /// @return how many found no place
    synchronized int plan(
            LocalDate day, List<DomainName> domains, Supplier<Duration> delays, Instant now) {
        int turnedAway = 0;
        for (DomainName domain : domains) {
            Step step = Step.question(domain, day);
            // A literal has no records of its own.
            if (domain.isLiteral() || steps.containsKey(step)) {
                continue;
            }
            if (steps.size() >= STEPS_MAX) {
                turnedAway++;
                continue;
            }
            Instant due = step.dayEnd().plus(delays.get());
            put(step, Fate.Waiting.from(due.isBefore(now) ? now : due));
        }
        return turnedAway;
    }

    /// What is to be done now, `most` at most.
    synchronized List<Step> due(Instant now, int most) {
        List<Step> due = new ArrayList<>();
        for (Map.Entry<Step, Fate> one : steps.entrySet()) {
            boolean isDue =
                    one.getValue() instanceof Fate.Waiting waiting && !waiting.next().isAfter(now);
            if (isDue && due.size() < most) {
                due.add(one.getKey());
            }
        }
        return due;
    }

    /// The domain of `question` has said who wants its report: each is a step of its own, due now.
    synchronized void answered(Step question, List<ReportTarget> targets, Instant now) {
        put(question, new Fate.Done(now, targets.isEmpty() ? "nobody wants reports" : "asked"));
        for (ReportTarget target : targets) {
            Step step = question.to(target);
            if (!steps.containsKey(step) && steps.size() < STEPS_MAX) {
                put(step, Fate.Waiting.from(now));
            }
        }
    }

    /// `step` is done.
    synchronized void done(Step step, String text, Instant now) {
        put(step, new Fate.Done(now, cut(text)));
    }

    /// `step` failed; it is tried again, unless that is hopeless or it has been tried for long
    /// enough.
    ///
    /// @return whether it was given up
    synchronized boolean failed(Step step, String why, boolean isHopeless, Instant now) {
        Fate before = steps.getOrDefault(step, new Fate.GivenUp(now, why));
        Fate after =
                before instanceof Fate.Waiting waiting && !isHopeless
                        ? waiting.failed(cut(why), now, keptUntil(step))
                        : new Fate.GivenUp(now, cut(why));
        put(step, after);
        return after instanceof Fate.GivenUp;
    }

    /// What waits is due now.
    ///
    /// @return how many steps
    synchronized int hasten(Optional<DomainName> domain, Instant now) {
        int count = 0;
        for (Map.Entry<Step, Fate> one : steps.entrySet()) {
            boolean isMeant = domain.isEmpty() || domain.get().equals(one.getKey().domain());
            if (isMeant
                    && one.getValue() instanceof Fate.Waiting(var tries, var first, _, var why)) {
                one.setValue(new Fate.Waiting(tries, tries == 0 ? now : first, now, why));
                count++;
            }
        }
        changes += count;
        return count;
    }

    /// Forgets days whose counts are gone.
    synchronized void forget(Instant now) {
        if (steps.keySet().removeIf(step -> !now.isBefore(keptUntil(step)))) {
            changes++;
        }
    }

    /// All that is known, of `domain` where there is one.
    synchronized List<Line> lines(Optional<DomainName> domain) {
        List<Line> lines = new ArrayList<>();
        steps.forEach((step, fate) -> {
            if (domain.isEmpty() || domain.get().equals(step.domain())) {
                lines.add(new Line(step, fate));
            }
        });
        return lines;
    }

    private void put(Step step, Fate fate) {
        steps.put(step, fate);
        changes++;
    }

    private static Instant keptUntil(Step step) {
        return step.day()
                .plusDays(TlsResults.DAYS_KEPT + 1L)
                .atStartOfDay(ZoneOffset.UTC)
                .toInstant();
    }

    private static String cut(String text) {
        return text.length() > TEXT_MAX ? text.substring(0, TEXT_MAX) : text;
    }

    @Override
    public synchronized long changes() {
        return changes;
    }

    @Override
    public synchronized void restore(JsonNode root) throws DamagedException {
        if (!(root.path("steps") instanceof ArrayNode all)) {
            throw new DamagedException("no list \"steps\"");
        }
        var found = new LinkedHashMap<Step, Fate>();
        for (JsonNode one : all) {
            try {
                Step step = step(one);
                found.put(step, fate(one, step));
            } catch (DateTimeException | IllegalArgumentException e) {
                throw new DamagedException("a step that is none: " + e.getMessage());
            }
        }
        if (found.size() > STEPS_MAX) {
            throw new DamagedException("more than " + STEPS_MAX + " steps");
        }
        steps.putAll(found);
    }

    private static Step step(JsonNode one) {
        Step question =
                Step.question(
                        new DomainName(one.path("domain").stringValue("")),
                        LocalDate.parse(one.path("day").stringValue("")));
        String to = one.path("to").stringValue("");
        return to.isEmpty()
                ? question
                : question.to(
                        ReportTarget.of(to)
                                .orElseThrow(() -> new IllegalArgumentException("to " + to)));
    }

    private static Fate fate(JsonNode one, Step step) {
        Instant at = instant(one.path("at"), step);
        String text = one.path("text").stringValue("");
        return switch (one.path("state").stringValue("")) {
            case "waiting" ->
                    new Fate.Waiting(
                            Math.clamp(one.path("tries").asLong(0), 0, 32),
                            instant(one.path("first"), step),
                            at,
                            text);
            case "done" -> new Fate.Done(at, text);
            case "given-up" -> new Fate.GivenUp(at, text);
            default -> throw new IllegalArgumentException("its state");
        };
    }

    private static Instant instant(JsonNode text, Step step) {
        Instant instant = Instant.parse(text.stringValue(""));
        if (Duration.between(step.dayEnd(), instant).abs().compareTo(INSTANT_MOST) > 0) {
            throw new IllegalArgumentException("a time far from its day");
        }
        return instant;
    }

    @Override
    public synchronized void writeTo(ObjectNode root) {
        ArrayNode all = root.putArray("steps");
        steps.forEach((step, fate) -> {
            ObjectNode one =
                    all.addObject()
                            .put("domain", step.domain().value())
                            .put("day", step.day().toString())
                            .put("to", step.target().map(ReportTarget::text).orElse(""));
            switch (fate) {
                case Fate.Waiting(int tries, Instant first, Instant next, String why) ->
                        one.put("state", "waiting")
                                .put("tries", tries)
                                .put("first", first.toString())
                                .put("at", next.toString())
                                .put("text", why);
                case Fate.Done(Instant at, String text) ->
                        one.put("state", "done").put("at", at.toString()).put("text", text);
                case Fate.GivenUp(Instant at, String why) ->
                        one.put("state", "given-up").put("at", at.toString()).put("text", why);
            }
        });
    }
}
