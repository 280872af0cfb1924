package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.smtp.SmtpReply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;

/// What clients are told when the node has enough to bear, and that what has begun can end.
@Timeout(60)
final class OverloadTest {
    private static final int KIB = 1 << 10;

    @Test
    void memory_isThatOfTheArrays() {
        assertThat(ArrivingBodies.memoryOf(0)).isEqualTo(8 * KIB);
        assertThat(ArrivingBodies.memoryOf(8 * KIB)).isEqualTo(8 * KIB);
        assertThat(ArrivingBodies.memoryOf(8 * KIB + 1)).isEqualTo(16 * KIB);
        assertThat(ArrivingBodies.memoryOf(256 * KIB)).isEqualTo(256 * KIB);
        assertThat(ArrivingBodies.memoryOf(256 * KIB + 1)).isEqualTo(512 * KIB);
        assertThat(ArrivingBodies.memoryOf(Long.MAX_VALUE)).isEqualTo(512 * KIB);
    }

    @Test
    void claims_growUncut_andAreGivenBack() {
        var arriving = new ArrivingBodies(1 << 20);
        var first = arriving.claim();
        var second = arriving.claim();
        assertThat(first.begin(600 * KIB)).isEmpty();
        assertThat(second.begin(0)).isEmpty();
        second.grow(100 * KIB);
        assertThat(arriving.level().used()).isEqualTo((512 + 128) * KIB);
        assertThat(arriving.claim().begin(500 * KIB).orElseThrow().toString())
                .startsWith("452 4.3.1");
        assertThat(arriving.level().felt()).isEqualTo(1);
        // What was announced was claimed at once.
        first.grow(600 * KIB);
        second.grow(50 << 20);
        assertThat(arriving.level().used()).isEqualTo(1 << 20);
        first.end();
        second.end();
        second.end();
        assertThat(arriving.level().used()).isZero();
    }

    @Test
    void connections_areRefusedOnlyAQuarterAbove() {
        var arriving = new ArrivingBodies(1 << 20);
        var claims = new ArrayList<ArrivingBodies.Claim>();
        for (int i = 0; i < 3; i++) {
            claims.add(arriving.claim());
            assertThat(claims.getLast().begin(0)).isEmpty();
        }
        claims.get(0).grow(1 << 20);
        claims.get(1).grow(1 << 20);
        assertThat(arriving.refusalOfConnection()).isEmpty();
        claims.get(2).grow(256 * KIB);
        assertThat(arriving.refusalOfConnection().orElseThrow().toString()).startsWith("421 4.3.1");
        claims.get(2).end();
        assertThat(arriving.refusalOfConnection()).isEmpty();
    }

    @Test
    void mail_atTheBudget_replies452_whatHasBegunEnds_andMailIsWelcomeAgain() throws Exception {
        try (var reception = TestReception.start();
                SmtpTalk large = reception.greeted();
                SmtpTalk other = reception.greeted()) {
            large.command("MAIL FROM:<s@example.com> SIZE=600000", "250");
            assertThat(reception.arriving.level().used()).isEqualTo(512 * KIB);
            var rest = reception.arriving.claim();
            while (rest.begin(0).isEmpty()) {
                rest = reception.arriving.claim();
            }
            other.command("MAIL FROM:<s@example.com>", "452 4.3.1 Too much mail is arriving");
            large.command("RCPT TO:<a@example.org>", "250");
            large.command("DATA", "354");
            large.send("x".repeat(60) + "\r\n");
            large.command(".", "250");
            other.command("MAIL FROM:<s@example.com>", "250");
            other.command("RSET", "250");
            other.openData("b@example.org");
            other.command(".", "250");
            assertThat(reception.mail.stored()).hasSize(2);
        }
    }

    @Test
    void claims_endWithTheTransaction_howeverItEnds() throws Exception {
        try (var reception = TestReception.start()) {
            for (String last : List.of("RSET", "EHLO again.example", "QUIT", "")) {
                try (SmtpTalk talk = reception.greeted()) {
                    talk.command("MAIL FROM:<s@example.com> SIZE=100000", "250");
                    assertThat(reception.arriving.level().used()).isEqualTo(128 * KIB);
                    if (!last.isEmpty()) {
                        talk.command(last, "2");
                        if (!last.equals("QUIT")) {
                            talk.command("NOOP", "250");
                            assertThat(reception.arriving.level().used()).isZero();
                        }
                    }
                }
                while (reception.reception.connections() > 0) {
                    Thread.onSpinWait();
                }
                assertThat(reception.arriving.level().used()).isZero();
            }
        }
    }

    @Test
    void strangers_claimOnlyWhatTheySend() throws Exception {
        try (var reception = TestReception.start(TestReception.NOBODY, SessionLimits.DEFAULT);
                SmtpTalk talk = reception.greeted()) {
            talk.command("MAIL FROM:<s@example.com> SIZE=1000000", "250");
            assertThat(reception.arriving.level().used()).isEqualTo(8 * KIB);
        }
    }

    @Test
    void farAboveTheBudget_newConnectionsGet421_andOpenOnesGoOn() throws Exception {
        try (var reception = TestReception.start();
                SmtpTalk open = reception.greeted()) {
            open.openData("a@example.org");
            var claims = new ArrayList<ArrivingBodies.Claim>();
            while (reception.arriving.refusalOfConnection().isEmpty()) {
                var claim = reception.arriving.claim();
                if (claim.begin(0).isPresent()) {
                    claims.forEach(it -> it.grow(1 << 20));
                } else {
                    claims.add(claim);
                }
            }
            try (SmtpTalk late = reception.connect()) {
                late.expect("421 4.3.1");
                late.expectClosed();
            }
            open.command("body\r\n.", "250");
            claims.forEach(ArrivingBodies.Claim::end);
            try (SmtpTalk later = reception.greeted()) {
                later.openData("b@example.org");
                later.command(".", "250");
            }
        }
    }

    @Test
    void mail_whileTheStoreRefuses_repliesItsReason_andAPipeliningClientIsNotCutOff()
            throws Exception {
        try (var reception = TestReception.start();
                SmtpTalk talk = reception.greeted()) {
            reception.mail.refuseMailWith(Optional.of(SmtpReply.of(452, 4, 3, 1, "No memory")));
            for (int i = 0; i < 30; i++) {
                talk.send("MAIL FROM:<s@example.com>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n");
                talk.expect("452 4.3.1 No memory");
                talk.expect("503 5.5.1");
                talk.expect("503 5.5.1");
            }
            reception.mail.refuseMailWith(Optional.empty());
            talk.openData("a@example.org");
            talk.command(".", "250");
        }
    }

    /// Many clients that announce nothing, at once, over a budget for a few: some are put off, and
    /// whoever has begun ends.
    @Test
    void crowd_overASmallBudget_neverDeadlocks() throws Exception {
        var arriving = new ArrivingBodies(1 << 20);
        int clients = 64;
        var barrier = new CyclicBarrier(clients);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < clients; i++) {
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                await(barrier);
                                var claim = arriving.claim();
                                for (int done = 0; done < 20; ) {
                                    if (claim.begin(0).isEmpty()) {
                                        claim.grow(300 * KIB);
                                        Thread.onSpinWait();
                                        claim.end();
                                        done++;
                                    } else {
                                        Thread.onSpinWait();
                                    }
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(arriving.level().used()).isZero();
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
