package io.whimbrel.outcome;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.SpooledFixture;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Mail for the tests of this room.
final class Mail {
    static final Instant RECEIVED = Instant.parse("2026-11-23T12:00:00Z");
    static final ReportSettings SETTINGS =
            new ReportSettings("mx1.example.com", RetrySchedule.DEFAULT);
    static final Peer PEER = new Peer("mx.example.net [192.0.2.1]", "TLSv1.3 AES", false);
    static final SmtpReply OK = SmtpReply.of(250, 2, 1, 5, "taken");

    private Mail() {}

    static Recipient recipient(String address, Notify notice) {
        String domain = address.substring(address.lastIndexOf('@') + 1);
        var path = new ForwardPath(address, DomainName.parse(domain).orElseThrow());
        return new Recipient(path, notice, "");
    }

    static Envelope envelope(Recipient... recipients) {
        return envelope("news@shop.example", DsnPolicy.FULL, MailParameters.NONE, recipients);
    }

    static Envelope envelope(
            String sender, DsnPolicy policy, MailParameters parameters, Recipient... recipients) {
        return new Envelope(
                new ReversePath(sender),
                List.of(recipients),
                parameters,
                new MailStream("shop", "autumn", PriorityClass.BULK),
                RECEIVED,
                policy);
    }

    static Envelope envelopeOf(int recipients) {
        var all = new ArrayList<Recipient>();
        for (int i = 0; i < recipients; i++) {
            all.add(recipient("user" + i + "@example.net", Notify.DEFAULT));
        }
        return envelope(all.toArray(Recipient[]::new));
    }

    static SpooledMessage message(Envelope envelope) {
        return SpooledFixture.message(4711, envelope, 5000);
    }

    static QueueEntry entry(Envelope envelope, int attempts, boolean isDelayNotified) {
        return new QueueEntry(
                message(envelope),
                envelope.recipients().getFirst().path().domain(),
                RecipientNumbers.all(envelope.recipients().size()),
                attempts,
                RECEIVED,
                isDelayNotified);
    }

    static QueueEntry entry(int recipients) {
        return entry(envelopeOf(recipients), 0, false);
    }

    static Attempt attempt(QueueEntry entry, AttemptResult... results) {
        return new Attempt(entry, "mx.example.net", "s1", List.of(results));
    }

    static AttemptResult accepted() {
        return new Accepted(PEER, OK);
    }

    static AttemptResult refused(Stage stage, int code, String text) {
        return new Refused(PEER, stage, SmtpReply.plain(code, text));
    }

    static AttemptResult lost(Stage stage) {
        return new ConnectionLost(PEER, stage, "read timed out");
    }
}
