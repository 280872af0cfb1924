package io.whimbrel.admin;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Counts the recipients in one scope that holds and suspensions keep from being tried. Each counts
/// once, and once more for every restriction that it is under. Confined to one thread.
///
/// What rests is told queue by queue: first what is in the scope, which restrictions of whole
/// queues keep; then, for each restriction of an age, what is in both. Of several ages in one queue
/// the latest has all that the others have, and so it alone counts towards the sum.
public final class Withheld {
    private final QueueScope scope;

    /// Those that can meet mail in [#scope], with their recipients so far.
    private final Map<OperatorAction, Long> counts = new LinkedHashMap<>();

    private long recipients;

    /// One restriction's share.
    public record Share(OperatorAction restriction, long recipients) {}

    /// @param inForce holds and suspensions
    public Withheld(QueueScope scope, List<OperatorAction> inForce) {
        this.scope = scope;
        for (OperatorAction restriction : inForce) {
            if (meets(restriction.scope())) {
                counts.put(restriction, 0L);
            }
        }
    }

    /// Whether any restriction can meet mail in the scope, so that counting is worth its while.
    public boolean isPossible() {
        return !counts.isEmpty();
    }

    /// The messages that restrictions name.
    List<QueueId> messages() {
        return counts.keySet().stream().flatMap(it -> it.scope().id().stream()).distinct().toList();
    }

    /// Recipients of one message in one domain.
    public void add(QueueId id, MailStream stream, DomainName domain, long count) {
        if (scope.matches(id, stream, domain)) {
            boolean isAny = false;
            for (var line : counts.entrySet()) {
                if (line.getKey().scope().matches(id, stream, domain)) {
                    line.setValue(line.getValue() + count);
                    isAny = true;
                }
            }
            recipients += isAny ? count : 0;
        }
    }

    /// What of the scope rests in one queue, by the restrictions of whole queues.
    void addQueue(QueueCount queue) {
        boolean isAny = false;
        for (var line : counts.entrySet()) {
            if (isOfQueue(line.getKey(), queue.queue())) {
                line.setValue(line.getValue() + queue.resting());
                isAny = true;
            }
        }
        recipients += isAny ? queue.resting() : 0;
    }

    /// The restrictions of an age that name no message.
    List<OperatorAction> ofAge() {
        return counts.keySet().stream()
                .filter(it -> it.scope().id().isEmpty() && it.scope().upTo().isPresent())
                .toList();
    }

    /// What is both in the scope and in `other`, which meets it.
    QueueScope common(QueueScope other) {
        var both =
                new QueueScope(
                        scope.id().or(other::id),
                        scope.domain().or(other::domain),
                        scope.tenant().or(other::tenant),
                        scope.campaign().or(other::campaign),
                        scope.upTo());
        return other.upTo().map(both::noLaterThan).orElse(both);
    }

    /// What of one queue is [#common] to the scope and a restriction [#ofAge].
    void addQueueOfAge(OperatorAction restriction, QueueCount queue) {
        counts.merge(restriction, queue.resting(), Long::sum);
        boolean isAny = counts.keySet().stream().anyMatch(it -> isOfQueue(it, queue.queue()));
        recipients += !isAny && isLatest(restriction, queue.queue()) ? queue.resting() : 0;
    }

    private boolean isLatest(OperatorAction restriction, QueueName queue) {
        return ofAge().stream()
                .filter(it -> it.scope().matchesQueue(queue.stream(), queue.domain()))
                .max(Comparator.comparing(it -> it.scope().upTo().orElseThrow()))
                .filter(restriction::equals)
                .isPresent();
    }

    /// Recipients of one message, which was counted with its queues.
    void addBeyondQueue(QueueId id, MailStream stream, DomainName domain, long count) {
        if (!scope.matches(id, stream, domain)) {
            return;
        }
        boolean isCounted = false;
        boolean isAny = false;
        for (var line : counts.entrySet()) {
            QueueScope its = line.getKey().scope();
            if (!its.matches(id, stream, domain)) {
                continue;
            }
            if (its.id().isEmpty()) {
                isCounted = true;
            } else {
                line.setValue(line.getValue() + count);
                isAny = true;
            }
        }
        recipients += isAny && !isCounted ? count : 0;
    }

    private static boolean isOfQueue(OperatorAction restriction, QueueName queue) {
        QueueScope its = restriction.scope();
        return its.isOfWholeQueues() && its.matchesQueue(queue.stream(), queue.domain());
    }

    /// Recipients under any restriction.
    long recipients() {
        return recipients;
    }

    /// The restrictions that keep any.
    List<Share> shares() {
        var shares = new ArrayList<Share>();
        counts.forEach((restriction, count) -> {
            if (count > 0) {
                shares.add(new Share(restriction, count));
            }
        });
        return shares;
    }

    private boolean meets(QueueScope other) {
        return same(scope.id(), other.id())
                && same(scope.domain(), other.domain())
                && same(scope.tenant(), other.tenant())
                && same(scope.campaign(), other.campaign());
    }

    /// Whether something can have both.
    private static <T> boolean same(Optional<T> one, Optional<T> other) {
        return one.isEmpty() || other.isEmpty() || one.equals(other);
    }
}
