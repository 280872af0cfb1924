package io.whimbrel.spool;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;

/// What is in the queue by what is durable, kept in the simplest way: a line for each recipient.
final class QueueModel {
    private final TreeMap<QueueId, Mail> mails = new TreeMap<>();
    private int entries;

    static final class Mail {
        final QueueId id;
        final TreeMap<Integer, Line> lines = new TreeMap<>();
        MailStream stream;

        /// The one that the schedule has.
        SpooledMessage object;

        Mail(SpooledMessage message) {
            id = message.id();
            stream = message.envelope().stream();
            object = message;
        }
    }

    /// One unsettled recipient.
    static final class Line {
        final int number;
        final DomainName domain;

        /// The schedule has it.
        boolean isHeld = true;

        /// It has it no more, but the record that says why is not durable.
        boolean isLeaving;

        /// It is about to leave the queue.
        boolean isEnding;

        /// By what is durable.
        int attempts;

        /// By what the schedule knows.
        int tried;

        /// The same for recipients that share an entry.
        int entry;

        Line(int number, DomainName domain) {
            this.number = number;
            this.domain = domain;
        }
    }

    void accepted(SpooledMessage message) {
        var mail = new Mail(message);
        int entry = newEntry();
        for (int i = 0; i < message.recipients(); i++) {
            var line = new Line(i, message.envelope().recipients().get(i).path().domain());
            line.entry = entry;
            mail.lines.put(i, line);
        }
        mails.put(message.id(), mail);
    }

    int newEntry() {
        entries++;
        return entries;
    }

    int size() {
        return mails.size();
    }

    List<QueueId> ids() {
        return List.copyOf(mails.keySet());
    }

    /// Some recipients of one entry of a message, of those that are `meant`; none where it has
    /// none.
    Chosen choose(Random random, Predicate<Line> meant) {
        var all = List.copyOf(mails.values());
        if (all.isEmpty()) {
            return new Chosen(Optional.empty(), List.of());
        }
        Mail mail = all.get(random.nextInt(all.size()));
        List<Line> some = mail.lines.values().stream().filter(meant).toList();
        if (some.isEmpty()) {
            return new Chosen(Optional.of(mail), List.of());
        }
        int entry = some.get(random.nextInt(some.size())).entry;
        var chosen = new ArrayList<Line>();
        boolean isAll = random.nextBoolean();
        for (Line line : some) {
            if (line.entry == entry && (isAll || random.nextBoolean())) {
                chosen.add(line);
            }
        }
        return new Chosen(Optional.of(mail), chosen);
    }

    record Chosen(Optional<Mail> mail, List<Line> lines) {
        RecipientNumbers numbers() {
            return RecipientNumbers.of(lines.stream().mapToInt(line -> line.number).toArray());
        }
    }

    void deferred(Collection<Line> lines, int attempts) {
        for (Line line : lines) {
            line.attempts = attempts;
            if (line.isLeaving) {
                line.isLeaving = false;
                line.isHeld = false;
            }
        }
    }

    void settled(QueueId id, Collection<Line> lines) {
        Optional<Mail> mail = find(id);
        for (Line line : lines) {
            mail.ifPresent(known -> known.lines.remove(line.number, line));
        }
        mail.filter(known -> known.lines.isEmpty()).ifPresent(known -> mails.remove(id));
    }

    void moved(QueueId id, MailStream stream) {
        find(id).ifPresent(mail -> mail.stream = stream);
    }

    /// The schedule got these.
    void held(RecoveredMessage message) {
        Mail mail = find(message.message().id()).orElseThrow();
        mail.object = message.message();
        for (RecoveredMessage.Waiting group : message.waiting()) {
            int entry = newEntry();
            for (int i = 0; i < group.recipients().size(); i++) {
                Line line = mail.lines.get(group.recipients().get(i));
                if (line == null || line.isHeld || line.attempts != group.attempts()) {
                    throw new AssertionError(mail.id + " came with what does not rest");
                }
                line.isHeld = true;
                line.tried = line.attempts;
                line.entry = entry;
            }
        }
    }

    /// Whether all that an entry has is durable.
    static boolean isKnown(Collection<Line> lines) {
        return lines.stream().allMatch(line -> line.attempts == line.tried);
    }

    /// Nothing is left but what was durable.
    void restarted() {
        for (Mail mail : mails.values()) {
            for (Line line : mail.lines.values()) {
                line.isHeld = false;
                line.isLeaving = false;
                line.isEnding = false;
                line.tried = line.attempts;
            }
        }
    }

    Map<QueueName, QueueCount> counts(QueueScope scope) {
        var counts = new HashMap<QueueName, QueueCount>();
        for (Mail mail : mails.values()) {
            for (Line line : mail.lines.values()) {
                if (scope.matches(mail.id, mail.stream, line.domain)) {
                    var queue = new QueueName(mail.stream, line.domain);
                    var one = new QueueCount(queue, 1, line.isHeld ? 0 : 1);
                    counts.merge(
                            queue,
                            one,
                            (a, b) ->
                                    new QueueCount(
                                            queue,
                                            a.recipients() + b.recipients(),
                                            a.resting() + b.resting()));
                }
            }
        }
        return counts;
    }

    private Optional<Mail> find(QueueId id) {
        return Optional.ofNullable(mails.get(id));
    }
}
