package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.TestNameServer;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.BlocklistZone;
import io.whimbrel.policy.DoorCount;
import io.whimbrel.policy.DoorLimits;
import io.whimbrel.policy.DoorSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// What strangers meet at the door of a host that has domains of its own.
class DoorSessionTest {

    /// What an open relay would take, where `ours.example` and what is below it are our domains.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "<victim%example.org@ours.example>",
                "<victim%example.org@[127.0.0.1]>",
                "<victim%example.org@mx.example.com>",
                "<example.org!victim@ours.example>",
                "<example.org!victim@sub.ours.example>",
                "<@ours.example:victim@example.org>",
                "<@ours.example,@mx.example.com:victim@example.org>",
                "<\"victim@example.org\"@ours.example>",
                "<\"victim%example.org\"@ours.example>",
                "<\"example.org!victim\"@ours.example>",
                "<\"@example.org:victim\"@ours.example>",
                "<\"victim\\@example.org\"@ours.example>",
                "<victim@example.org@ours.example>",
                "<victim@example.org>",
                "victim@example.org",
                "<victim@[192.0.2.1]>",
                "<victim@[127.0.0.1]>",
                "<victim@[IPv6:::1]>",
                "<victim@mx.example.com>",
                "<victim@localhost>",
                "<postmaster@example.org>",
                "<postmaster%example.org@mx.example.com>",
                "<postmaster%example.org@ours.example>",
                "<@example.org:postmaster@example.org>",
                "<victim@ours.example.example.org>",
                "<victim@notours.example>",
                "<victim@ours.example@example.org>",
                "<victim%example.org>",
                "<victim:x@ours.example>"
            })
    void openRelayProbe_isRefused(String path) throws IOException {
        for (String sender :
                List.of("<>", "<spammer@ours.example>", "<postmaster@mx.example.com>")) {
            try (var reception = TestReception.start(ours().settings());
                    var talk = reception.greeted()) {
                talk.command("MAIL FROM:" + sender, "250");
                talk.command("RCPT TO:" + path, "5");
                talk.command("DATA", "554 5.5.1");
            }
        }
    }

    private static TestListens ours() {
        return new TestListens().inbound("ours.example");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<a@ours.example>",
                "<@relay.example:a@OURS.example>",
                "<\"a b\"@ours.example>",
                "<a@ours.example.>",
                "<postmaster@ours.example>",
                "<postmaster>",
                "<Postmaster@mx.example.com>"
            })
    void mailForUs_isTakenFromAnybody(String path) throws IOException {
        try (var reception = TestReception.start(ours().settings());
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<>", "250");
            talk.command("RCPT TO:" + path, "250");
        }
    }

    /// A client behind a proxy, for no list knows this machine.
    private static SmtpTalk from(TestReception reception, String client) throws IOException {
        SmtpTalk talk = reception.connect();
        talk.send("PROXY TCP4 " + client + " 198.51.100.1 50000 25\r\n");
        talk.expect("220");
        talk.command("EHLO client.example", "250");
        return talk;
    }

    @Test
    void listedClient_isRefusedAtRcpt_butReachesThePostmaster() throws IOException {
        var zone = BlocklistZone.parse("bl.example").orElseThrow();
        var door = new DoorSettings(DoorLimits.NONE, List.of(zone), false, false);
        try (var dns = new TestNameServer().with("7.2.0.192.bl.example. 300 IN A 127.0.0.2");
                var reception =
                        TestReception.start(
                                ours().proxied().door(door).settings(),
                                dns.settings(),
                                new ArrivingBodies(1 << 20))) {
            try (var talk = from(reception, "192.0.2.7")) {
                talk.command("MAIL FROM:<a@example.com>", "250");
                talk.command(
                        "RCPT TO:<a@ours.example>",
                        "550 5.7.1 192.0.2.7 is listed by bl.example (127.0.0.2)");
                int asked = dns.questions();
                talk.command("RCPT TO:<b@ours.example>", "550 5.7.1");
                assertThat(dns.questions()).isEqualTo(asked);
                talk.command("RCPT TO:<postmaster>", "250");
                talk.command("DATA", "354");
                talk.command("x\r\n.", "250");
            }
            try (var talk = from(reception, "192.0.2.8")) {
                talk.command("MAIL FROM:<a@example.com>", "250");
                talk.command("RCPT TO:<a@ours.example>", "250");
            }
            dns.mood(TestNameServer.Mood.SERVFAIL);
            try (var talk = from(reception, "192.0.2.9")) {
                talk.command("MAIL FROM:<a@example.com>", "250");
                talk.command("RCPT TO:<a@ours.example>", "250");
            }
        }
    }

    @Test
    void domains_mustExist_whereAsked() throws IOException {
        var door = new DoorSettings(DoorLimits.NONE, List.of(), true, true);
        try (var dns =
                        new TestNameServer()
                                .with("good.example. 300 IN MX 10 mx.good.example.")
                                .with("ours.example. 300 IN A 192.0.2.1")
                                .with("null.example. 300 IN MX 0 .");
                var reception =
                        TestReception.start(
                                ours().door(door).settings(),
                                dns.settings(),
                                new ArrivingBodies(1 << 20));
                var talk = reception.greeted()) {
            talk.command("MAIL FROM:<a@missing.example>", "550 5.1.8");
            talk.command("MAIL FROM:<a@null.example>", "550 5.7.27");
            talk.command("MAIL FROM:<>", "250");
            talk.command("RSET", "250");
            talk.command("MAIL FROM:<a@good.example>", "250");
            talk.command("RCPT TO:<a@ours.example>", "250");
            talk.command("RCPT TO:<a@sub.ours.example>", "550 5.7.1");
            // Our own name need not be in the DNS for that.
            talk.command("RCPT TO:<postmaster>", "250");
            dns.mood(TestNameServer.Mood.SERVFAIL);
            talk.command("RSET", "250");
            talk.command("MAIL FROM:<a@other.example>", "451 4.4.3");
        }
    }

    @Test
    void tarpit_slowsWhoErrs_andNobodyElse() throws IOException {
        var limits =
                new DoorLimits(
                        Map.of(DoorCount.ERRORS, new Rate(100, Rate.Window.MINUTE)),
                        Map.of(),
                        Map.of(),
                        Duration.ofMillis(2),
                        Duration.ZERO,
                        false,
                        List.of());
        var door = new DoorSettings(limits, List.of(), false, false);
        try (var reception = TestReception.start(ours().door(door).settings());
                var talk = reception.greeted()) {
            for (int i = 0; i < 3; i++) {
                talk.command("FOO", "500");
            }
            assertThat(reception.metrics.door.delays.get()).isZero();
            talk.command("FOO", "500");
            talk.command("FOO", "500");
            talk.command("NOOP", "250");
            assertThat(reception.metrics.door.delays.get()).isEqualTo(2);
        }
    }

    @Test
    void networkBeyondItsRate_isBanned_asAWhole_andExemptOnesAreNot() throws IOException {
        var limits =
                new DoorLimits(
                        Map.of(),
                        Map.of(DoorCount.REFUSED_RECIPIENTS, new Rate(1, Rate.Window.HOUR)),
                        Map.of(),
                        Duration.ZERO,
                        Duration.ofMinutes(2),
                        false,
                        TestReception.networks("203.0.113.7"));
        var door = new DoorSettings(limits, List.of(), false, false);
        try (var reception = TestReception.start(ours().proxied().door(door).settings())) {
            for (String client : List.of("203.0.113.7", "192.0.2.7")) {
                try (var talk = from(reception, client)) {
                    talk.command("MAIL FROM:<a@example.com>", "250");
                    talk.command("RCPT TO:<a@example.org>", "550");
                    String next = client.startsWith("203") ? "550" : "421 4.7.0 The network of";
                    talk.command("RCPT TO:<a@example.org>", next);
                }
            }
            try (var talk = reception.connect()) {
                talk.send("PROXY TCP4 192.0.2.99 198.51.100.1 50000 25\r\n");
                talk.expect("421 4.7.0 The network of 192.0.2.99 made more than 1");
                talk.expectClosed();
            }
            from(reception, "192.0.3.1").close();
            from(reception, "203.0.113.7").close();
            reception.reception.bans().lift(java.net.InetAddress.ofLiteral("192.0.2.7"));
            from(reception, "192.0.2.99").close();
        }
    }
}
