package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.Treatment;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.Protocol;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.spool.SpooledFixture;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;

/// What a host's extensions ask of us: limits, priorities, deadlines, addresses that it can read.
@Timeout(30)
final class TransactionTest {
    private static final MailParameters UTF8 =
            new MailParameters(BodyType.SEVEN_BIT, true, DsnReturn.UNSPECIFIED, "");

    private final Hosts hosts = new Hosts();

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void priorityAndDeadline_followToAHostThatKnowsThem() {
        Treatment treatment =
                Treatment.NONE
                        .withMtPriority(-4)
                        .withNotBefore(TestMail.NOW)
                        .withDeliverBy(
                                new DeliverBy(
                                        TestMail.NOW.plusSeconds(119),
                                        DeliverBy.Mode.RETURN,
                                        true));
        try (var peer = new ScriptedPeer(taking(hello("MT-PRIORITY MIXER", "DELIVERBY 60")))) {
            assertThat(deliver(peer, treated(treatment))).allMatch(Accepted.class::isInstance);
            assertThat(peer.heard())
                    .contains("MAIL FROM:<from@sender.test> MT-PRIORITY=-4 BY=119;RT");
        }
    }

    @Test
    void deadlineThatHasPassed_isToldWhereTriesGoOn() {
        Treatment treatment = by(-7, DeliverBy.Mode.NOTIFY);
        try (var peer = new ScriptedPeer(taking(hello("DELIVERBY 60")))) {
            assertThat(deliver(peer, treated(treatment))).allMatch(Accepted.class::isInstance);
            assertThat(peer.heard()).contains("MAIL FROM:<from@sender.test> BY=-7;N");
        }
    }

    @Test
    void hostThatKnowsNoneOfIt_isToldNothing() {
        Treatment treatment = by(100, DeliverBy.Mode.NOTIFY).withMtPriority(3);
        try (var peer = new ScriptedPeer(taking(hello("8BITMIME")))) {
            assertThat(deliver(peer, treated(treatment))).allMatch(Accepted.class::isInstance);
            assertThat(peer.heard()).contains("MAIL FROM:<from@sender.test>");
        }
    }

    @Test
    void whatIsWantedBack_isNotGivenToAHostWithoutDeliverBy() {
        try (var peer = new ScriptedPeer(hello("8BITMIME"))) {
            assertThat(said(deliver(peer, treated(by(100, DeliverBy.Mode.RETURN)))).getFirst())
                    .startsWith("554 5.4.7");
        }
    }

    @Test
    void whatIsWantedBackSoon_isNotGivenToAHostThatNeedsLonger() {
        try (var peer = new ScriptedPeer(hello("DELIVERBY 101"))) {
            assertThat(said(deliver(peer, treated(by(100, DeliverBy.Mode.RETURN)))).getFirst())
                    .isEqualTo(
                            "554 5.4.7 To be delivered within 100 s, and the host takes 101 s or"
                                    + " more");
        }
    }

    @Test
    void lmtp_deliversForGood_soItNeedsNoDeliverBy() {
        String script = taking(hello("8BITMIME")).replace("EHLO", "LHLO");
        try (var peer = new ScriptedPeer(script)) {
            RemoteSession session = hosts.session(peer, Protocol.LMTP, Hosts.LONG);
            assertThat(deliver(session, treated(by(100, DeliverBy.Mode.RETURN))))
                    .allMatch(Accepted.class::isInstance);
        }
    }

    @Test
    void internationalDomain_goesInALabels_toAHostWithoutSmtpUtf8() {
        var recipient =
                new Recipient(
                        TestMail.path("a@b\u00fccher.example"),
                        new Notify(true, false, true, false),
                        "utf-8;a@b\u00fccher.example");
        QueueEntry entry = TestMail.entry(UTF8, List.of(recipient));
        try (var peer = new ScriptedPeer(taking(hello("DSN")))) {
            assertThat(deliver(peer, entry)).allMatch(Accepted.class::isInstance);
            assertThat(peer.heard())
                    .contains(
                            "MAIL FROM:<from@sender.test>",
                            "RCPT TO:<a@xn--bcher-kva.example> NOTIFY=FAILURE"
                                    + " ORCPT=utf-8;a@b\\x{FC}cher.example");
        }
    }

    @Test
    void internationalLocalPart_isRefused_othersAreDelivered() {
        var recipients = TestMail.recipients("\u00e4@x.test", "b@x.test");
        try (var peer = new ScriptedPeer(taking(hello("8BITMIME")))) {
            List<String> said = said(deliver(peer, TestMail.entry(UTF8, recipients)));

            assertThat(said.getFirst()).startsWith("550 5.6.7");
            assertThat(said.getLast()).isEqualTo("250 taken");
            assertThat(peer.heard()).contains("RCPT TO:<b@x.test>");
        }
    }

    @Test
    void mailThatNeedsNoSmtpUtf8_goesWithoutIt() {
        QueueEntry entry = TestMail.entry(UTF8, TestMail.recipients("a@x.test"));
        try (var peer = new ScriptedPeer(taking(hello("8BITMIME")))) {
            assertThat(said(deliver(peer, entry))).containsExactly("250 taken");
        }
    }

    private static Treatment by(long seconds, DeliverBy.Mode mode) {
        var deadline = TestMail.NOW.plusSeconds(seconds);
        return Treatment.NONE.withDeliverBy(new DeliverBy(deadline, mode, false));
    }

    private static QueueEntry treated(Treatment treatment) {
        QueueEntry entry = TestMail.entry("a@x.test");
        var message =
                SpooledFixture.message(
                        entry.message().id().value(),
                        entry.message().envelope().withTreatment(treatment),
                        5_000);
        return new QueueEntry(message, entry.domain(), entry.recipients(), 0, entry.dueAt(), false);
    }

    private static String hello(String... keywords) {
        var hello = new StringBuilder("S: 220 mx.test ESMTP\nC: EHLO mta.test\n");
        hello.append("S: 250-mx.test\n");
        for (int i = 0; i < keywords.length; i++) {
            hello.append(i + 1 < keywords.length ? "S: 250-" : "S: 250 ").append(keywords[i]);
            hello.append('\n');
        }
        return hello.toString();
    }

    private static String taking(String hello) {
        return hello
                + """
                C: MAIL
                S: 250 ok
                C: RCPT
                S: 250 ok
                C: DATA
                S: 354 go
                D:
                S: 250 taken
                """;
    }

    private List<AttemptResult> deliver(ScriptedPeer peer, QueueEntry entry) {
        return deliver(hosts.session(peer), entry);
    }

    private static List<AttemptResult> deliver(RemoteSession session, QueueEntry entry) {
        Ending ending =
                new Transaction(
                                session,
                                entry,
                                new Leaving(
                                        new byte[0],
                                        entry.message().size(),
                                        () -> TestMail.body(TestMail.TEXT)),
                                TestMail.DEPARTURE)
                        .deliver();
        return ((Ending.Tried) ending).results();
    }

    private static List<String> said(List<AttemptResult> results) {
        return results.stream()
                .map(result ->
                        switch (result) {
                            case Accepted(_, var reply) -> reply.toString();
                            case AttemptResult.Refused(_, _, var reply) -> reply.toString();
                            case NotTried(var reply) -> reply.toString();
                            case AttemptResult.Overdue(var reply) -> reply.toString();
                            case AttemptResult.ConnectionLost lost -> lost.toString();
                        })
                .toList();
    }
}
