package io.whimbrel.schedule;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;

/// Splits recipients of one message into entries: one domain each, and no more recipients than fit
/// into one transaction. Immutable.
record EntrySplit(SpooledMessage message, int recipientsMost) {

    /// Recipient numbers of one domain, growing.
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

    /// Entries with the same past for all of `recipients`, in the order of the domains' first
    /// recipients.
    List<QueueEntry> entries(
            RecipientNumbers recipients, int attempts, Instant dueAt, boolean isDelayNotified) {
        DomainName first = domainOf(recipients.get(0));
        if (recipients.size() == 1) {
            return List.of(
                    new QueueEntry(message, first, recipients, attempts, dueAt, isDelayNotified));
        }
        var entries = new ArrayList<QueueEntry>();
        byDomain(recipients)
                .forEach((domain, all) -> {
                    for (int from = 0; from < all.size; from += recipientsMost) {
                        int to = Math.min(from + recipientsMost, all.size);
                        var numbers =
                                RecipientNumbers.of(Arrays.copyOfRange(all.numbers, from, to));
                        entries.add(
                                new QueueEntry(
                                        message,
                                        domain,
                                        numbers,
                                        attempts,
                                        dueAt,
                                        isDelayNotified));
                    }
                });
        return entries;
    }

    private LinkedHashMap<DomainName, Numbers> byDomain(RecipientNumbers recipients) {
        var byDomain = new LinkedHashMap<DomainName, Numbers>();
        for (int i = 0; i < recipients.size(); i++) {
            int number = recipients.get(i);
            byDomain.computeIfAbsent(domainOf(number), _ -> new Numbers()).add(number);
        }
        return byDomain;
    }

    private DomainName domainOf(int number) {
        Recipient recipient = message.envelope().recipients().get(number);
        return recipient.path().domain();
    }
}
