package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class PersonalityTest {
    private static final Reply BUSY = Reply.of(451, "4.7.1", "busy");
    private static final Reply GONE = Reply.of(550, "5.1.1", "gone");

    private final SimulatorClock.Manual clock = SimulatorClock.manual();
    private final List<SimulatedInternet> started = new ArrayList<>();

    /// An internet whose only provider, `p` at `p.test`, has these habits.
    private SimulatedInternet with(Trait... traits) throws IOException {
        var catalogue = Catalogue.of(ProviderSpec.single("p", "p.test", Personality.of(traits)));
        var internet =
                SimulatedInternet.start(
                        SimulatorOptions.of(catalogue).withClock(clock).withSeed(0));
        started.add(internet);
        return internet;
    }

    private ProviderCounters counters() {
        return started.getFirst().provider("p").counters();
    }

    @AfterEach
    void stop() throws IOException {
        for (SimulatedInternet internet : started) {
            internet.close();
        }
    }

    @Test
    void connectionLimit_servesAsManyAsAllowedUntilOneCloses() throws IOException {
        var internet = with(new Trait.ConnectionLimit(2, Stage.MAIL, BUSY));
        try (var first = TestClient.ready(internet, "p");
                var second = TestClient.ready(internet, "p");
                var third = TestClient.ready(internet, "p");
                var elsewhere = new TestClient(internet, "p", "127.0.0.2")) {
            assertThat(first.deliver("a@p.test")).startsWith("250");
            assertThat(second.deliver("a@p.test")).startsWith("250");
            assertThat(third.deliver("a@p.test")).isEqualTo("451 4.7.1 busy");
            elsewhere.expect("220");
            elsewhere.send("EHLO x\r\n").expect("250");
            assertThat(elsewhere.deliver("a@p.test")).startsWith("250");
            first.send("QUIT\r\n").expect("221");
            first.expectClosed();
            assertThat(third.deliver("a@p.test")).startsWith("250");
        }
        assertThat(counters().deferred()).isEqualTo(Map.of("451 4.7.1 busy", 1L));
        assertThat(counters().acceptedRecipients()).isEqualTo(4);
    }

    @Test
    void rateLimit_holdsInEveryWindow() throws IOException {
        var internet = with(new Trait.RateLimit(2, Duration.ofSeconds(1), Stage.MAIL, BUSY));
        try (var client = TestClient.ready(internet, "p")) {
            assertThat(client.deliver("a@p.test")).startsWith("250");
            clock.advance(Duration.ofMillis(600));
            assertThat(client.deliver("a@p.test")).startsWith("250");
            assertThat(client.deliver("a@p.test")).startsWith("451");
            clock.advance(Duration.ofMillis(400));
            assertThat(client.deliver("a@p.test")).startsWith("250");
            clock.advance(Duration.ofMillis(599));
            assertThat(client.deliver("a@p.test")).startsWith("451");
            clock.advance(Duration.ofMillis(1));
            assertThat(client.deliver("a@p.test")).startsWith("250");
        }
    }

    @Test
    void reply421_closesTheConnection() throws IOException {
        Reply closing = Reply.of(421, "4.7.0", "from {ip}", "to {recipient}");
        var internet = with(new Trait.RateLimit(1, Duration.ofSeconds(1), Stage.RCPT, closing));
        try (var client = TestClient.ready(internet, "p")) {
            assertThat(client.deliver("a@p.test")).startsWith("250");
            client.send("MAIL FROM:<>\r\nRCPT TO:<b@p.test>\r\nRCPT TO:<c@p.test>\r\n");
            client.expect("250");
            assertThat(client.reply()).isEqualTo("421-4.7.0 from 127.0.0.1\n421 4.7.0 to b@p.test");
            client.expectClosed();
        }
        assertThat(counters().deferred())
                .isEqualTo(Map.of("421 4.7.0 from {ip} to {recipient}", 1L));
    }

    @Test
    void greylist_letsATripleThroughAfterItsDelay() throws IOException {
        var internet = with(new Trait.Greylist(Duration.ofMinutes(5), BUSY));
        try (var client = TestClient.ready(internet, "p")) {
            assertThat(client.deliver("a@p.test")).startsWith("451");
            clock.advance(Duration.ofSeconds(299));
            assertThat(client.deliver("A@p.test")).startsWith("451");
            clock.advance(Duration.ofSeconds(1));
            assertThat(client.deliver("b@p.test")).startsWith("451");
            assertThat(client.deliver("a@p.test")).startsWith("250");
        }
        assertThat(counters().deferredTotal()).isEqualTo(3);
    }

    @Test
    void messagesPerConnection_countAcceptedOnly() throws IOException {
        var internet =
                with(
                        new Trait.MessagesPerConnection(2, Reply.of(421, "", "enough")),
                        new Trait.Mailboxes("full", Stage.RCPT, BUSY));
        try (var client = TestClient.ready(internet, "p")) {
            assertThat(client.deliver("a@p.test")).startsWith("250");
            assertThat(client.deliver("fullbox@p.test")).startsWith("451");
            assertThat(client.deliver("a@p.test")).startsWith("250");
            assertThat(client.deliver("a@p.test")).isEqualTo("421 enough");
            client.expectClosed();
        }
    }

    @Test
    void mailboxes_atEndOfData_refuseTheMessageForAll() throws IOException {
        var internet = with(new Trait.Mailboxes("late", Stage.END_OF_DATA, GONE));
        try (var client = TestClient.ready(internet, "p")) {
            client.send("MAIL FROM:<>\r\n").expect("250");
            client.send("RCPT TO:<a@p.test>\r\n").expect("250");
            client.send("RCPT TO:<late@p.test>\r\n").expect("250");
            client.send("DATA\r\n").expect("354");
            client.send(".\r\n").expect("550 5.1.1 gone");
        }
        assertThat(counters().rejected()).isEqualTo(Map.of("550 5.1.1 gone", 2L));
        assertThat(counters().acceptedRecipients()).isZero();
    }

    @Test
    void unknownUsers_areThoseThatFateForetells() throws IOException {
        var internet = with(new Trait.UnknownUsers(30, Stage.RCPT, GONE));
        int unknown = 0;
        try (var client = TestClient.ready(internet, "p")) {
            client.send("MAIL FROM:<>\r\n").expect("250");
            for (int i = 0; i < 500; i++) {
                String to = "user" + i + "@p.test";
                boolean accepted = client.send("RCPT TO:<" + to + ">\r\n").reply().startsWith("2");
                assertThat(internet.fateOf(to)).isEqualTo(accepted ? Fate.DELIVERED : Fate.BOUNCED);
                unknown += accepted ? 0 : 1;
            }
            client.send("RCPT TO:<unknown-7@p.test>\r\n").expect("550");
            client.send("RCPT TO:<postmaster@p.test>\r\n").expect("250");
        }
        assertThat(unknown).isBetween(110, 190);
        assertThat(counters().rejectedTotal()).isEqualTo(unknown + 1);
    }

    @Test
    void drops_closeEachNthConnection() throws IOException {
        var internet = with(new Trait.Drops(Stage.CONNECT, 3));
        var greetings = new ArrayList<Boolean>();
        for (int i = 0; i < 6; i++) {
            try (var client = new TestClient(internet, "p")) {
                greetings.add(client.reply().startsWith("220"));
            }
        }
        assertThat(greetings).containsExactly(true, true, false, true, true, false);
        assertThat(counters().dropped()).isEqualTo(2);
        assertThat(counters().connections()).isEqualTo(6);
    }

    @Test
    void drops_inTheBody_acceptNothing() throws IOException {
        var internet = with(new Trait.Drops(Stage.MID_BODY, 1));
        try (var client = TestClient.ready(internet, "p")) {
            client.send("MAIL FROM:<>\r\n").expect("250");
            client.send("RCPT TO:<a@p.test>\r\n").expect("250");
            client.send("DATA\r\n").expect("354");
            client.send("half of a li").expectClosed();
        }
        assertThat(counters().acceptedRecipients()).isZero();
        assertThat(counters().answersLost()).isZero();
        assertThat(counters().dropped()).isEqualTo(1);
    }

    @Test
    void drops_afterAcceptance_countTheLostAnswer() throws IOException {
        var internet = with(new Trait.Drops(Stage.AFTER_ACCEPT, 1));
        try (var client = TestClient.ready(internet, "p")) {
            assertThat(client.deliver("a@p.test")).isEmpty();
        }
        assertThat(counters().acceptedRecipients()).isEqualTo(1);
        assertThat(counters().answersLost()).isEqualTo(1);
    }

    @Test
    void slow_answersOnceItsDelayHasPassed() throws IOException, InterruptedException {
        var internet = with(new Trait.Slow(Stage.RCPT, Duration.ofSeconds(9)));
        try (var client = TestClient.ready(internet, "p")) {
            client.send("MAIL FROM:<>\r\nRCPT TO:<a@p.test>\r\n").expect("250 2.1.0");
            clock.awaitSleepers(1);
            assertThat(client.socket().getInputStream().available()).isZero();
            clock.advance(Duration.ofSeconds(9));
            client.expect("250 2.1.5");
        }
    }

    @Test
    void idleLimit_endsTheConnectionOfASilentClient() throws IOException {
        var internet = with(new Trait.IdleLimit(Duration.ofMillis(1)));
        try (var client = new TestClient(internet, "p")) {
            client.expect("220");
            client.expect("421 4.4.2 mx.p.test");
            client.expectClosed();
        }
        assertThat(counters().deferred()).isEmpty();
    }

    @Test
    void close_endsConversationsThatSleep() throws IOException, InterruptedException {
        var internet = with(new Trait.Slow(Stage.CONNECT, Duration.ofDays(1)));
        try (var client = new TestClient(internet, "p")) {
            clock.awaitSleepers(1);
            internet.close();
            client.expectClosed();
        }
    }

    @Test
    void replyAtStageWithoutAnswer_isRefused() {
        assertThatThrownBy(() -> Personality.of(new Trait.Refuses(Stage.MID_BODY, BUSY)))
                .hasMessageContaining("no reply is possible");
    }

    @Test
    void fate_followsTheFirstHabitThatObjects() {
        var personality =
                Personality.of(
                        new Trait.Mailboxes("late", Stage.END_OF_DATA, GONE),
                        new Trait.Mailboxes("full", Stage.RCPT, BUSY),
                        new Trait.Greylist(Duration.ofMinutes(5), BUSY),
                        new Trait.Drops(Stage.MAIL, 2));
        assertThat(personality.fateOf("late-1@p.test", 1)).isEqualTo(Fate.BOUNCED);
        assertThat(personality.fateOf("full-1@p.test", 1)).isEqualTo(Fate.DEFERRED);
        assertThat(personality.fateOf("a@p.test", 1)).isEqualTo(Fate.DELIVERED);
        assertThat(Personality.of(new Trait.Drops(Stage.MAIL, 1)).fateOf("a@p.test", 1))
                .isEqualTo(Fate.DEFERRED);
        assertThat(Personality.of(new Trait.Refuses(Stage.CONNECT, GONE)).fateOf("a@p.test", 1))
                .isEqualTo(Fate.UNDECIDED);
    }
}
