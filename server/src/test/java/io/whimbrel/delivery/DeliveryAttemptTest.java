package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.delivery.DeliveryAttempt.Departure;
import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.Recipient;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.Protocol;
import io.whimbrel.schedule.QueueEntry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(30)
final class DeliveryAttemptTest {
    private static final String HELLO =
            """
            S: 220 mx.test ESMTP
            C: EHLO mta.test
            S: 250-mx.test
            S: 250-PIPELINING
            S: 250-SIZE 10000
            S: 250-DSN
            S: 250-SMTPUTF8
            S: 250 8BITMIME
            """;
    private static final String PLAIN_HELLO =
            """
            S: 220 mx.test
            C: EHLO mta.test
            S: 250 mx.test
            """;

    private final Hosts hosts = new Hosts();

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void pipelining_oneRecipient_isAccepted() {
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL FROM:<from@sender.test> SIZE=5000
                                C: RCPT TO:<a@x.test>
                                C: DATA
                                S: 250 2.1.0 ok
                                S: 250 2.1.5 ok
                                S: 354 go
                                D:
                                S: 250 2.0.0 taken as 77
                                """)) {
            List<AttemptResult> results = deliver(peer, TestMail.entry("a@x.test"));

            assertThat(results).hasSize(1);
            assertThat(accepted(results.getFirst())).isEqualTo("250 2.0.0 taken as 77");
            assertThat(peer.texts()).containsExactly(TestMail.TEXT);
            peer.verify();
        }
    }

    @Test
    void withoutPipelining_waitsForEachAnswer() {
        try (var peer =
                new ScriptedPeer(
                        PLAIN_HELLO
                                + """
                                C: MAIL FROM:<from@sender.test>
                                S: 250 ok
                                C: RCPT TO:<a@x.test>
                                S: 250 ok
                                C: DATA
                                S: 354 go
                                D:
                                S: 250 taken
                                """)) {
            List<AttemptResult> results = deliver(peer, TestMail.entry("a@x.test"));

            assertThat(accepted(results.getFirst())).isEqualTo("250 taken");
            assertThat(peer.heard()).contains("MAIL FROM:<from@sender.test>");
            peer.verify();
        }
    }

    @Test
    void someRecipientsRefused_othersAreDelivered() {
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL
                                C: RCPT TO:<a@x.test>
                                C: RCPT TO:<b@x.test>
                                C: RCPT TO:<c@x.test>
                                C: DATA
                                S: 250 ok
                                S: 550 5.1.1 no such user
                                S: 250 ok
                                S: 452 4.2.2 full
                                S: 354 go
                                D:
                                S: 250 taken
                                """)) {
            List<AttemptResult> results =
                    deliver(peer, TestMail.entry("a@x.test", "b@x.test", "c@x.test"));

            assertThat(refused(results.get(0))).isEqualTo("RCPT 550 5.1.1 no such user");
            assertThat(accepted(results.get(1))).isEqualTo("250 taken");
            assertThat(refused(results.get(2))).isEqualTo("RCPT 452 4.2.2 full");
            peer.verify();
        }
    }

    @Test
    void allRecipientsRefusedAndDataTaken_sendsAnEmptyText() {
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 250 ok
                                S: 550 no
                                S: 354 go
                                D:
                                S: 554 no recipients
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 250 ok
                                S: 250 ok
                                S: 354 go
                                D:
                                S: 250 taken
                                """)) {
            RemoteSession session = hosts.session(peer);

            assertThat(refused(tried(session, TestMail.entry("a@x.test")).getFirst()))
                    .isEqualTo("RCPT 550 no");
            assertThat(accepted(tried(session, TestMail.entry("b@x.test")).getFirst()))
                    .isEqualTo("250 taken");
            assertThat(peer.texts()).containsExactly("", TestMail.TEXT);
            peer.verify();
        }
    }

    @Test
    void mailRefused_isResetBeforeTheNext() {
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 550 5.7.1 not you
                                S: 503 need MAIL
                                S: 503 need MAIL
                                C: RSET
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 250 ok
                                S: 250 ok
                                S: 250 ok
                                S: 354 go
                                D:
                                S: 250 taken
                                """)) {
            RemoteSession session = hosts.session(peer);

            assertThat(refused(tried(session, TestMail.entry("a@x.test")).getFirst()))
                    .isEqualTo("MAIL 550 5.7.1 not you");
            assertThat(accepted(tried(session, TestMail.entry("b@x.test")).getFirst()))
                    .isEqualTo("250 taken");
            peer.verify();
        }
    }

    @Test
    void mailRefusedWithoutPipelining_isResetToo() {
        try (var peer =
                new ScriptedPeer(
                        PLAIN_HELLO
                                + """
                                C: MAIL
                                S: 450 later
                                C: RSET
                                S: 250 ok
                                C: MAIL
                                S: 250 ok
                                C: RCPT
                                S: 250 ok
                                C: DATA
                                S: 451 4.3.0 not now
                                """)) {
            RemoteSession session = hosts.session(peer);

            assertThat(refused(tried(session, TestMail.entry("a@x.test")).getFirst()))
                    .isEqualTo("MAIL 450 later");
            assertThat(refused(tried(session, TestMail.entry("b@x.test")).getFirst()))
                    .isEqualTo("DATA 451 4.3.0 not now");
            assertThat(session.isOpen()).isTrue();
            peer.verify();
        }
    }

    @Test
    void endOfData_refused_isSaid() {
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 250 ok
                                S: 250 ok
                                S: 354 go
                                D:
                                S: 554 5.7.1 spam
                                """)) {
            assertThat(refused(deliver(peer, TestMail.entry("a@x.test")).getFirst()))
                    .isEqualTo("END_OF_DATA 554 5.7.1 spam");
        }
    }

    @Test
    void lmtp_answersForEachRecipient() {
        try (var peer =
                new ScriptedPeer(
                        """
                        S: 220 mx.test LMTP
                        C: LHLO mta.test
                        S: 250-mx.test
                        S: 250 PIPELINING
                        C: MAIL
                        C: RCPT TO:<a@x.test>
                        C: RCPT TO:<b@x.test>
                        C: RCPT TO:<c@x.test>
                        C: DATA
                        S: 250 ok
                        S: 250 ok
                        S: 550 unknown
                        S: 250 ok
                        S: 354 go
                        D:
                        S: 250 stored for a
                        S: 452 4.2.2 c is full
                        """)) {
            RemoteSession session = hosts.session(peer, Protocol.LMTP, Hosts.LONG);
            List<AttemptResult> results =
                    tried(session, TestMail.entry("a@x.test", "b@x.test", "c@x.test"));

            assertThat(accepted(results.get(0))).isEqualTo("250 stored for a");
            assertThat(refused(results.get(1))).isEqualTo("RCPT 550 unknown");
            assertThat(refused(results.get(2))).isEqualTo("END_OF_DATA 452 4.2.2 c is full");
            peer.verify();
        }
    }

    @Test
    void parameters_followToAHostThatKnowsThem() {
        var parameters =
                new MailParameters(BodyType.EIGHT_BIT_MIME, true, DsnReturn.HEADERS, "QQ+2B1");
        var recipient =
                new Recipient(
                        TestMail.path("a@x.test"),
                        new Notify(true, true, true, false),
                        "rfc822;b@x.test");
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 250 ok
                                S: 250 ok
                                S: 354 go
                                D:
                                S: 250 taken
                                """)) {
            AttemptResult result =
                    deliver(peer, TestMail.entry(parameters, List.of(recipient))).getFirst();

            assertThat(peer.heard())
                    .contains(
                            "MAIL FROM:<from@sender.test> SIZE=5000 BODY=8BITMIME SMTPUTF8"
                                    + " RET=HDRS ENVID=QQ+2B1",
                            "RCPT TO:<a@x.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@x.test");
            assertThat(((Accepted) result).peer().dsn()).isTrue();
        }
    }

    @Test
    void tooLarge_isNotTried() {
        try (var peer =
                new ScriptedPeer(
                        PLAIN_HELLO.replace("250 mx.test", "250-mx.test\nS: 250 SIZE 4999"))) {
            RemoteSession session = hosts.session(peer);

            assertThat(notTried(tried(session, TestMail.entry("a@x.test")).getFirst()))
                    .startsWith("552 5.3.4");
            assertThat(session.isOpen()).isTrue();
        }
    }

    @Test
    void utf8Header_toAHostWithoutSmtpUtf8_isNotTried() {
        var parameters =
                new MailParameters(BodyType.EIGHT_BIT_MIME, true, DsnReturn.UNSPECIFIED, "");
        QueueEntry entry = TestMail.entry(parameters, TestMail.recipients("a@x.test"));
        try (var peer = new ScriptedPeer(PLAIN_HELLO)) {
            BodySource body = TestMail.body("Subject: \u00e4\r\n\r\nbody\r\n");
            Ending ending = TestMail.deliver(hosts.session(peer), entry, body, TestMail.DEPARTURE);
            assertThat(notTried(results(ending).getFirst())).startsWith("550 5.6.7");
        }
    }

    @Test
    void bodyUnreadableFromTheStart_costsTheHostNothing() {
        try (var peer = new ScriptedPeer(HELLO)) {
            RemoteSession session = hosts.session(peer);
            Ending ending =
                    TestMail.deliver(
                            session,
                            TestMail.entry("a@x.test"),
                            () -> {
                                throw new IOException("segment 7: CRC");
                            },
                            TestMail.DEPARTURE);

            assertThat(notTried(results(ending).getFirst()))
                    .isEqualTo("451 4.3.0 the body cannot be read: segment 7: CRC");
            assertThat(session.isOpen()).isTrue();
        }
    }

    @Test
    void bodyUnreadableInTheMiddle_neverEndsTheText() {
        try (var peer =
                new ScriptedPeer(
                        HELLO
                                + """
                                C: MAIL
                                C: RCPT
                                C: DATA
                                S: 250 ok
                                S: 250 ok
                                S: 354 go
                                WAIT:
                                """)) {
            RemoteSession session = hosts.session(peer);
            BodySource first = TestMail.body("Subject: x\r\n");
            Ending ending =
                    TestMail.deliver(
                            session,
                            TestMail.entry("a@x.test"),
                            () -> {
                                byte[] part = first.nextPart();
                                if (part.length == 0) {
                                    throw new IOException("gone");
                                }
                                return part;
                            },
                            TestMail.DEPARTURE);

            assertThat(notTried(results(ending).getFirst())).contains("cannot be read: gone");
            assertThat(session.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"MAIL,0", "RCPT,1", "DATA,2", "END_OF_DATA,3"})
    void closedAtEachStage_isToldWithTheStage(Stage stage, int answers) {
        try (var peer = new ScriptedPeer(HELLO + answersThen(answers, "X:"))) {
            AttemptResult result = deliver(peer, TestMail.entry("a@x.test")).getFirst();

            assertThat(lost(result).stage()).isEqualTo(stage);
            assertThat(lost(result).peer().host()).startsWith("mx.test [127.0.0.1]");
        }
    }

    @ParameterizedTest
    @CsvSource({"MAIL,0", "RCPT,1", "DATA,2", "END_OF_DATA,3"})
    void silentAtEachStage_timesOut(Stage stage, int answers) {
        try (var peer = new ScriptedPeer(HELLO + answersThen(answers, "WAIT:"))) {
            RemoteSession session = hosts.session(peer, Protocol.SMTP, Hosts.SHORT);
            AttemptResult result = tried(session, TestMail.entry("a@x.test")).getFirst();

            assertThat(lost(result).stage()).isEqualTo(stage);
            assertThat(lost(result).detail()).isEqualTo("timed out after 300 ms");
            assertThat(session.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"MAIL,0", "RCPT,1", "DATA,2", "END_OF_DATA,3"})
    void drippingAtEachStage_timesOut(Stage stage, int answers) {
        try (var peer = new ScriptedPeer(HELLO + answersThen(answers, "DRIP: 250-xxx"))) {
            RemoteSession session = hosts.session(peer, Protocol.SMTP, Hosts.SHORT);
            AttemptResult result = tried(session, TestMail.entry("a@x.test")).getFirst();

            assertThat(lost(result).stage()).isEqualTo(stage);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"S: hello", "FLOOD: 200000", "S: 354 what"})
    void garbage_isALostConnection(String answer) {
        try (var peer = new ScriptedPeer(HELLO + answersThen(0, answer + "\nWAIT:"))) {
            AttemptResult result = deliver(peer, TestMail.entry("a@x.test")).getFirst();

            assertThat(lost(result).stage()).isEqualTo(Stage.MAIL);
        }
    }

    @Test
    void peerThatReadsNoMore_timesOutTheWrite() {
        String megabyte = "x".repeat(1023) + "\n";
        var big = new String[16];
        Arrays.fill(big, megabyte.repeat(1024));
        try (var peer = new ScriptedPeer(HELLO + answersThen(3, "STOP:").replace("D:\n", ""))) {
            RemoteSession session = hosts.session(peer, Protocol.SMTP, Hosts.SHORT);
            Ending ending =
                    TestMail.deliver(
                            session,
                            TestMail.entry("a@x.test"),
                            TestMail.body(big),
                            TestMail.DEPARTURE);

            assertThat(lost(results(ending).getFirst()).stage()).isEqualTo(Stage.DATA);
        }
    }

    @ParameterizedTest
    @CsvSource({"MAIL,0", "RCPT,1", "DATA,2", "END_OF_DATA,3"})
    void serviceClosing_endsTheSession(Stage stage, int answers) {
        try (var peer = new ScriptedPeer(HELLO + answersThen(answers, "S: 421 4.3.2 bye\nX:"))) {
            RemoteSession session = hosts.session(peer);
            AttemptResult result = tried(session, TestMail.entry("a@x.test")).getFirst();

            assertThat(refused(result)).isEqualTo(stage + " 421 4.3.2 bye");
            assertThat(session.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"X:", "XRST:", "C: MAIL\nS: 421 4.7.0 enough for one session\nX:"})
    void reusedSessionThatEnded_isNoAttempt(String ending) {
        try (var peer = new ScriptedPeer(HELLO + answersThen(3, "S: 250 ok\n" + ending))) {
            RemoteSession session = hosts.session(peer);
            tried(session, TestMail.entry("a@x.test"));

            assertThat(
                            TestMail.deliver(
                                    session,
                                    TestMail.entry("b@x.test"),
                                    TestMail.body(TestMail.TEXT),
                                    TestMail.DEPARTURE))
                    .isInstanceOf(Ending.SessionEnded.class);
            assertThat(session.isOpen()).isFalse();
        }
    }

    @Test
    void limitsThatLetItGoTooLongAgo_areAskedAnew_andNothingIsSent() {
        try (var peer = new ScriptedPeer(HELLO)) {
            RemoteSession session = hosts.session(peer);
            var now = new AtomicReference<>(TestMail.NOW);
            BodySource text = TestMail.body(TestMail.TEXT);
            BodySource slow =
                    () -> {
                        now.set(TestMail.NOW.plusNanos(10_001_000));
                        return text.nextPart();
                    };
            var departure = new Departure(now::get, TestMail.NOW.plusMillis(10));

            Ending ending = TestMail.deliver(session, TestMail.entry("a@x.test"), slow, departure);

            assertThat(ending).isEqualTo(new Ending.TooLate());
            assertThat(ending.isMailWritten()).isFalse();
            assertThat(session.isOpen()).isTrue();
            assertThat(peer.heard()).containsExactly("EHLO mta.test");
        }
    }

    @Test
    void lineEndingInAnAddress_isABugAndSendsNothing() {
        QueueEntry evil =
                TestMail.entry(
                        MailParameters.NONE,
                        List.of(
                                Recipient.of(
                                        new ForwardPath(
                                                "a@x.test>\r\nRCPT TO:<b@x.test",
                                                TestMail.path("a@x.test").domain()))));
        try (var peer = new ScriptedPeer(HELLO)) {
            RemoteSession session = hosts.session(peer);

            assertThatThrownBy(() ->
                            TestMail.deliver(
                                    session,
                                    evil,
                                    TestMail.body(TestMail.TEXT),
                                    TestMail.DEPARTURE))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(peer.heard()).containsExactly("EHLO mta.test");
        }
    }

    /// The group, so many positive answers to it (and the text, behind the third), then `rest`.
    private static String answersThen(int answers, String rest) {
        String[] all = {"S: 250 ok\n", "S: 250 ok\n", "S: 354 go\nD:\n"};
        var script = new StringBuilder("C: MAIL\nC: RCPT\nC: DATA\n");
        for (int i = 0; i < answers; i++) {
            script.append(all[i]);
        }
        return script.append(rest).append('\n').toString();
    }

    private List<AttemptResult> deliver(ScriptedPeer peer, QueueEntry entry) {
        return tried(hosts.session(peer), entry);
    }

    static List<AttemptResult> tried(RemoteSession session, QueueEntry entry) {
        return results(
                TestMail.deliver(
                        session,
                        entry,
                        TestMail.body("Subject: x\r\n\r\n.hid", "den\r\nbody\r\n"),
                        TestMail.DEPARTURE));
    }

    private static List<AttemptResult> results(Ending ending) {
        return ((Ending.Tried) ending).results();
    }

    private static String accepted(AttemptResult result) {
        assertThat(result).isInstanceOf(Accepted.class);
        return ((Accepted) result).reply().toString();
    }

    private static String refused(AttemptResult result) {
        assertThat(result).isInstanceOf(Refused.class);
        var refused = (Refused) result;
        return refused.stage() + " " + refused.reply();
    }

    private static String notTried(AttemptResult result) {
        assertThat(result).isInstanceOf(NotTried.class);
        return ((NotTried) result).reply().toString();
    }

    private static ConnectionLost lost(AttemptResult result) {
        assertThat(result).isInstanceOf(ConnectionLost.class);
        return (ConnectionLost) result;
    }
}
