package io.whimbrel.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.Treatment;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.reaction.Advice;
import io.whimbrel.reaction.Advice.Next;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.SpoolRecord.Deferred;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpoolRecord.Settled;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

final class VerdictsTest {
    private static final Instant SOON = Mail.RECEIVED.plusSeconds(2);
    private static final Instant LATE = Mail.RECEIVED.plus(Duration.ofHours(4));
    private static final Instant OVER = Mail.RECEIVED.plus(Duration.ofDays(5));

    @Test
    void accepted_settlesAsDelivered() {
        Consequences consequences = decide(SOON, Mail.attempt(Mail.entry(1), Mail.accepted()));

        Settled settled = onlySettled(consequences);
        assertThat(settled.disposition()).isEqualTo(Disposition.DELIVERED);
        assertThat(settled.at()).isEqualTo(SOON);
        assertThat(settled.attempt()).isEqualTo(1);
        assertThat(settled.facts().peer()).isEqualTo("mx.example.net [192.0.2.1]");
        assertThat(settled.facts().enhanced()).isEqualTo("2.1.5");
        assertThat(settled.facts().tls()).isEqualTo("TLSv1.3 AES");
        assertThat(settled.facts().source()).isEqualTo("s1");
        assertThat(settled.facts().site()).isEqualTo("mx.example.net");
        assertThat(consequences.retries()).isEmpty();
        assertThat(consequences.notices()).isEmpty();
    }

    @Test
    void accepted_byAllOfManyRecipients_isOneRecord() {
        var results = new AttemptResult[100];
        for (int i = 0; i < results.length; i++) {
            results[i] = new Accepted(Mail.PEER, SmtpReply.of(250, 2, 0, 0, "Ok"));
        }
        Consequences consequences = decide(SOON, Mail.attempt(Mail.entry(100), results));

        assertThat(onlySettled(consequences).recipients()).isEqualTo(RecipientNumbers.all(100));
    }

    @ParameterizedTest
    @CsvSource({"MAIL", "RCPT", "DATA", "END_OF_DATA"})
    void fiveHundred_inTheTransaction_bounces(Stage stage) {
        Settled settled = onlySettled(decideOne(SOON, Mail.refused(stage, 550, "no")));

        assertThat(settled.disposition()).isEqualTo(Disposition.BOUNCED);
        assertThat(settled.facts().code()).isEqualTo(550);
        assertThat(settled.facts().enhanced()).isEqualTo("5.0.0");
    }

