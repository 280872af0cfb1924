package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// Whether anything at all is queued in a scope, whatever is in flight or on its way between memory
/// and rows. Stateless.
///
/// What has left the queue may still count for a moment, as rows follow the log; what is queued is
/// never missed: a message leaves memory only once its row is there, so memory is looked at first.
final class Presence {
    private static final int PAGE = 500;

    private Presence() {}

    /// @throws IOException where the index cannot be read
    static boolean isAny(QueueScope scope, LiveMessages live, QueueIndex index) throws IOException {
        for (SpooledMessage message : live.inMemory()) {
            if (scope.matchesMessage(message.id()) && isAny(scope, message)) {
                return true;
            }
        }
        if (scope.id().isPresent()) {
            return index.message(scope.id().get()).filter(row -> isAny(scope, row)).isPresent();
        }
        return scope.upTo().isPresent()
                ? isAnyOld(scope, scope.upTo().get(), index)
                : isAnyQueue(scope, index);
    }

    private static boolean isAny(QueueScope scope, SpooledMessage message) {
        Envelope envelope = message.envelope();
        for (Recipient recipient : envelope.recipients()) {
            if (scope.matchesQueue(envelope.stream(), recipient.path().domain())) {
                synchronized (message) {
                    return message.states().entries(message.envelope()).stream()
                            .anyMatch(entry -> isOf(scope, entry.queue()));
                }
            }
        }
        return false;
    }

    private static boolean isAny(QueueScope scope, MessageRow row) {
        return scope.matchesMessage(row.id())
                && row.entries().stream().anyMatch(entry -> isOf(scope, entry.queue()));
    }

    private static boolean isOf(QueueScope scope, QueueName queue) {
        return scope.matchesQueue(queue.stream(), queue.domain());
    }

    private static boolean isAnyQueue(QueueScope scope, QueueIndex index) throws IOException {
        Optional<QueueName> last = Optional.empty();
        List<QueueRow> page = index.queues(last, PAGE);
        while (!page.isEmpty()) {
            if (page.stream().anyMatch(row -> isOf(scope, row.name()))) {
                return true;
            }
            last = Optional.of(page.getLast().name());
            page = index.queues(last, PAGE);
        }
        return false;
    }

    /// Ids ascend with time, so only rows of old messages are looked at.
    private static boolean isAnyOld(QueueScope scope, QueueId upTo, QueueIndex index)
            throws IOException {
        Optional<QueueId> last = Optional.empty();
        List<MessageRow> page = index.messages(last, PAGE);
        while (!page.isEmpty() && page.getFirst().id().compareTo(upTo) <= 0) {
            if (page.stream().anyMatch(row -> isAny(scope, row))) {
                return true;
            }
            last = Optional.of(page.getLast().id());
            page = index.messages(last, PAGE);
        }
        return false;
    }
}
