package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.smtp.SmugglingTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

class SmtpConnectionTest {
    static final List<String> ENDINGS = SmugglingTest.ENDINGS;

    private static final String SMUGGLED = SmugglingTest.SMUGGLED + "QUIT\r\n";

    @ParameterizedTest
    @FieldSource("ENDINGS")
    void smuggledMessage_isNeverTaken_inOnePacket(String ending) throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            talk.send("Subject: x\r\n\r\nfirst" + ending + SMUGGLED);
            talk.expect("554 5.6.0");
            talk.expectClosed();
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @ParameterizedTest
    @FieldSource("ENDINGS")
    void smuggledMessage_isNeverTaken_byteByByte(String ending) throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            for (char c : ("first" + ending + SMUGGLED).toCharArray()) {
                talk.send(new byte[] {(byte) c});
            }
            talk.expect("554 5.6.0");
            talk.expectClosed();
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @ParameterizedTest
    @FieldSource("ENDINGS")
    void smuggledMessage_isNeverTaken_byBdat(String ending) throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<sender@example.com>", "250");
            talk.command("RCPT TO:<a@example.org>", "250");
            String message = "first" + ending + SMUGGLED;
            talk.send("BDAT " + message.length() + " LAST\r\n" + message + SMUGGLED);
            talk.expect("554 5.6.0");
            talk.expectClosed();
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @Test
    void properEnd_isTheControlOfTheSmugglingTests() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            talk.send("first\r\n.\r\n" + SMUGGLED);
            talk.expect("250 2.0.0 queued as");
            talk.expect("250 2.1.0");
            talk.expect("250 2.1.5");
            talk.expect("354");
            talk.expect("250 2.0.0 queued as");
            talk.expect("221");
            assertThat(reception.mail.stored()).hasSize(2);
        }
    }

    @Test
    void envelope_isWhatTheClientSaid() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<s@example.com> RET=HDRS ENVID=q+2Bx BODY=8BITMIME", "250");
            talk.command("RCPT TO:<a@Example.org> NOTIFY=DELAY,SUCCESS ORCPT=rfc822;x+40y", "250");
            talk.command("RCPT TO:<b@example.net>", "250");
            talk.command("DATA", "354");
            talk.send("X-Campaign: spring\r\n\r\nx\r\n.\r\n");
            talk.expect("250");
            var envelope = reception.onlyMessage().envelope();
            assertThat(envelope.reversePath().address()).isEqualTo("s@example.com");
            assertThat(envelope.parameters())
                    .isEqualTo(
                            new MailParameters(
                                    BodyType.EIGHT_BIT_MIME, false, DsnReturn.HEADERS, "q+2Bx"));
            var first = envelope.recipients().getFirst();
            assertThat(first.path().domain().value()).isEqualTo("example.org");
            assertThat(first.notice()).isEqualTo(new Notify(true, true, false, true));
            assertThat(first.originalRecipient()).isEqualTo("rfc822;x+40y");
            assertThat(envelope.recipients().get(1).notice()).isEqualTo(Notify.DEFAULT);
            assertThat(envelope.stream().campaign()).isEqualTo("spring");
            assertThat(envelope.stream().tenant()).isEqualTo("shop");
            assertThat(envelope.receivedAt()).isEqualTo(reception.clock.instant());
            assertThat(reception.onlyMessage().origin()).isEqualTo("[127.0.0.1]");
            assertThat(reception.metrics.messagesAccepted.get()).isEqualTo(1);
            assertThat(reception.metrics.recipientsAccepted.get()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bodyType_is8bit_onlyWhereSuchBytesWereSeenOrDeclared(boolean isEightBit)
            throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            talk.send(isEightBit ? "grün\r\n.\r\n" : "gruen\r\n.\r\n");
            talk.expect("250");
            talk.command("MAIL FROM:<>", "250");
            talk.command("RCPT TO:<a@example.org>", "250");
            talk.send(isEightBit ? "BDAT 5 LAST\r\ngrün" : "BDAT 5 LAST\r\ngruen");
            talk.expect("250");
            BodyType expected = isEightBit ? BodyType.EIGHT_BIT_MIME : BodyType.SEVEN_BIT;
            assertThat(reception.mail.stored())
                    .allMatch(mail -> mail.envelope().parameters().bodyType() == expected);
        }
    }

    @Test
    void bigMessage_arrivesByteForByte() throws IOException {
        var body = new StringBuilder();
        for (int i = 0; i < 60_000; i++) {
            body.append(i % 7 == 0 ? ".." : "").append("line ").append(i).append("\r\n");
        }
        body.append("x".repeat(300_000)).append("\r\n");
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            talk.send(body + ".\r\n");
            talk.expect("250");
            String expected = body.toString().replace("\r\n..", "\r\n.").substring(1);
            assertThat(reception.onlyMessage().sent()).isEqualTo(expected);
        }
    }

    @Test
    void thousandRecipients_inOnePacket() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            var commands = new StringBuilder("MAIL FROM:<s@example.com>\r\n");
            for (int i = 0; i < 1_001; i++) {
                commands.append("RCPT TO:<user").append(i).append("@example.org>\r\n");
            }
            Thread sender =
                    Thread.ofVirtual().start(() -> sendUnchecked(talk, commands + "DATA\r\n"));
            for (int i = 0; i < 1_001; i++) {
                talk.expect("250");
            }
            talk.expect("452 4.5.3");
            talk.expect("354");
            talk.command(".", "250");
            joinUnchecked(sender);
            var recipients = reception.onlyMessage().envelope().recipients();
            assertThat(recipients).hasSize(1_000);
            assertThat(recipients.get(700).path().address()).isEqualTo("user700@example.org");
        }
    }

    @Test
    void message_thatHasGoneInCircles_isRefused() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            talk.send("Received: x\r\n".repeat(101) + "\r\n.\r\n");
            talk.expect("554 5.4.6");
            talk.openData("a@example.org");
            talk.send("Received: x\r\n".repeat(100) + "\r\n.\r\n");
            talk.expect("250");
        }
    }

    @Test
    void refusalOfTheStore_isTheAnswer_andTheSessionGoesOn() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            reception.mail.refuseWith(SmtpReply.of(452, 4, 3, 1, "Disk full"));
            talk.openData("a@example.org");
            talk.command(".", "452 4.3.1 Disk full");
            talk.command("NOOP", "250");
            assertThat(reception.metrics.messagesAccepted.get()).isZero();
        }
    }

    @Test
    void errors_areForgotten_onceAMessageIsTaken() throws IOException {
        try (var reception =
                        TestReception.start(
                                TestReception.EVERYBODY, TestReception.limits(1_000, 10, 3));
                var talk = reception.greeted()) {
            for (int message = 0; message < 5; message++) {
                talk.command("RCPT TO:<nobody>", "503");
                talk.command("WHAT", "500");
                talk.openData("a@example.org");
                talk.command("x\r\n.", "250 2.0.0 queued as");
            }
            talk.command("WHAT", "500");
            talk.command("WHAT", "500");
            talk.command("WHAT", "421 4.7.0");
            talk.expectClosed();
        }
    }

    @Test
    void refusedRecipients_ofAClientThatMayRelay_doNotEndItsSession() throws IOException {
        try (var reception =
                        TestReception.start(
                                TestReception.EVERYBODY, TestReception.limits(1_000, 10, 3));
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<sender@example.com>", "250");
            for (int i = 0; i < 9; i++) {
                talk.command("RCPT TO:<mal formed@example.org>", "501");
            }
            talk.command("RCPT TO:<a@example.org>", "250");
            talk.command("DATA", "354");
            talk.command("x\r\n.", "250 2.0.0 queued as");
            talk.command("MAIL FROM:<sender@example.com>", "250");
            for (int i = 0; i < 10; i++) {
                talk.command("RCPT TO:<mal formed@example.org>", "501");
            }
            talk.command("RCPT TO:<mal formed@example.org>", "421 4.7.0");
            talk.expectClosed();
            assertThat(reception.onlyMessage().envelope().recipients()).hasSize(1);
        }
    }

    @Test
    void refusedRecipients_ofAStranger_endItsSession() throws IOException {
        try (var reception =
                        TestReception.start(
                                TestReception.NOBODY, TestReception.limits(1_000, 10, 3));
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<sender@example.com>", "250");
            talk.command("RCPT TO:<a@example.org>", "550");
            talk.command("RCPT TO:<b@example.org>", "550");
            talk.command("RCPT TO:<c@example.org>", "421 4.7.0");
            talk.expectClosed();
        }
    }

    @Test
    void recipientNamedTwice_getsTheMessageOnce_asNamedFirst() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<s@example.com>", "250");
            talk.command("RCPT TO:<a@Example.org> NOTIFY=NEVER", "250");
            talk.command("RCPT TO:<A@example.org>", "250");
            talk.command("RCPT TO:<a@example.ORG> NOTIFY=SUCCESS", "250");
            talk.command("RCPT TO:<a@example.net>", "250");
            talk.command("DATA", "354");
            talk.command("x\r\n.", "250");
            var recipients = reception.onlyMessage().envelope().recipients();
            assertThat(recipients)
                    .extracting(recipient -> recipient.path().address())
                    .containsExactly("a@Example.org", "A@example.org", "a@example.net");
            assertThat(recipients.getFirst().notice()).isEqualTo(Notify.NEVER);
            assertThat(reception.metrics.recipientsAccepted.get()).isEqualTo(3);
        }
    }

    @Test
    void nextTransaction_behindTheLastChunk_isTaken() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            String message =
                    String.join(
                            "\r\n",
                            "MAIL FROM:<s@example.com>",
                            "RCPT TO:<a@example.org>",
                            "BDAT 3",
                            "x",
                            "BDAT 3 LAST",
                            "y",
                            "");
            talk.send(message + message + "QUIT\r\n");
            for (int i = 0; i < 2; i++) {
                talk.expect("250 2.1.0");
                talk.expect("250 2.1.5");
                talk.expect("250 2.0.0 3 octets received");
                talk.expect("250 2.0.0 queued as");
            }
            talk.expect("221");
            assertThat(reception.mail.stored()).hasSize(2);
        }
    }

    @Test
    void bug_isAnswered421_andCounted() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            reception.mail.beforeAccept(() -> {
                throw new IllegalStateException("made by the test");
            });
            talk.openData("a@example.org");
            talk.command(".", "421 4.3.0");
            talk.expectClosed();
            assertThat(reception.metrics.bugs.get()).isEqualTo(1);
            assertThat(reception.mail.open()).isZero();
        }
    }

    @Test
    void disconnect_inTheMiddleOfData_leavesNothing() throws Exception {
        try (var reception = TestReception.start()) {
            for (String sent : List.of("", "Subject: x\r\n", "x\r\n.", "x\r\n.\r")) {
                try (var talk = reception.greeted()) {
                    talk.openData("a@example.org");
                    talk.send(sent);
                    talk.shutdownOutput();
                    talk.expectClosed();
                }
                try (var talk = reception.greeted()) {
                    talk.command("MAIL FROM:<>", "250");
                    talk.command("RCPT TO:<a@example.org>", "250");
                    talk.send("BDAT 3\r\nx\r\nBDAT 100 LAST\r\n" + sent);
                    talk.expect("250");
                    talk.shutdownOutput();
                    talk.expectClosed();
                }
            }
            reception.reception.close(Duration.ofSeconds(5));
            assertThat(reception.mail.stored()).isEmpty();
            assertThat(reception.mail.open()).isZero();
        }
    }

    @Test
    void idleClient_isTimedOut_afterTheCommandTimeout() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.command("NOOP", "250");
            advance(reception, Duration.ofMinutes(5).minusSeconds(1));
            talk.command("NOOP", "250");
            assertThat(advanceUntilReply(reception, talk)).isBetween(5, 55);
            talk.expect("421 4.4.2");
            talk.expectClosed();
        }
    }

    @Test
    void slowData_isTimedOut_afterTheDataTimeout() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.openData("a@example.org");
            talk.send("Subject: x\r\n");
            assertThat(advanceUntilReply(reception, talk)).isBetween(3, 55);
            talk.expect("421 4.4.2");
            talk.expectClosed();
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @Test
    void session_isEnded_afterItsLongest_howeverBusy() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            for (int minute = 0; minute < 60; minute += 4) {
                talk.command("NOOP", "250");
                advance(reception, Duration.ofMinutes(4));
            }
            talk.expect("421 4.4.2");
            talk.expectClosed();
        }
    }

    @Test
    void transactionUnderWay_isNotCutByTheSessionsLimit() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            for (int minute = 0; minute < 56; minute += 4) {
                talk.command("NOOP", "250");
                advance(reception, Duration.ofMinutes(4));
            }
            talk.command("MAIL FROM:<sender@example.com>", "250");
            advance(reception, Duration.ofMinutes(4));
            talk.command("RCPT TO:<a@example.org>", "250");
            talk.command("DATA", "354");
            // Once only: nothing tells when the line was read, and idle time would add up.
            talk.send("a line\r\n");
            advance(reception, Duration.ofMinutes(2));
            talk.send("\r\n.\r\nMAIL FROM:<sender@example.com>\r\n");
            talk.expect("250 2.0.0 queued as");
            talk.expect("421 4.4.2 This session has lasted too long");
            talk.expectClosed();
            assertThat(reception.mail.stored()).hasSize(1);
        }
    }

    @Test
    void transactionThatNeverEnds_isCutAtTwiceTheSessionsLimit() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<sender@example.com>", "250");
            for (int minute = 0; minute < 116; minute += 4) {
                advance(reception, Duration.ofMinutes(4));
                talk.command("NOOP", "250");
            }
            advance(reception, Duration.ofMinutes(4));
            talk.expect("421 4.4.2");
            talk.expectClosed();
        }
    }

    @Test
    void clientThatReadsNothing_isBrokenOff() throws Exception {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.socket().setReceiveBufferSize(1_024);
            Thread sender =
                    Thread.ofVirtual()
                            .start(() -> sendUnchecked(talk, "HELP\r\n".repeat(3_000_000)));
            while (sender.isAlive()) {
                advance(reception, Duration.ofMinutes(1));
                boolean _ = sender.join(Duration.ofMillis(20));
            }
            reception.reception.close(Duration.ofSeconds(10));
            assertThat(reception.reception.connections()).isZero();
        }
    }

    @Test
    void replies_toPipelinedCommands_comeInOneSegment() throws IOException {
        try (var reception = TestReception.start();
                var talk = reception.greeted()) {
            talk.send("NOOP\r\nNOOP\r\nNOOP\r\nHAL");
            byte[] replies = new byte[1_000];
            int count = talk.socket().getInputStream().read(replies);
            String text = new String(replies, 0, count, StandardCharsets.US_ASCII);
            assertThat(text).isEqualTo("250 2.0.0 Ok\r\n".repeat(3));
        }
    }

    @Test
    void drain_letsAnOpenTransactionFinish_andEndsTheRest() throws Exception {
        try (var reception = TestReception.start();
                var idle = reception.greeted();
                var busy = reception.greeted();
                var open = reception.greeted()) {
            busy.openData("a@example.org");
            open.command("MAIL FROM:<>", "250");
            var closing = Thread.ofVirtual().start(() -> closeUnchecked(reception, 20));
            idle.expect("421 4.3.2");
            idle.expectClosed();
            busy.sendLine("hello");
            busy.command(".", "250 2.0.0 queued");
            busy.expect("421 4.3.2");
            busy.expectClosed();
            open.command("RCPT TO:<b@example.org>", "250");
            open.command("RSET", "250");
            open.expect("421 4.3.2");
            closing.join();
            assertThat(reception.mail.stored()).hasSize(1);
            assertThat(reception.reception.connections()).isZero();
        }
    }

    @Test
    void drain_breaksOff_whatDoesNotFinish() throws Exception {
        try (var reception = TestReception.start();
                var busy = reception.greeted()) {
            busy.openData("a@example.org");
            reception.reception.close(Duration.ofMillis(50));
            busy.expectClosed();
            assertThat(reception.reception.connections()).isZero();
            assertThat(reception.mail.open()).isZero();
        }
    }

    @Test
    void drain_waitsForTheAnswerOfTheStore() throws Exception {
        var entered = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        try (var reception = TestReception.start();
                var busy = reception.greeted()) {
            reception.mail.beforeAccept(() -> {
                entered.countDown();
                awaitUnchecked(release);
            });
            busy.openData("a@example.org");
            busy.sendLine(".");
            awaitUnchecked(entered);
            var closing = Thread.ofVirtual().start(() -> closeUnchecked(reception, 20));
            assertThat(closing.join(Duration.ofMillis(50))).isFalse();
            release.countDown();
            busy.expect("250 2.0.0 queued");
            busy.expect("421 4.3.2");
            closing.join();
        }
    }

    private static void advance(TestReception reception, Duration duration) {
        reception.clock.advance(duration);
        reception.reception.endOverdue();
    }

    /// Minutes until there is a reply. The server may not have begun to wait when the clock moves,
    /// so there may be more of them than its timeout has.
    private static int advanceUntilReply(TestReception reception, SmtpTalk talk)
            throws IOException {
        int minutes = 0;
        do {
            minutes++;
            advance(reception, Duration.ofMinutes(1));
        } while (minutes < 60 && !talk.hasReplyWithin(Duration.ofMillis(20)));
        return minutes;
    }

    private static void sendUnchecked(SmtpTalk talk, String text) {
        try {
            talk.send(text);
        } catch (IOException _) {
            // The server broke it off, as some tests want.
        }
    }

    private static void closeUnchecked(TestReception reception, int seconds) {
        try {
            reception.reception.close(Duration.ofSeconds(seconds));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void joinUnchecked(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