    @ParameterizedTest
    @CsvSource({"CONNECT", "GREETING", "EHLO", "TLS"})
    void fiveHundred_beforeTheTransaction_defers(Stage stage) {
        assertThat(onlyDeferred(decideOne(SOON, Mail.refused(stage, 554, "no"))).attempt())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(Stage.class)
    void fourHundred_atAnyStage_defers(Stage stage) {
        Consequences consequences = decideOne(SOON, Mail.refused(stage, 451, "later"));

        Deferred deferred = onlyDeferred(consequences);
        assertThat(deferred.facts().enhanced()).isEqualTo("4.0.0");
        assertThat(deferred.isDelayNotified()).isFalse();
        assertThat(deferred.isPossibleDuplicate()).isFalse();
        assertThat(deferred.dueAt()).isAfter(SOON);
        assertThat(consequences.retries())
                .singleElement()
                .satisfies(retry -> assertThat(retry.dueAt()).isEqualTo(deferred.dueAt()))
                .satisfies(retry -> assertThat(retry.attempts()).isEqualTo(1));
    }

    @Test
    void answerOutOfPlace_defers() {
        Consequences consequences = decideOne(SOON, Mail.refused(Stage.RCPT, 354, "go on"));

        assertThat(onlyDeferred(consequences).facts().enhanced()).isEqualTo("4.5.0");
    }

    @Test
    void connectionLost_defersAndNamesTheStage() {
        var connect = onlyDeferred(decideOne(SOON, Mail.lost(Stage.CONNECT))).facts();
        var rcpt = onlyDeferred(decideOne(SOON, Mail.lost(Stage.RCPT))).facts();

        assertThat(connect.enhanced()).isEqualTo("4.4.1");
        assertThat(connect.text()).isEqualTo("read timed out");
        assertThat(connect.code()).isZero();
        assertThat(rcpt.enhanced()).isEqualTo("4.4.2");
        assertThat(rcpt.text()).isEqualTo("connection lost at RCPT: read timed out");
    }

    @ParameterizedTest
    @EnumSource(Stage.class)
    void connectionLost_isAPossibleDuplicateAtEndOfDataOnly(Stage stage) {
        assertThat(onlyDeferred(decideOne(SOON, Mail.lost(stage))).isPossibleDuplicate())
                .isEqualTo(stage == Stage.END_OF_DATA);
    }

    @Test
    void notTried_followsItsCode() {
        var noMail = new NotTried(SmtpReply.of(556, 5, 1, 10, "null MX"));
        var noDns = new NotTried(SmtpReply.of(451, 4, 4, 3, "no answer from DNS"));

        assertThat(onlySettled(decideOne(SOON, noMail)).disposition())
                .isEqualTo(Disposition.BOUNCED);
        assertThat(onlySettled(decideOne(SOON, noMail)).facts().peer()).isEmpty();
        assertThat(onlyDeferred(decideOne(SOON, noDns)).facts().enhanced()).isEqualTo("4.4.3");
    }

    @Test
    void transientFailure_afterLifetime_expires() {
        Settled settled = onlySettled(decideOne(OVER, Mail.refused(Stage.RCPT, 450, "later")));

        assertThat(settled.disposition()).isEqualTo(Disposition.EXPIRED);
        assertThat(settled.facts().text()).isEqualTo("later");
    }

    @Test
    void success_afterLifetime_isDelivered() {
        assertThat(onlySettled(decideOne(OVER, Mail.accepted())).disposition())
                .isEqualTo(Disposition.DELIVERED);
    }

    @ParameterizedTest
    @ValueSource(ints = {452, 552})
    void tooManyRecipients_withProgress_isDueAtOnce(int code) {
        var full = new Refused(Mail.PEER, Stage.RCPT, SmtpReply.of(code, 4, 5, 3, "enough"));
        Consequences consequences =
                decide(SOON, Mail.attempt(Mail.entry(3), Mail.accepted(), full, full));

        assertThat(consequences.retries())
                .singleElement()
                .satisfies(retry -> assertThat(retry.dueAt()).isEqualTo(SOON))
                .satisfies(retry ->
                        assertThat(retry.recipients()).isEqualTo(RecipientNumbers.of(1, 2)));
    }

    @Test
    void tooManyRecipients_inWords_isTransient() {
        Consequences consequences =
                decideOne(SOON, Mail.refused(Stage.RCPT, 552, "Error: Too Many Recipients"));

        // Nobody was accepted, so an immediate retry could go on for ever.
        assertThat(onlyDeferred(consequences).dueAt()).isAfter(SOON.plusSeconds(60));
    }

    @Test
    void mailboxFull_with552_bounces() {
        var full = new Refused(Mail.PEER, Stage.RCPT, SmtpReply.of(552, 5, 2, 2, "full"));

        assertThat(onlySettled(decideOne(SOON, full)).disposition()).isEqualTo(Disposition.BOUNCED);
    }

    @Test
    void differentRepliesWithTheSameFuture_areRetriedTogether() {
        Consequences consequences =
                decide(
                        SOON,
                        Mail.attempt(
                                Mail.entry(4),
                                Mail.refused(Stage.RCPT, 450, "user0 later"),
                                Mail.accepted(),
                                Mail.refused(Stage.RCPT, 450, "user2 later"),
                                Mail.refused(Stage.RCPT, 450, "user0 later")));

        assertThat(consequences.records()).hasSize(3);
        assertThat(consequences.retries())
                .singleElement()
                .extracting(QueueEntry::recipients)
                .isEqualTo(RecipientNumbers.of(0, 2, 3));
    }

    @Test
    void delayNotice_isWrittenOnce() {
        var later = Mail.refused(Stage.RCPT, 450, "later");
        Consequences early = decideOne(LATE.minusSeconds(1), later);
        Consequences first = decideOne(LATE, later);
        QueueEntry retry = first.retries().getFirst();
        Consequences second = decide(LATE.plusSeconds(600), Mail.attempt(retry, later));

        assertThat(early.notices()).isEmpty();
        assertThat(first.notices()).extracting(Notice::kind).containsExactly(Notice.Kind.DELAYED);
        assertThat(onlyDeferred(first).isDelayNotified()).isTrue();
        assertThat(second.notices()).isEmpty();
        assertThat(onlyDeferred(second).isDelayNotified()).isTrue();
        assertThat(onlyDeferred(second).attempt()).isEqualTo(2);
    }

    @Test
    void delayNotice_toSomeOnly_keepsTheOthersUntold() {
        Envelope envelope =
                Mail.envelope(
                        Mail.recipient("a@example.net", Notify.DEFAULT),
                        Mail.recipient("b@example.net", Notify.NEVER));
        var later = Mail.refused(Stage.MAIL, 450, "later");
        Consequences consequences =
                decide(LATE, Mail.attempt(Mail.entry(envelope, 3, false), later, later));

        assertThat(consequences.notices()).extracting(Notice::number).containsExactly(0);
        assertThat(consequences.retries())
                .extracting(QueueEntry::isDelayNotified)
                .containsExactly(true, false);
    }

    /// Columns: policy, NOTIFY, sender is null, then whether failure, delay and relay are told.
    @ParameterizedTest
    @CsvSource({
        "FULL,    '',              false, true,  true,  false",
        "FULL,    NEVER,           false, false, false, false",
        "FULL,    SUCCESS,         false, false, false, true",
        "FULL,    FAILURE,         false, true,  false, false",
        "FULL,    DELAY,           false, false, true,  false",
        "FULL,    SUCCESS FAILURE, false, true,  false, true",
        "FULL,    '',              true,  false, false, false",
        "FULL,    SUCCESS FAILURE, true,  false, false, false",
        "FAILURE, '',              false, true,  false, false",
        "FAILURE, SUCCESS DELAY,   false, false, false, false",
        "FAILURE, SUCCESS FAILURE, false, true,  false, false",
        "NEVER,   '',              false, false, false, false",
        "NEVER,   SUCCESS FAILURE, false, false, false, false",
    })
    void notices_followPolicyParameterAndSender(
            DsnPolicy policy,
            String parameter,
            boolean isNullSender,
            boolean isFailureTold,
            boolean isDelayTold,
            boolean isRelayTold) {
        Notify notify =
                parameter.isEmpty()
                        ? Notify.DEFAULT
                        : new Notify(
                                true,
                                parameter.contains("SUCCESS"),
                                parameter.contains("FAILURE"),
                                parameter.contains("DELAY"));
        Envelope envelope =
                Mail.envelope(
                        isNullSender ? "" : "news@shop.example",
                        policy,
                        MailParameters.NONE,
                        Mail.recipient("a@example.net", notify));
        QueueEntry entry = Mail.entry(envelope, 0, false);
        var bounce = decide(SOON, Mail.attempt(entry, Mail.refused(Stage.RCPT, 550, "no")));
        var expiry = decide(OVER, Mail.attempt(entry, Mail.refused(Stage.RCPT, 450, "no")));
        var delay = decide(LATE, Mail.attempt(entry, Mail.refused(Stage.RCPT, 450, "no")));
        var relay = decide(SOON, Mail.attempt(entry, Mail.accepted()));

        assertThat(!bounce.notices().isEmpty()).as("bounce").isEqualTo(isFailureTold);
        assertThat(!expiry.notices().isEmpty()).as("expiry").isEqualTo(isFailureTold);
        assertThat(!delay.notices().isEmpty()).as("delay").isEqualTo(isDelayTold);
        assertThat(!relay.notices().isEmpty()).as("relay").isEqualTo(isRelayTold);
    }

    @Test
    void successNotice_isLeftToAPeerThatOffersDsn() {
        var notify = new Notify(true, true, false, false);
        Envelope envelope =
                Mail.envelope(
                        Mail.recipient("a@example.net", notify),
                        Mail.recipient("b@example.net", notify));
        var able = new Accepted(new Peer("mx.example.net", "", true), Mail.OK);
        Consequences consequences =
                decide(SOON, Mail.attempt(Mail.entry(envelope, 0, false), able, Mail.accepted()));

        assertThat(consequences.notices()).extracting(Notice::number).containsExactly(1);
    }

    @Test
    void longText_isCut() {
        var reply = Mail.refused(Stage.RCPT, 550, "x".repeat(1023) + "\ud83d\ude00 and more");

        assertThat(onlySettled(decideOne(SOON, reply)).facts().text()).isEqualTo("x".repeat(1023));
    }

    @Test
    void overdue_expires_howeverYoung() {
        var reply = SmtpReply.of(554, 5, 4, 7, "late");
        Consequences consequences = decideOne(SOON, new AttemptResult.Overdue(reply));

        assertThat(onlySettled(consequences).disposition()).isEqualTo(Disposition.EXPIRED);
        assertThat(consequences.notices())
                .extracting(Notice::kind)
                .containsExactly(Notice.Kind.EXPIRED);
    }

    @Test
    void deadline_boundsTheRetries() {
        Instant end = SOON.plusSeconds(60);
        var expiring = treated(Treatment.NONE.withExpiresAt(end));
        var wantedBack = treated(by(end, DeliverBy.Mode.RETURN));

        for (QueueEntry entry : List.of(expiring, wantedBack)) {
            var refused = Mail.attempt(entry, Mail.refused(Stage.RCPT, 450, "later"));
            assertThat(onlyDeferred(decide(SOON, refused)).dueAt()).isEqualTo(end);
            assertThat(onlySettled(decide(end, refused)).disposition())
                    .isEqualTo(Disposition.EXPIRED);
        }
    }

    @Test
    void lifetime_beginsAtTheRelease() {
        var entry = treated(Treatment.NONE.withNotBefore(OVER));
        var refused = Mail.attempt(entry, Mail.refused(Stage.RCPT, 450, "later"));

        Consequences consequences = decide(OVER.plusSeconds(2), refused);
        assertThat(consequences.notices()).isEmpty();
        assertThat(onlyDeferred(consequences).dueAt()).isAfter(OVER);
        assertThat(onlySettled(decide(OVER.plus(Duration.ofDays(5)), refused)).disposition())
                .isEqualTo(Disposition.EXPIRED);
    }

    @Test
    void deadlineToNotify_isTheTimeOfTheDelayNotice() {
        Instant deadline = SOON.plusSeconds(60);
        var entry = treated(by(deadline, DeliverBy.Mode.NOTIFY));
        var refused = Mail.attempt(entry, Mail.refused(Stage.RCPT, 450, "later"));

        Consequences before = decide(SOON, refused);
        assertThat(before.notices()).isEmpty();
        assertThat(onlyDeferred(before).dueAt()).isEqualTo(deadline);
        Consequences after = decide(deadline, refused);
        assertThat(after.notices()).extracting(Notice::kind).containsExactly(Notice.Kind.DELAYED);
        assertThat(onlyDeferred(after).dueAt()).isAfter(deadline);
    }

    @Test
    void deadlineToNotify_thatHadPassedBefore_changesNothing() {
        var entry = treated(by(Mail.RECEIVED, DeliverBy.Mode.NOTIFY));
        var refused = Mail.attempt(entry, Mail.refused(Stage.RCPT, 450, "later"));

        assertThat(decide(SOON, refused).notices()).isEmpty();
        assertThat(decide(LATE, refused).notices()).hasSize(1);
    }

    @Test
    void traced_isToldOfEachHost_butWhoWantsNoReports() {
        var able = new Accepted(new Peer("mx.example.net", "", true), Mail.OK);
        var traced = Treatment.NONE.withDeliverBy(new DeliverBy(LATE, DeliverBy.Mode.NOTIFY, true));
        var never = Mail.envelope(Mail.recipient("a@example.net", Notify.NEVER));

        assertThat(decide(SOON, Mail.attempt(treated(traced), able)).notices())
                .extracting(Notice::kind)
                .containsExactly(Notice.Kind.TRACED);
        QueueEntry silent = Mail.entry(never.withTreatment(traced), 0, false);
        assertThat(decide(SOON, Mail.attempt(silent, able)).notices()).isEmpty();
    }

    @Test
    void recipientsBeyondTheLimitsOfAHost_areTriedNext() {
        var later = new NotTried(SmtpReply.of(452, 4, 5, 3, "Too many recipients"));
        Consequences consequences =
                decide(SOON, Mail.attempt(Mail.entry(2), Mail.accepted(), later));

        assertThat(consequences.retries())
                .singleElement()
                .satisfies(retry -> assertThat(retry.dueAt()).isEqualTo(SOON));
    }

    @Test
    void delayOfARule_holdsAfterTheFirstTry_laterTheScheduleWhereItIsLonger() {
        Duration delay = Duration.ofMinutes(30);
        var advice = new Next.DelayMessage(delay);
        Instant late = Mail.RECEIVED.plus(Duration.ofHours(12));

        assertThat(onlyDeferred(advised(0, SOON, advice)).dueAt()).isEqualTo(SOON.plus(delay));
        assertThat(onlyDeferred(advised(1, LATE, advice)).dueAt()).isEqualTo(LATE.plus(delay));
        assertThat(onlyDeferred(advised(7, late, advice)).dueAt())
                .isEqualTo(late.plus(Duration.ofHours(4)));
    }

    @Test
    void delayOfARule_beyondTheLife_endsThere() {
        Instant nearly = OVER.minusSeconds(60);
        var advice = new Next.DelayMessage(Duration.ofHours(2));

        assertThat(onlyDeferred(advised(0, nearly, advice)).dueAt()).isEqualTo(OVER);
        assertThat(onlySettled(advised(0, OVER, advice)).disposition())
                .isEqualTo(Disposition.EXPIRED);
    }

    @Test
    void triesAtOnce_areThree_andNoStepsOfTheSchedule() {
        for (Next next : List.of(new Next.RetryElsewhere(false), new Next.Reconnect())) {
            for (int attempts = 0; attempts < 3; attempts++) {
                assertThat(onlyDeferred(advised(attempts, SOON, next)).dueAt()).isEqualTo(SOON);
            }
            Deferred fourth = onlyDeferred(advised(3, SOON, next));
            assertThat(fourth.attempt()).isEqualTo(4);
            assertThat(fourth.dueAt()).isEqualTo(SOON.plus(Duration.ofMinutes(5)));
            Instant later = fourth.dueAt();
            assertThat(onlyDeferred(advised(4, later, next)).dueAt())
                    .isEqualTo(later.plus(Duration.ofMinutes(10)));
        }
    }

    @Test
    void schedule_goesOnWhereItWasAfterTriesAtOnce() {
        Instant fiveMinutes = SOON.plus(Duration.ofMinutes(5));
        assertThat(onlyDeferred(advised(4, fiveMinutes, new Next.None())).dueAt())
                .isEqualTo(fiveMinutes.plus(Duration.ofMinutes(10)));
        assertThat(onlyDeferred(advised(4, LATE, new Next.None())).dueAt())
                .isEqualTo(LATE.plus(Duration.ofMinutes(80)));
        assertThat(onlyDeferred(advised(6, SOON, new Next.None())).dueAt())
                .isEqualTo(SOON.plus(Duration.ofMinutes(40)));
    }

    private static Consequences advised(int attempts, Instant now, Next next) {
        AttemptResult refused = Mail.refused(Stage.RCPT, 451, "later");
        return decide(
                now,
                new Attempt(
                        Mail.entry(Mail.envelopeOf(1), attempts, true),
                        "mx.example.net",
                        "s1",
                        List.of(refused),
                        Map.of(refused, new Advice(next, "r", "x.toml:1")),
                        Optional.empty()));
    }

    private static QueueEntry treated(Treatment treatment) {
        return Mail.entry(Mail.envelopeOf(1).withTreatment(treatment), 0, false);
    }

    private static Treatment by(Instant deadline, DeliverBy.Mode mode) {
        return Treatment.NONE.withDeliverBy(new DeliverBy(deadline, mode, false));
    }

    private static Consequences decideOne(Instant now, AttemptResult result) {
        return decide(now, Mail.attempt(Mail.entry(1), result));
    }

    private static Consequences decide(Instant now, Attempt attempt) {
        return Verdicts.decide(attempt, RetrySchedule.DEFAULT, now, () -> 0.5);
    }

    private static Settled onlySettled(Consequences consequences) {
        assertThat(consequences.records()).hasSize(1);
        return (Settled) consequences.records().getFirst();
    }

    private static Deferred onlyDeferred(Consequences consequences) {
        assertThat(consequences.records()).hasSize(1);
        assertThat(consequences.retries()).hasSize(1);
        return (Deferred) consequences.records().getFirst();
    }
}
