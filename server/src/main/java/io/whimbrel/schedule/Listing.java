package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.QueuedView.State;
import io.whimbrel.schedule.ScheduledQueue.Part;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;

/// Collects the entries in a scope that are due first, while walking over the queues. Confined to
/// one thread; never holds more than it will give.
final class Listing {
    private static final Comparator<QueuedView> BY_DUE =
            Comparator.comparing((QueuedView view) -> view.entry().dueAt())
                    .thenComparing(view -> view.entry().message().id());

    private final QueueScope scope;
    private final int most;
    private final Restrictions restrictions;
    private final Instant now;

    /// The one due last is on top.
    private final PriorityQueue<QueuedView> views = new PriorityQueue<>(BY_DUE.reversed());

    Listing(QueueScope scope, int most, Restrictions restrictions, Instant now) {
        this.scope = scope;
        this.most = most;
        this.restrictions = restrictions;
        this.now = now;
    }

    void addWaiting(EgressPath path, ScheduledQueue queue) {
        queue.forEach((entry, part) -> {
            if (ScheduledQueue.isIn(scope, entry) && hasRoomFor(entry)) {
                add(view(path, queue, entry, part));
            }
        });
    }

    void addInFlight(EgressPath path, QueueEntry entry) {
        boolean isInScope =
                scope.matches(
                        entry.message().id(), entry.message().envelope().stream(), entry.domain());
        if (isInScope && hasRoomFor(entry)) {
            add(new QueuedView(entry, State.IN_FLIGHT, path.site().name(), ""));
        }
    }

    /// An entry that is not in memory.
    void addResting(EgressPath path, QueueEntry entry) {
        if (!hasRoomFor(entry)) {
            return;
        }
        MailStream stream = entry.message().envelope().stream();
        Restriction restriction =
                restrictions.of(stream, entry.domain()).and(restrictions.ofMessage(entry));
        boolean isDue = !entry.dueAt().isAfter(now);
        State state = QueuedView.stateOf(restriction, isDue, SiteTable.isResolved(path));
        add(new QueuedView(entry, state, path.site().name(), why(entry, state, restriction)));
    }

    List<QueuedView> oldestFirst() {
        var sorted = new ArrayList<>(views);
        sorted.sort(BY_DUE);
        return sorted;
    }

    private boolean hasRoomFor(QueueEntry entry) {
        QueuedView last = views.peek();
        return views.size() < most
                || (last != null && entry.dueAt().isBefore(last.entry().dueAt()));
    }

    private void add(QueuedView view) {
        views.add(view);
        if (views.size() > most) {
            views.remove();
        }
    }

    private QueuedView view(EgressPath path, ScheduledQueue queue, QueueEntry entry, Part part) {
        Restriction restriction = queue.restriction();
        if (part == Part.APART) {
            restriction = restriction.and(restrictions.ofMessage(entry));
        }
        State state =
                QueuedView.stateOf(restriction, part != Part.TIMED, SiteTable.isResolved(path));
        return new QueuedView(entry, state, path.site().name(), why(entry, state, restriction));
    }

    private String why(QueueEntry entry, State state, Restriction restriction) {
        return switch (restriction) {
            case Restriction.Held(String reason) -> "held" + because(reason);
            case Restriction.Suspended(Instant until, String reason) ->
                    "suspended for another " + left(until) + because(reason);
            case Restriction.None _ ->
                    switch (state) {
                        case RESOLVING -> "waiting for DNS of " + entry.domain();
                        case SCHEDULED -> next(entry);
                        case READY, IN_FLIGHT, HELD, SUSPENDED -> "";
                    };
        };
    }

    private static String next(QueueEntry entry) {
        Instant due = seconds(entry.dueAt());
        boolean isUnreleased =
                entry.attempts() == 0
                        && entry.message()
                                .envelope()
                                .treatment()
                                .notBefore()
                                .filter(entry.dueAt()::equals)
                                .isPresent();
        return isUnreleased
                ? "not before " + due + ", as its sender asked"
                : "next attempt at " + due + after(entry);
    }

    private static String after(QueueEntry entry) {
        return entry.attempts() == 0 ? "" : " after attempt " + entry.attempts();
    }

    private static String because(String reason) {
        return reason.isEmpty() ? "" : ": " + reason;
    }

    /// Such as `4m10s`: a suspension counts the time that the node runs, so that the time of day at
    /// which it ends moves with each restart.
    private String left(Instant until) {
        long seconds = Math.max(1, Duration.between(now, until).plusNanos(999_999_999).toSeconds());
        return Duration.ofSeconds(seconds).toString().substring(2).toLowerCase(Locale.ROOT);
    }

    private static Instant seconds(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS);
    }
}
