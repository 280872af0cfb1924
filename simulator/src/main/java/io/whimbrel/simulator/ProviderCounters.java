package io.whimbrel.simulator;

import java.util.Map;
import java.util.TreeMap;

/// What a provider has done so far: one consistent snapshot.
///
/// Each number changes before the answer it counts is sent, so a client that has read all its
/// answers finds them all counted.
///
/// @param connections opened, those dropped at once included
/// @param messages accepted
/// @param acceptedRecipients recipients of accepted messages: what a sender calls delivered
/// @param bytes of accepted messages, dot-stuffing undone
/// @param deferred 4yz answers by text ([Reply#text]): recipients where known (at RCPT one, at end
///   of data all of the transaction), otherwise one for the answer
/// @param rejected 5yz answers, counted in the same way; recipients of domains that the provider
///   does not host are among them
/// @param dropped connections closed without a word
/// @param answersLost recipients that were accepted while the client could not be told: the
///   connection was dropped or broke before the answer. They are in `acceptedRecipients` too.
/// @param tlsSessions TLS handshakes that succeeded
/// @param protocolErrors commands refused for syntax or sequence
public record ProviderCounters(
        long connections,
        long messages,
        long acceptedRecipients,
        long bytes,
        Map<String, Long> deferred,
        Map<String, Long> rejected,
        long dropped,
        long answersLost,
        long tlsSessions,
        long protocolErrors) {

    static final ProviderCounters ZERO =
            new ProviderCounters(0, 0, 0, 0, Map.of(), Map.of(), 0, 0, 0, 0);

    public ProviderCounters {
        deferred = Map.copyOf(deferred);
        rejected = Map.copyOf(rejected);
    }

    public long deferredTotal() {
        return total(deferred);
    }

    public long rejectedTotal() {
        return total(rejected);
    }

    ProviderCounters plus(ProviderCounters other) {
        return new ProviderCounters(
                connections + other.connections,
                messages + other.messages,
                acceptedRecipients + other.acceptedRecipients,
                bytes + other.bytes,
                sum(deferred, other.deferred),
                sum(rejected, other.rejected),
                dropped + other.dropped,
                answersLost + other.answersLost,
                tlsSessions + other.tlsSessions,
                protocolErrors + other.protocolErrors);
    }

    private static Map<String, Long> sum(Map<String, Long> a, Map<String, Long> b) {
        var sum = new TreeMap<>(a);
        b.forEach((text, count) -> sum.merge(text, count, Long::sum));
        return sum;
    }

    private static long total(Map<String, Long> counts) {
        long total = 0;
        for (long count : counts.values()) {
            total += count;
        }
        return total;
    }
}
