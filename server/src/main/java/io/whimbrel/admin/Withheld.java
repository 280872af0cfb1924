package io.whimbrel.admin;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Counts the recipients in one scope that holds and suspensions keep from being tried. Each counts
/// once, and once more for every restriction that it is under. Where the scope or a restriction is
/// of an age, all mail of a queue that rests counts: rows are not looked at one by one. Confined to
/// one thread.
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

    /// Recipients of one queue, by the restrictions that name no message.
    void addQueue(MailStream stream, DomainName domain, long count) {
        recipients += addByQueue(stream, domain, count) ? count : 0;
    }

    /// Recipients of one message, which [#addQueue] has counted with its queue.
    void addBeyondQueue(QueueId id, MailStream stream, DomainName domain, long count) {
        if (!scope.matches(id, stream, domain)) {
            return;
        }
        boolean isAny = false;
        for (var line : counts.entrySet()) {
            QueueScope its = line.getKey().scope();
            if (its.id().isPresent() && its.matches(id, stream, domain)) {
                line.setValue(line.getValue() + count);
                isAny = true;
            }
        }
        recipients += isAny && !addByQueue(stream, domain, 0) ? count : 0;
    }

    private boolean addByQueue(MailStream stream, DomainName domain, long count) {
        boolean isAny = false;
        for (var line : counts.entrySet()) {
            QueueScope its = line.getKey().scope();
            if (its.id().isEmpty()
                    && same(its.domain(), Optional.of(domain))
                    && same(its.tenant(), Optional.of(stream.tenant()))
                    && same(its.campaign(), Optional.of(stream.campaign()))) {
                line.setValue(line.getValue() + count);
                isAny = true;
            }
        }
        return isAny;
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
