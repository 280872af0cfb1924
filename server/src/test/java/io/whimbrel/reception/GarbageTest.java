package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DomainName;
import io.whimbrel.reception.SessionState.Greeted;
import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.smtp.CommandParser;
import io.whimbrel.smtp.RandomLines;
import io.whimbrel.smtp.SmtpCommand;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;

/// Whatever comes, there is an answer or an end, and nothing leaks.
class GarbageTest {

    @Test
    void randomBytes_endWithoutBugOrLeak() throws Exception {
        long seed = 7;
        var random = new Random(seed);
        try (var reception = TestReception.start()) {
            for (int round = 0; round < 150; round++) {
                byte[] bytes = new byte[random.nextInt(20_000)];
                random.nextBytes(bytes);
                Garbage.send(reception, bytes);
            }
            assertNothingLeft(reception);
            assertThat(reception.mail.stored()).isEmpty();
        }
    }

    @Test
    void randomConversations_endWithoutBugOrLeak() throws Exception {
        long seed = 8;
        var random = new Random(seed);
        try (var reception = TestReception.start()) {
            for (int round = 0; round < 300; round++) {
                Garbage.send(reception, conversation(random));
            }
            assertNothingLeft(reception);
            // Otherwise the lines are not near enough to SMTP to test anything.
            assertThat(reception.mail.stored()).hasSizeGreaterThan(10);
        }
    }

    /// In every session, whatever the order of commands: recipients are those answered with 250.
    @Test
    void randomCommands_keepTheStateOfTheTransaction() throws Exception {
        long seed = 9;
        var random = new Random(seed);
        ListenTerms terms =
                TestReception.terms(
                        TestReception.settings(
                                TestReception.EVERYBODY, TestReception.limits(1_000, 3, 20)));
        var session = new SmtpSession(Client.of(InetAddress.getLoopbackAddress(), terms));
        SessionState state = new Greeted();
        for (int round = 0; round < 50_000; round++) {
            byte[] line = RandomLines.next(random);
            SmtpCommand command = CommandParser.parse(line, 0, line.length);
            Step step = session.step(state, command, Instant.EPOCH);
            if (step instanceof Step.Answer(SessionState next, var reply)) {
                assertRecipients(state, command, next, reply.isPositive());
                state = next instanceof SessionState.Closed ? new Greeted() : next;
            } else if (step instanceof Step.Begin(InTransaction transaction, _, _)) {
                state = transaction;
            } else if (step instanceof Step.Admit(var before, var recipient, _)) {
                state = before.with(recipient);
                assertRecipients(before, command, state, true);
            }
        }
    }

    private static void assertRecipients(
            SessionState before, SmtpCommand command, SessionState after, boolean isPositive) {
        if (command instanceof SmtpCommand.Rcpt(var path, _)
                && before instanceof InTransaction old
                && after instanceof InTransaction now) {
            int added = isPositive ? 1 : 0;
            assertThat(now.recipients().size()).isEqualTo(old.recipients().size() + added);
            if (isPositive) {
                DomainName domain = now.recipients().toList().getLast().path().domain();
                assertThat(path.domain().isEmpty() ? TestReception.HOST : domain.value())
                        .isEqualTo(domain.value());
            }
            assertThat(now.recipients().size()).isLessThanOrEqualTo(3);
        }
    }

    private static byte[] conversation(Random random) {
        var bytes = new ByteArrayOutputStream();
        int lines = random.nextInt(40);
        for (int i = 0; i < lines; i++) {
            switch (random.nextInt(5)) {
                case 0 ->
                        bytes.writeBytes(
                                text("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n"));
                case 1 -> bytes.writeBytes(text("x\r\n.\r\n"));
                case 2 ->
                        bytes.writeBytes(text("BDAT 2" + (i % 2 == 0 ? " LAST" : "") + "\r\n\r\n"));
                default -> {
                    bytes.writeBytes(RandomLines.next(random));
                    bytes.writeBytes(text(random.nextInt(40) == 0 ? "\n" : "\r\n"));
                }
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void assertNothingLeft(TestReception reception)
            throws IOException, InterruptedException {
        reception.reception.close(Duration.ofSeconds(10));
        assertThat(reception.reception.connections()).isZero();
        assertThat(reception.mail.open()).isZero();
    }
}
