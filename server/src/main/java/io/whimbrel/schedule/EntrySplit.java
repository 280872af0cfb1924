package io.whimbrel.schedule;

import io.whimbrel.egress.Destinations;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;

/// Splits recipients of one message into entries: one domain and route each, and no more recipients
/// than fit into one transaction. Immutable.
record EntrySplit(SpooledMessage message, int recipientsMost, Destinations destinations) {

    /// Where some recipients go.
    private record Way(DomainName domain, String route) {}

    /// Recipient numbers that go one way, growing.
    private static final class Numbers {
        private int[] numbers = new int[8];
        private int size;

        void add(int number) {
            if (size == numbers.length) {
                numbers = Arrays.copyOf(numbers, 2 * size);
            }
            numbers[size++] = number;
        }
    }

    /// Everything of a message that waits.
    static List<QueueEntry> entriesOf(
            RecoveredMessage recovered, int recipientsMost, Destinations destinations) {
        var split = new EntrySplit(recovered.message(), recipientsMost, destinations);
        var entries = new ArrayList<QueueEntry>();
        for (RecoveredMessage.Waiting waiting : recovered.waiting()) {
            entries.addAll(
                    split.entries(
                            waiting.recipients(),
                            waiting.attempts(),
                            waiting.dueAt(),
                            waiting.isDelayNotified()));
        }
        return entries;
    }

    /// `entry` itself where `destinations` say of all its recipients that they take its route; else
    /// what becomes of it.
    static List<QueueEntry> again(QueueEntry entry, int recipientsMost, Destinations destinations) {
        return isOnItsWay(entry, destinations)
                ? List.of(entry)
                : new EntrySplit(entry.message(), recipientsMost, destinations)
                        .entries(
                                entry.recipients(),
                                entry.attempts(),
                                entry.dueAt(),
                                entry.isDelayNotified());
    }

    /// Whether `destinations` say of all recipients of `entry` that they take its route.
    static boolean isOnItsWay(QueueEntry entry, Destinations destinations) {
        MailStream stream = entry.stream();
        int looked = destinations.looksAtRecipients() ? entry.recipients().size() : 1;
        for (int i = 0; i < looked; i++) {
            int number = entry.recipients().get(i);
            Recipient recipient = entry.message().envelope().recipients().get(number);
            String route = destinations.route(stream, entry.domain(), recipient.path().address());
            if (!route.equals(entry.route())) {
                return false;
            }
        }
        return true;
    }

    /// Entries with the same past for all of `recipients`, in the order of the ways' first
    /// recipients.
    List<QueueEntry> entries(
            RecipientNumbers recipients, int attempts, Instant dueAt, boolean isDelayNotified) {
        if (recipients.size() == 1) {
            Way way = wayOf(recipients.get(0));
            return List.of(
                    new QueueEntry(
                            message,
                            way.domain(),
                            recipients,
                            attempts,
                            dueAt,
                            isDelayNotified,
                            way.route()));
        }
        var entries = new ArrayList<QueueEntry>();
        byWay(recipients)
                .forEach((way, all) -> {
                    for (int from = 0; from < all.size; from += recipientsMost) {
                        int to = Math.min(from + recipientsMost, all.size);
                        var numbers =
                                RecipientNumbers.of(Arrays.copyOfRange(all.numbers, from, to));
                        entries.add(
                                new QueueEntry(
                                        message,
                                        way.domain(),
                                        numbers,
                                        attempts,
                                        dueAt,
                                        isDelayNotified,
                                        way.route()));
                    }
                });
        return entries;
    }

    private LinkedHashMap<Way, Numbers> byWay(RecipientNumbers recipients) {
        var byWay = new LinkedHashMap<Way, Numbers>();
        for (int i = 0; i < recipients.size(); i++) {
            int number = recipients.get(i);
            byWay.computeIfAbsent(wayOf(number), _ -> new Numbers()).add(number);
        }
        return byWay;
    }

    private Way wayOf(int number) {
        Recipient recipient = message.envelope().recipients().get(number);
        DomainName domain = recipient.path().domain();
        MailStream stream = message.envelope().stream();
        return new Way(domain, destinations.route(stream, domain, recipient.path().address()));
    }
}
