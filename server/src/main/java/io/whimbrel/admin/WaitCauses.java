package io.whimbrel.admin;

import io.whimbrel.admin.WaitCause.Kind;
import io.whimbrel.egress.Destination;
import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PathView;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.Setback;
import io.whimbrel.mail.MailStream;
import io.whimbrel.reaction.ActionKind;
import io.whimbrel.reaction.ActionNotice;
import io.whimbrel.reaction.RestraintView;
import io.whimbrel.schedule.Micros;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitView;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Finds out why entries wait, as it is at one moment. Confined to one thread.
final class WaitCauses {
    private final EgressSight sight;
    private final EgressDesk.Deliveries deliveries;
    private final List<RestraintView> actions;
    private final Instant now;

    /// Of mail that may go as far as its time is concerned.
    private final Map<Lane, WaitCause> ready = new HashMap<>();

    /// What has the same cause, where its time has come.
    private record Lane(EgressPath path, Destination destination, String tenant, String campaign) {}

    WaitCauses(
            EgressSight sight,
            EgressDesk.Deliveries deliveries,
            List<RestraintView> actions,
            Instant now) {
        this.sight = sight;
        this.deliveries = deliveries;
        this.actions = actions;
        this.now = now;
    }

    /// Where it waits; empty where its site is not known.
    Optional<EgressPath> path(QueuedView view) {
        return deliveries.pathOf().apply(view.entry());
    }

    /// The pool that it leaves by.
    String pool(QueuedView view) {
        return deliveries.destinationOf().apply(view.entry()).pool();
    }

    WaitCause of(QueuedView view) {
        return switch (view.state()) {
            case HELD ->
                    WaitCause.of(Kind.HOLD, "{are} " + view.why())
                            .withRemedy(
                                    "`whimbrel queue` lists the hold, `whimbrel queue release`"
                                            + " ends it");
            case SUSPENDED ->
                    WaitCause.of(Kind.SUSPENSION, "{are} " + view.why())
                            .withRemedy(
                                    "`whimbrel queue` lists the suspension, `whimbrel queue"
                                            + " resume` ends it");
            case IN_FLIGHT -> WaitCause.of(Kind.DELIVERY, "{are} being delivered now");
            case RESOLVING, SCHEDULED, READY -> ofWaiting(view);
        };
    }

    private WaitCause ofWaiting(QueuedView view) {
        QueueEntry entry = view.entry();
        Destination destination = deliveries.destinationOf().apply(entry);
        if (!sight.routing().routes().has(destination.route())) {
            return WaitCause.of(
                            Kind.NO_ROUTE,
                            "{wait} for route "
                                    + destination.route()
                                    + ", which is not in the configuration")
                    .withRemedy("configure it, or `whimbrel queue bounce`");
        }
        Optional<EgressPath> path = deliveries.pathOf().apply(entry);
        if (view.state() == QueuedView.State.SCHEDULED) {
            return scheduled(view, destination, path);
        }
        if (path.isEmpty()) {
            return resolving(destination);
        }
        MailStream stream = entry.stream();
        var lane = new Lane(path.get(), destination, stream.tenant(), stream.campaign());
        return ready.computeIfAbsent(lane, this::ready);
    }

    private WaitCause scheduled(
            QueuedView view, Destination destination, Optional<EgressPath> path) {
        QueueEntry entry = view.entry();
        if (entry.attempts() == 0) {
            return WaitCause.of(
                            Kind.SCHEDULE,
                            view.why().contains("sender")
                                    ? "{wait} for the time that the sender asked for"
                                    : "{wait} for the time of the first attempt")
                    .until(entry.dueAt());
        }
        Optional<Setback> last = lastTrouble(destination, path);
        Optional<String> trouble = sight.pools().trouble(destination.pool());
        String because =
                trouble.map(text -> ": no source can be used, " + text)
                        .or(() -> last.map(this::because))
                        .orElse("");
        return WaitCause.of(Kind.SCHEDULE, "{wait} for attempt " + (entry.attempts() + 1) + because)
                .until(entry.dueAt());
    }

