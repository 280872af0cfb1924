package io.whimbrel.spool;

import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/// Messages that the index thread is going to look at, each once, in the order in which they
/// changed. Thread-safe. Bounded by [Spool#refusal], which lets no mail in while they weigh too
/// much.
final class NotedChanges {
    private final ConcurrentLinkedQueue<SpooledMessage> messages = new ConcurrentLinkedQueue<>();
    private final AtomicLong weight = new AtomicLong();

    /// What one message weighs here, in entries: one, and what its many recipients take besides.
    static int weight(SpooledMessage message) {
        return 1 + message.weight();
    }

    /// Notes a message, unless it is noted already.
    void add(SpooledMessage message) {
        synchronized (message) {
            if (message.isChangeNoted()) {
                return;
            }
            message.noteChange(true);
        }
        messages.add(message);
        weight.addAndGet(weight(message));
    }

    /// Takes the oldest one out; it counts as noted until its taker says otherwise.
    Optional<SpooledMessage> poll() {
        Optional<SpooledMessage> next = Optional.ofNullable(messages.poll());
        next.ifPresent(message -> weight.addAndGet(-weight(message)));
        return next;
    }

    /// Of all that are noted.
    long weight() {
        return weight.get();
    }
}
