package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.mail.QueueId;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// All messages in the queue, in memory or not, a page at a time. Thread-safe.
final class QueuedPages {
    private static final Logger LOG = LoggerFactory.getLogger(QueuedPages.class);

    private final LiveMessages live;
    private final QueueIndex index;

    QueuedPages(LiveMessages live, QueueIndex index) {
        this.live = live;
        this.index = index;
    }

    /// See [Spool#queued].
    List<RecoveredMessage> page(Optional<QueueId> after, int most) throws IOException {
        var found = new TreeMap<QueueId, RecoveredMessage>();
        List<MessageRow> rows = index.messages(after, most);
        boolean isLastPage = rows.size() < most;
        for (SpooledMessage message : live.inMemory()) {
            boolean isInPage =
                    (after.isEmpty() || message.id().compareTo(after.get()) > 0)
                            && (isLastPage || message.id().compareTo(rows.getLast().id()) <= 0);
            if (isInPage) {
                add(message, found);
            }
        }
        for (MessageRow row : rows) {
            boolean isInRowOnly = live.inMemory(row.id()).isEmpty() && !live.isSettled(row.id());
            if (isInRowOnly && !row.entries().isEmpty()) {
                add(row, found);
            }
        }
        if (found.isEmpty() && !isLastPage) {
            // Nothing of this page can be shown, and the caller would take it for the end.
            return page(Optional.of(rows.getLast().id()), most);
        }
        return List.copyOf(found.values());
    }

    /// One that cannot be read is left out: it is told, and taken out, when it is due.
    private void add(MessageRow row, Map<QueueId, RecoveredMessage> found) {
        try {
            add(live.read(row), found);
        } catch (IOException e) {
            LOG.warn("message {} is not listed: {}", row.id(), e.getMessage());
        }
    }

    private static void add(SpooledMessage message, Map<QueueId, RecoveredMessage> found) {
        List<RecoveredMessage.Waiting> waiting;
        synchronized (message) {
            waiting = message.states().waiting();
        }
        if (!waiting.isEmpty()) {
            found.put(message.id(), new RecoveredMessage(message, waiting));
        }
    }
}
