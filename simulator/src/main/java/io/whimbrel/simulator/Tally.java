package io.whimbrel.simulator;

import java.util.HashMap;
import java.util.Map;

/// Counts what one provider does. Thread-safe; one lock, so that a snapshot is consistent.
final class Tally {
    private long connections;
    private long messages;
    private long acceptedRecipients;
    private long bytes;
    private long dropped;
    private long answersLost;
    private long tlsSessions;
    private long protocolErrors;
    private final Map<String, Long> deferred = new HashMap<>();
    private final Map<String, Long> rejected = new HashMap<>();

    synchronized void connected() {
        connections++;
    }

    synchronized void accepted(int recipients, long messageBytes) {
        messages++;
        acceptedRecipients += recipients;
        bytes += messageBytes;
    }

    /// Bounded: the texts of a provider are those of its personality and a few of the session's.
    synchronized void refused(Reply reply, int recipients) {
        Map<String, Long> counts = reply.isTransient() ? deferred : rejected;
        counts.merge(reply.text(), (long) recipients, Long::sum);
    }

    synchronized void droppedConnection() {
        dropped++;
    }

    synchronized void answerLost(int recipients) {
        answersLost += recipients;
    }

    synchronized void tlsEstablished() {
        tlsSessions++;
    }

    synchronized void protocolError() {
        protocolErrors++;
    }

    synchronized ProviderCounters snapshot() {
        return new ProviderCounters(
                connections,
                messages,
                acceptedRecipients,
                bytes,
                deferred,
                rejected,
                dropped,
                answersLost,
                tlsSessions,
                protocolErrors);
    }
}