    /// That of the DNS, where it still lasts; else what mail or a connection met with last.
    private Optional<Setback> lastTrouble(Destination destination, Optional<EgressPath> path) {
        DestinationView view = deliveries.destinations().apply(destination);
        return view.last()
                .or(() ->
                        Stream.concat(
                                        view.deferral().stream(),
                                        path
                                                .flatMap(it -> deliveries.paths().apply(it).last())
                                                .stream())
                                .max(Comparator.comparing(Setback::at)));
    }

    private WaitCause resolving(Destination destination) {
        DestinationView view = deliveries.destinations().apply(destination);
        String since =
                view.askedSince()
                        .map(it -> ": no answer for " + Spans.of(Duration.between(it, now)))
                        .orElse("");
        return WaitCause.of(
                Kind.DNS,
                "{wait} for the DNS to say where mail for "
                        + destination.domain()
                        + " goes"
                        + since
                        + view.last().map(this::because).orElse(""));
    }

    private WaitCause ready(Lane lane) {
        EgressPath path = lane.path;
        Optional<String> trouble = sight.pools().trouble(path.pool());
        if (trouble.isPresent()) {
            return WaitCause.of(
                    Kind.NO_SOURCE, "{wait} for a source that can be used: " + trouble.get());
        }
        List<Flow> flows = flows(lane, sight.pools());
        Optional<WaitCause> suspension = suspension(flows);
        if (suspension.isPresent()) {
            return suspension.get();
        }
        PathView view = deliveries.paths().apply(path);
        if (view.restLeft().isPositive()) {
            return WaitCause.of(
                            Kind.UNREACHABLE,
                            "{wait} for hosts that could not be reached"
                                    + view.last().map(this::because).orElse(""))
                    .until(now.plus(view.restLeft()));
        }
        return limit(path, flows).orElseGet(() -> connection(view));
    }

    private static List<Flow> flows(Lane lane, Pools pools) {
        Flow flow =
                new Flow(
                        "",
                        lane.path.pool(),
                        lane.path.site().provider(),
                        lane.path.site().name(),
                        lane.destination.domain().value(),
                        lane.tenant,
                        lane.campaign,
                        "");
        return pools.usableSources(lane.path.pool()).stream()
                .map(source -> flow.from(source.name(), source.profile()))
                .toList();
    }

    /// Where nothing may go from any source.
    private Optional<WaitCause> suspension(List<Flow> flows) {
        Optional<RestraintView> first = Optional.empty();
        for (Flow flow : flows) {
            Optional<RestraintView> found = action(flow, ActionKind.SUSPEND);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            if (first.isEmpty() || endsBefore(found.get(), first.get())) {
                first = found;
            }
        }
        return first.map(this::ofAction);
    }

    private static boolean endsBefore(RestraintView one, RestraintView other) {
        return one.restraint().until().isBefore(other.restraint().until());
    }

    private Optional<RestraintView> action(Flow flow, ActionKind kind) {
        return actions.stream()
                .filter(view -> view.kind() == kind && view.restraint().scope().covers(flow))
                .findFirst();
    }

    private WaitCause ofAction(RestraintView view) {
        var restraint = view.restraint();
        String by =
                view.rule().isEmpty()
                        ? "an operator"
                        : "rule \"" + view.rule() + "\" (" + restraint.origin() + ")";
        String reason = restraint.reason().isEmpty() ? "" : ": " + restraint.reason();
        String what =
                view.kind() == ActionKind.SUSPEND
                        ? "{wait}, for " + restraint.scope() + " is suspended by "
                        : "{wait} for "
                                + ActionNotice.effect(restraint.force())
                                + ", what "
                                + restraint.scope()
                                + " is slowed down to by ";
        return WaitCause.of(Kind.ACTION, what + by + reason)
                .until(restraint.until())
                .withRemedy(
                        "`whimbrel shaping lift "
                                + restraint.id()
                                + "` ends action "
                                + restraint.id());
    }

