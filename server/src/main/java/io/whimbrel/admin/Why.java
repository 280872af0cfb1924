package io.whimbrel.admin;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.QueuedView;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Tells what a domain's mail or a message waits for: a sentence for each cause on each path, that
/// with most recipients first. Confined to one thread.
///
/// Looks at the [#LOOKED_AT] entries that are due first; those beyond are counted together.
final class Why {
    private static final int LOOKED_AT = 10_000;
    private static final int LINES_MOST = 100;

    private final QueueDesk queue;
    private final WaitCauses causes;
    private final Instant now;
    private final Map<Key, Tally> tallies = new LinkedHashMap<>();

    /// What is told in one sentence.
    private record Key(
            DomainName domain, String pool, Optional<EgressPath> path, WaitCause cause) {}

    /// How many of them. Not thread-safe.
    private static final class Tally {
        private long recipients;
        private long messages;
        private Optional<Instant> until = Optional.empty();

        void add(QueuedView view, Optional<Instant> end) {
            recipients += view.entry().recipients().size();
            messages++;
            if (until.isEmpty() || end.filter(until.get()::isAfter).isPresent()) {
                until = end;
            }
        }
    }

    Why(QueueDesk queue, WaitCauses causes, Instant now) {
        this.queue = queue;
        this.causes = causes;
        this.now = now;
    }

    /// @return that nothing waits; empty where something does, and was told
    Optional<String> tell(Optional<QueueId> id, Optional<DomainName> domain, AdminAnswer answer)
            throws IOException {
        var scope = new QueueScope(id, domain, Optional.empty(), Optional.empty());
        List<QueuedView> views =
                id.isPresent() ? queue.find(id.get()) : queue.list(scope, LOOKED_AT);
        long counted = 0;
        for (QueuedView view : views) {
            add(view);
            counted += view.entry().recipients().size();
        }
        if (views.isEmpty()) {
            return Optional.of(
                    domain.map(it -> "nothing is queued for " + it)
                            .orElseGet(() -> AdminOperations.notQueued(id.orElseThrow())));
        }
        print(id, answer);
        if (views.size() >= LOOKED_AT && id.isEmpty()) {
            tellOthers(queue.count(scope).recipients() - counted, answer);
        }
        return Optional.empty();
    }

    private void add(QueuedView view) {
        WaitCause cause = causes.of(view);
        var key =
                new Key(
                        view.entry().domain(),
                        causes.pool(view),
                        causes.path(view),
                        cause.timeless());
        tallies.computeIfAbsent(key, _ -> new Tally()).add(view, cause.until());
    }

    private void print(Optional<QueueId> id, AdminAnswer answer) {
        var sorted = new ArrayList<>(tallies.entrySet());
        sorted.sort((one, other) ->
                Long.compare(other.getValue().recipients, one.getValue().recipients));
        boolean isOnePath = tallies.keySet().stream().map(Key::path).distinct().count() == 1;
        for (var line : sorted.subList(0, Math.min(sorted.size(), LINES_MOST))) {
            answer.line(line(id, line.getKey(), line.getValue(), isOnePath));
        }
    }

    private void tellOthers(long recipients, AdminAnswer answer) {
        if (recipients > 0) {
            answer.line(
                    Json.object()
                            .put("kind", "others")
                            .put("recipients", recipients)
                            .put(
                                    "why",
                                    number(recipients)
                                            + " more recipients are due later than those"));
        }
    }

    private ObjectNode line(Optional<QueueId> id, Key key, Tally tally, boolean isOnePath) {
        ObjectNode line = Json.object();
        id.ifPresent(it -> line.put("id", it.toString()));
        line.put("domain", key.domain.value())
                .put("pool", key.pool)
                .put("site", key.path.map(it -> it.site().name()).orElse(""))
                .put("provider", key.path.map(it -> it.site().provider()).orElse(""))
                .put("kind", key.cause.kind().key())
                .put("recipients", tally.recipients)
                .put("messages", tally.messages);
        tally.until.ifPresent(
                end -> line.put("until", Json.time(end)).put("left_ms", millisUntil(end)));
        if (key.cause.perSecond() > 0) {
            line.put("messages_per_s", key.cause.perSecond());
        }
        return line.put("why", sentence(id, key, tally, isOnePath));
    }

    private long millisUntil(Instant end) {
        return Math.max(0, Duration.between(now, end).plusNanos(999_999).toMillis());
    }

    private String sentence(Optional<QueueId> id, Key key, Tally tally, boolean isOnePath) {
        boolean isOne = tally.recipients == 1;
        var text = new StringBuilder(200);
        text.append(number(tally.recipients)).append(isOne ? " recipient" : " recipients");
        id.ifPresent(it -> text.append(" of ").append(it));
        text.append(id.isPresent() ? " at " : " for ").append(key.domain);
        if (!isOnePath) {
            String site = key.path.map(it -> " to " + it.site()).orElse("");
            text.append(" (pool ").append(key.pool).append(site).append(')');
        }
        text.append(' ')
                .append(
                        key.cause
                                .what()
                                .replace("{wait}", isOne ? "waits" : "wait")
                                .replace("{are}", isOne ? "is" : "are"));
        String when = when(key.cause, tally);
        text.append(when.isEmpty() ? "" : "; " + when);
        return text.append(key.cause.remedy().isEmpty() ? "" : "; " + key.cause.remedy())
                .toString();
    }

    private String when(WaitCause cause, Tally tally) {
        Optional<String> left = tally.until.map(end -> Spans.of(Duration.between(now, end)));
        String at =
                tally.until.map(end -> end.truncatedTo(ChronoUnit.SECONDS).toString()).orElse("");
        return switch (cause.kind()) {
            case LIMIT ->
                    left.map(it -> "the next may go in " + it)
                                    .orElse("the next may go when one of them ends")
                            + forAll(cause, tally);
            case ACTION ->
                    left.map(it -> "it ends or changes in " + it).orElse("") + forAll(cause, tally);
            case SCHEDULE ->
                    left.map(it ->
                                    (tally.messages > 1 ? "the first" : "that is")
                                            + " at "
                                            + at
                                            + ", in "
                                            + it)
                            .orElse("");
            case UNREACHABLE -> left.map(it -> "the next try is in " + it).orElse("");
            case HOLD, SUSPENSION, DNS, NO_SOURCE, NO_ROUTE, CONNECTION, TURN, DELIVERY -> "";
        };
    }

    private static String forAll(WaitCause cause, Tally tally) {
        if (cause.perSecond() <= 0 || tally.messages < 2) {
            return "";
        }
        double seconds = Math.min(tally.messages / cause.perSecond(), 1e9);
        return "; about "
                + Spans.of(Duration.ofMillis((long) (seconds * 1000)))
                + " for all of them";
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
