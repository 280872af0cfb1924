package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliveryAttempt.Departure;
import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.schedule.QueueEntry;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Delivers one entry on an open session, without those of its recipients whose address the host
/// cannot understand (RFC 6531 §3.2). Confined to one thread, used once.
///
/// An entry has no more recipients than the host takes in one transaction (RFC 9422):
/// [PathTerms#carrier] asks for no more.
final class Transaction {
    private final RemoteSession session;
    private final QueueEntry entry;
    private final Leaving leaving;
    private final Departure departure;

    /// @param leaving the message
    Transaction(RemoteSession session, QueueEntry entry, Leaving leaving, Departure departure) {
        this.session = session;
        this.entry = entry;
        this.leaving = leaving;
        this.departure = departure;
    }

    /// Whether the host has said that it takes no further transaction in this session.
    static boolean isUsedUp(RemoteSession session) {
        long mailMax = session.extensions().limits().mailMax();
        return mailMax > 0 && session.transactions() >= mailMax;
    }

    /// Tries the entry, as [DeliveryAttempt#deliver].
    Ending deliver() {
        boolean lacksUtf8 =
                entry.message().envelope().parameters().smtpUtf8()
                        && !session.extensions().smtpUtf8();
        if (!lacksUtf8) {
            return deliver(entry);
        }
        List<Integer> understood = new ArrayList<>(entry.recipients().size());
        for (int i = 0; i < entry.recipients().size(); i++) {
            if (AsciiForms.has(address(i))) {
                understood.add(i);
            }
        }
        if (understood.isEmpty()) {
            return new Ending.Tried(withoutUtf8(understood, List.of()));
        }
        return switch (deliver(entryOf(understood))) {
            case Ending.Tried(List<AttemptResult> tried, Optional<Instant> mailAt) ->
                    new Ending.Tried(withoutUtf8(understood, tried), mailAt);
            case Ending.SessionEnded ended -> ended;
            case Ending.TooLate late -> late;
        };
    }

    /// The results of all recipients.
    ///
    /// @param understood places of those that were tried, with their results in `tried`
    private List<AttemptResult> withoutUtf8(List<Integer> understood, List<AttemptResult> tried) {
        var results = new AttemptResult[entry.recipients().size()];
        Arrays.fill(results, DeliveryAttempt.NO_UTF8);
        for (int i = 0; i < tried.size(); i++) {
            results[understood.get(i)] = tried.get(i);
        }
        return List.of(results);
    }

    private Ending deliver(QueueEntry part) {
        return DeliveryAttempt.deliver(session, part, leaving, departure);
    }

    private QueueEntry entryOf(List<Integer> places) {
        int[] numbers = new int[places.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = entry.recipients().get(places.get(i));
        }
        return entry.of(RecipientNumbers.of(numbers));
    }

    private String address(int place) {
        int number = entry.recipients().get(place);
        return entry.message().envelope().recipients().get(number).path().address();
    }
}