    /// What has no room for it: as the schedule was told last, else as it is now.
    private Optional<WaitCause> limit(EgressPath path, List<Flow> flows) {
        long nowMicros = Micros.of(now);
        List<List<LimitView>> views =
                flows.stream().map(flow -> sight.limiter().explain(flow, nowMicros)).toList();
        Optional<Blocked> held = deliveries.held().apply(path).filter(by -> concerns(by, views));
        if (held.isPresent()) {
            return held.map(by -> ofHeld(by, flows, views));
        }
        // Each source must be full; the one that has room first counts.
        Optional<LimitView> first = Optional.empty();
        for (List<LimitView> ofSource : views) {
            Optional<LimitView> last = Optional.empty();
            for (LimitView view : ofSource) {
                if (view.freeAtMicros() > nowMicros
                        && last.map(it -> it.freeAtMicros() < view.freeAtMicros()).orElse(true)) {
                    last = Optional.of(view);
                }
            }
            if (last.isEmpty()) {
                return Optional.empty();
            }
            LimitView full = last.get();
            if (first.map(it -> it.freeAtMicros() > full.freeAtMicros()).orElse(true)) {
                first = last;
            }
        }
        return first.map(view ->
                ofLimit(
                        "the limit " + view.text() + " (" + view.origin() + ")",
                        view.freeAtMicros(),
                        views));
    }

    private static boolean concerns(Blocked by, List<List<LimitView>> views) {
        String why = by.why();
        return by.breadth() == Breadth.PATH
                || views.stream().flatMap(List::stream).anyMatch(it -> why.contains(it.text()));
    }

    private WaitCause ofHeld(Blocked by, List<Flow> flows, List<List<LimitView>> views) {
        if (by.reason().isRestraint()) {
            for (ActionKind kind :
                    List.of(ActionKind.SLOW, ActionKind.NARROW, ActionKind.SUSPEND)) {
                for (Flow flow : flows) {
                    Optional<RestraintView> action = action(flow, kind);
                    if (action.isPresent()) {
                        return ofAction(action.get()).at(perSecond(views));
                    }
                }
            }
        }
        String why = by.why();
        String text = why.startsWith("limit ") ? "the " + why : why;
        return ofLimit(text, by.untilMicros(), views);
    }

    private WaitCause ofLimit(String text, long untilMicros, List<List<LimitView>> views) {
        WaitCause cause = WaitCause.of(Kind.LIMIT, "{wait} for " + text).at(perSecond(views));
        return untilMicros == Long.MAX_VALUE
                ? cause
                : cause.until(Instant.EPOCH.plus(untilMicros, ChronoUnit.MICROS));
    }

    /// What all sources may send in a second: each as its narrowest rate says, and of a rate that
    /// several count by, each an equal part. 0 where no rate holds for one.
    private static double perSecond(List<List<LimitView>> views) {
        Map<String, Integer> sharers = new HashMap<>();
        for (List<LimitView> ofSource : views) {
            ofSource.forEach(view -> sharers.merge(key(view), 1, Integer::sum));
        }
        double sum = 0;
        for (List<LimitView> ofSource : views) {
            double least = Double.MAX_VALUE;
            for (LimitView view : ofSource) {
                if (view.perSecond() > 0) {
                    int among = sharers.getOrDefault(key(view), 1);
                    least = Math.min(least, view.perSecond() / among);
                }
            }
            if (least == Double.MAX_VALUE) {
                return 0;
            }
            sum += least;
        }
        return sum;
    }

    private static String key(LimitView view) {
        return view.text() + "\n" + view.origin();
    }

    private WaitCause connection(PathView view) {
        boolean isAtMost = view.connections() >= sight.siteConnectionsMax();
        if (view.established() > 0) {
            return WaitCause.of(
                    Kind.TURN,
                    "{are} next in turn: "
                            + view.established()
                            + (view.established() == 1 ? " connection is" : " connections are")
                            + " at work"
                            + (isAtMost
                                    ? ", the most that a site has ([delivery] connections)"
                                    : ""));
        }
        String what =
                view.connections() > 0
                        ? "{wait} for a connection that is being opened"
                        : "{wait} for a connection, which is begun as soon as"
                                + " delivery.max-connections allows";
        return WaitCause.of(Kind.CONNECTION, what + view.last().map(this::because).orElse(""));
    }

    private String because(Setback last) {
        return "; last failure, "
                + Spans.of(Duration.between(last.at(), now))
                + " ago: "
                + last.text();
    }
}
