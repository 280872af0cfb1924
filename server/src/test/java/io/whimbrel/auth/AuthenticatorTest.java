package io.whimbrel.auth;

import static io.whimbrel.auth.LoginDesk.client;
import static io.whimbrel.auth.LoginDesk.delay;
import static io.whimbrel.auth.LoginDesk.line;
import static io.whimbrel.auth.LoginDesk.text;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.tls.ChannelBinding;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Whole exchanges, as a session has them.
@Timeout(120)
final class AuthenticatorTest {
    private static final String GRANTED = "235 2.7.0 Authentication succeeded";
    private static final String INVALID = "535 5.7.8 Authentication credentials invalid";
    private static final AuthClient CLIENT = client("192.0.2.7");

    private final Path folder;
    private final LoginDesk desk;

    AuthenticatorTest(@TempDir Path folder) throws IOException {
        this.folder = folder;
        desk = new LoginDesk(folder);
    }

    private SaslExchange begin(String mechanism) {
        return desk.authenticator.begin(mechanism, CLIENT);
    }

    @Test
    void mechanisms_areAnnouncedUnderTlsOnly_plusWhereItCanBeBound() {
        var bare = new AuthClient(CLIENT.address(), "", false, List.of());
        var bound = client("192.0.2.7", List.of(new ChannelBinding("tls-exporter", new byte[1])));

        assertThat(desk.authenticator.mechanisms(bare)).isEmpty();
        assertThat(desk.authenticator.mechanisms(CLIENT))
                .containsExactly("SCRAM-SHA-256", "PLAIN", "LOGIN");
        assertThat(desk.authenticator.mechanisms(bound))
                .containsExactly("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN");
        assertThat(line(desk.authenticator.begin("PLAIN", bare).start(Optional.empty())))
                .isEqualTo("538 5.7.11 Encryption required for requested authentication mechanism");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CRAM-MD5", "", "OAUTHBEARER", "SCRAM-SHA-256-PLUS", "NTLM"})
    void mechanismThatIsNotOffered_is504(String mechanism) {
        assertThat(line(begin(mechanism).start(Optional.empty())))
                .isEqualTo("504 5.5.4 Unrecognized authentication type");
    }

    @Test
    void plain_withInitialResponse_orWithout() {
        SaslStep step = desk.plain("shop", "pencil");
        assertThat(line(step)).isEqualTo(GRANTED);
        assertThat(((SaslStep.Granted) step).identity())
                .isEqualTo(new Identity("shop", "t-shop", "PLAIN", false));

        SaslExchange exchange = begin("plain");
        assertThat(line(exchange.start(Optional.empty()))).isEqualTo("334 ");
        assertThat(line(exchange.next(SaslText.encode("shop\0shop\0pencil")))).isEqualTo(GRANTED);
        assertThat(desk.metrics.successes("PLAIN")).isEqualTo(2);
    }

    @Test
    void plain_actingForAnother_isRefused() {
        String response = SaslText.encode("root\0shop\0pencil");

        assertThat(line(begin("PLAIN").start(Optional.of(response)))).isEqualTo(INVALID);
    }

    @Test
    void login_asksForBoth_orForThePasswordOnly() {
        SaslExchange exchange = begin("LOGIN");
        assertThat(line(exchange.start(Optional.empty()))).isEqualTo("334 VXNlcm5hbWU6");
        assertThat(line(exchange.next("c2hvcA=="))).isEqualTo("334 UGFzc3dvcmQ6");
        assertThat(line(exchange.next("cGVuY2ls"))).isEqualTo(GRANTED);

        SaslExchange shorter = begin("LOGIN");
        assertThat(line(shorter.start(Optional.of("c2hvcA==")))).isEqualTo("334 UGFzc3dvcmQ6");
        assertThat(line(shorter.next("cGVuY2lt"))).isEqualTo(INVALID);
    }

    @Test
    void scram_endsWithAnEmptyAnswer() {
        var scram = new ScramClient("n,,", new byte[0], "shop", "abc", "pencil");
        SaslExchange exchange = begin("SCRAM-SHA-256");
        String serverFirst = text(exchange.start(Optional.of(SaslText.encode(scram.first()))));
        String last = scram.last(serverFirst);

        assertThat(text(exchange.next(SaslText.encode(last))))
                .isEqualTo(scram.expectedServerFinal());
        assertThat(line(exchange.next(""))).isEqualTo(GRANTED);
    }

    @Test
    void scramPlus_overAnotherConnection_isRefused() {
        var here = client("192.0.2.7", List.of(new ChannelBinding("tls-exporter", new byte[32])));
        var there = new ScramClient("p=tls-exporter,,", new byte[31], "shop", "abc", "pencil");
        SaslExchange exchange = desk.authenticator.begin("SCRAM-SHA-256-PLUS", here);
        String first = text(exchange.start(Optional.of(SaslText.encode(there.first()))));

        assertThat(line(exchange.next(SaslText.encode(there.last(first))))).isEqualTo(INVALID);
        assertThat(desk.metrics.failures("SCRAM-SHA-256-PLUS", "binding")).isEqualTo(1);
    }

    @Test
    void scram_ofUserThatDoesNotExist_looksLikeOneThatDoes() {
        String known = serverFirst("shop");
        String unknown = serverFirst("nobody");

        assertThat(unknown.replaceAll("=[^,]*,s=[^,]*", ""))
                .isEqualTo(known.replaceAll("=[^,]*,s=[^,]*", ""));
        assertThat(unknown).hasSameSizeAs(known);
        assertThat(salt(serverFirst("nobody"))).isEqualTo(salt(unknown));
        assertThat(salt(serverFirst("somebody"))).isNotEqualTo(salt(unknown));

        var scram = new ScramClient("n,,", new byte[0], "nobody", "abc", "pencil");
        SaslExchange exchange = begin("SCRAM-SHA-256");
        String first = text(exchange.start(Optional.of(SaslText.encode(scram.first()))));
        assertThat(line(exchange.next(SaslText.encode(scram.last(first))))).isEqualTo(INVALID);
    }

    @Test
    void scram_ofUserWithAnImportedHash_isRefused_plainIsNot() throws IOException {
        Verifier bcrypt =
                Verifier.parse("$2b$05$abcdefghijklmnopqrstuuNKTrdYIyJepeBe0WMJS4ZyMwX4aEJLK")
                        .orElseThrow();
        desk.file.add(new UserEntry("old", "t", bcrypt, true));

        assertThat(serverFirst("old")).contains(",i=4096");
        SaslStep step = desk.plain("old", "correct horse é");
        assertThat(((SaslStep.Granted) step).identity().mayControl()).isTrue();
    }

    private String serverFirst(String user) {
        var scram = new ScramClient("n,,", new byte[0], user, "abc", "pencil");
        String first = SaslText.encode(scram.first());
        return text(begin("SCRAM-SHA-256").start(Optional.of(first)));
    }

    private static String salt(String serverFirst) {
        return serverFirst.split(",", -1)[1];
    }

    @Test
    void wrongPasswordAndUnknownUser_getTheSameAnswer_laterEachTime() {
        SaslStep wrong = desk.plain("192.0.2.1", "shop", "pen");
        SaslStep unknown = desk.plain("192.0.2.2", "nobody", "pen");

        assertThat(wrong).isEqualTo(unknown);
        assertThat(line(wrong)).isEqualTo(INVALID);
        List<Duration> delays = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            delays.add(delay(desk.plain("192.0.2.3", "other", "pen")));
        }
        assertThat(delays)
                .extracting(Duration::toMillis)
                .containsExactly(500L, 1_000L, 2_000L, 4_000L, 8_000L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "AHNob3AAcGVuY2ls=",
                "AHNob3AAcGVuY2",
                "A",
                "!!!!",
                "AHNo b3A",
                "/w==",
                "AB=="
            })
    void garbage_is501_andCountsAgainstNobody(String response) {
        assertThat(line(begin("PLAIN").start(Optional.of(response)))).startsWith("501 5.5.2 ");
        SaslExchange exchange = begin("PLAIN");
        exchange.start(Optional.empty());
        assertThat(line(exchange.next(response))).startsWith("501 5.5.2 ");
        assertThat(desk.metrics.failures("PLAIN", "malformed")).isEqualTo(2);
        assertThat(desk.metrics.failures("PLAIN", "credentials")).isZero();
    }

    @Test
    void emptyInitialResponse_isAnEmptyMessage() {
        assertThat(line(begin("PLAIN").start(Optional.of("=")))).startsWith("501 5.5.2 ");
        assertThat(line(begin("LOGIN").start(Optional.of("=")))).isEqualTo("334 UGFzc3dvcmQ6");
    }

    @Test
    void star_cancels() {
        SaslExchange exchange = begin("LOGIN");
        exchange.start(Optional.empty());

        assertThat(line(exchange.next("*"))).isEqualTo("501 5.7.0 Authentication cancelled");
        assertThat(desk.metrics.failures("LOGIN", "cancelled")).isEqualTo(1);
    }

    @Test
    void lineBeyondTheLimit_is500() {
        SaslExchange exchange = begin("LOGIN");
        exchange.start(Optional.empty());

        assertThat(line(exchange.next("A".repeat(SaslExchange.LINE_OCTETS_MAX + 4))))
                .isEqualTo("500 5.5.6 Authentication exchange line is too long");
    }

    @Test
    void changedOrRemovedUser_isRefusedAtOnce_andLosesItsStanding() throws IOException {
        desk.file.add(LoginDesk.entry("other", "x"));
        var granted = (SaslStep.Granted) desk.plain("shop", "pencil");
        assertThat(granted.standing().getAsBoolean()).isTrue();

        desk.file.replace(LoginDesk.entry("shop", "brush"));

        assertThat(granted.standing().getAsBoolean()).isFalse();
        assertThat(line(desk.plain("shop", "pencil"))).isEqualTo(INVALID);
        assertThat(line(desk.plain("shop", "brush"))).isEqualTo(GRANTED);
        desk.file.remove("shop");
        assertThat(line(desk.plain("shop", "brush"))).isEqualTo(INVALID);
    }

    @Test
    void userChangedDuringScram_isRefused() throws IOException {
        var scram = new ScramClient("n,,", new byte[0], "shop", "abc", "pencil");
        SaslExchange exchange = begin("SCRAM-SHA-256");
        String first = text(exchange.start(Optional.of(SaslText.encode(scram.first()))));
        exchange.next(SaslText.encode(scram.last(first)));

        desk.file.replace(LoginDesk.entry("shop", "pencil"));

        assertThat(line(exchange.next(""))).isEqualTo(INVALID);
    }

    @Test
    void brokenUsersFile_is454_forAll_untilItIsMended() throws IOException {
        String good = Files.readString(desk.path);
        desk.plain("shop", "pencil");

        Files.writeString(desk.path, good + "broken\n");

        String temporary = "454 4.7.0 Temporary authentication failure; try again later";
        assertThat(line(desk.plain("shop", "pencil"))).isEqualTo(temporary);
        assertThat(line(desk.plain("nobody", "pencil"))).isEqualTo(temporary);
        String first = SaslText.encode("n,,n=shop,r=abc");
        assertThat(line(begin("SCRAM-SHA-256").start(Optional.of(first)))).isEqualTo(temporary);
        Files.writeString(desk.path, good);
        assertThat(line(desk.plain("shop", "pencil"))).isEqualTo(GRANTED);
    }

    @Test
    void lockedOut_theRightPasswordIsNotTaken_untilTheTimeIsOver() {
        for (int i = 0; i < 10; i++) {
            assertThat(line(desk.plain("198.51.100.1", "shop", "guess" + i))).isEqualTo(INVALID);
        }

        String locked = "454 4.7.0 Too many failed logins; try again in 15 min";
        assertThat(line(desk.plain("198.51.100.1", "shop", "pencil"))).isEqualTo(locked);
        assertThat(line(desk.plain("203.0.113.1", "shop", "pencil"))).isEqualTo(locked);
        String first = SaslText.encode("n,,n=shop,r=abc");
        assertThat(line(begin("SCRAM-SHA-256").start(Optional.of(first)))).isEqualTo(locked);
        assertThat(desk.metrics.lockouts.get()).isEqualTo(1);
        desk.clock.advance(Duration.ofMinutes(15));
        assertThat(line(desk.plain("198.51.100.1", "shop", "pencil"))).isEqualTo(GRANTED);
    }

    @Test
    void lockedOut_theAnswerComesLate_byEachMechanism() {
        for (int i = 0; i < 10; i++) {
            desk.plain("198.51.100.1", "shop", "guess" + i);
        }

        SaslStep plain = desk.plain("198.51.100.1", "shop", "pencil");
        String first = SaslText.encode("n,,n=shop,r=abc");
        SaslStep scram = begin("SCRAM-SHA-256").start(Optional.of(first));

        assertThat(LoginDesk.delay(plain)).isEqualTo(LoginFailures.DELAY_MAX);
        assertThat(LoginDesk.delay(scram)).isEqualTo(LoginFailures.DELAY_MAX);
    }

    @Test
    void strangersGuessing_doNotLockOutTheApplicationThatWorks() {
        assertThat(line(desk.plain("192.0.2.7", "shop", "pencil"))).isEqualTo(GRANTED);

        for (int i = 0; i < 30; i++) {
            desk.plain("198.51.100.1", "shop", "guess" + i);
        }

        assertThat(line(desk.plain("198.51.100.2", "shop", "pencil"))).startsWith("454 ");
        assertThat(line(desk.plain("192.0.2.7", "shop", "pencil"))).isEqualTo(GRANTED);
    }

    @Test
    void noLockout_whereTheSettingsSaySo() throws IOException {
        var never = new AuthSettings.Lockout(2, Duration.ofMinutes(1), Duration.ZERO);
        var open = new LoginDesk(folder, never, Optional.empty());

        for (int i = 0; i < 5; i++) {
            assertThat(line(open.plain("shop", "guess"))).isEqualTo(INVALID);
        }
        assertThat(line(open.plain("shop", "pencil"))).isEqualTo(GRANTED);
    }

    @Test
    void manyLoginsAtOnce_shareOneCheck() throws Exception {
        desk.file.add(new UserEntry("slow", "t", Verifier.Scram.of("pencil", 400_000), false));
        List<Callable<String>> logins = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            logins.add(() -> line(desk.plain("slow", "pencil")));
        }

        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<String> login : threads.invokeAll(logins)) {
                assertThat(login.get()).isEqualTo(GRANTED);
            }
        }
    }

    @Test
    void failures_areLogged_inTheFormThatFail2banReads() {
        var lines = new ListAppender<ILoggingEvent>();
        var logger = (Logger) LoggerFactory.getLogger("io.whimbrel.auth.Authenticator");
        lines.start();
        logger.addAppender(lines);
        try {
            desk.plain("2001:db8::7", "a\n=\u00e9" + "x".repeat(100), "secret");
        } finally {
            logger.detachAppender(lines);
        }

        assertThat(lines.list)
                .singleElement()
                .extracting(ILoggingEvent::getFormattedMessage)
                .isEqualTo(
                        "auth-failure ip=2001:db8::7 user=a???"
                                + "x".repeat(60)
                                + " mech=PLAIN listener=0.0.0.0:587 reason=credentials");
    }

    @Test
    void addressesOfOneIpv6Network_areOneClient() {
        assertThat(LoginFailures.network(InetAddress.ofLiteral("2001:db8:0:1:2:3:4:5")))
                .isEqualTo("2001:db8:0:1::/64");
        assertThat(LoginFailures.network(InetAddress.ofLiteral("192.0.2.7")))
                .isEqualTo("192.0.2.7");
    }

    @Test
    void randomMessages_haveAnAnswer() {
        var random = new Random(11);
        String[] pieces = {
            "n,,",
            "n=",
            "shop",
            ",r=",
            "abc",
            "\0",
            "=",
            "c=biws",
            ",p=",
            "\u0001",
            "auth=Bearer ",
            "user=",
            "p=tls-exporter,,",
            "y,,",
            "*",
            "a=",
            "\u00e9"
        };
        for (int i = 0; i < 2_000; i++) {
            var message = new StringBuilder();
            for (int n = random.nextInt(8); n > 0; n--) {
                message.append(pieces[random.nextInt(pieces.length)]);
            }
            byte[] bytes = message.toString().getBytes(StandardCharsets.UTF_8);
            anyMessage_hasAnAnswer(bytes);
        }
    }

    /// In two halves, by each mechanism.
    @FuzzTest(maxDuration = "30s")
    void anyMessage_hasAnAnswer(byte[] bytes) {
        for (Mechanism mechanism : Mechanism.ALL) {
            Dialogue dialogue = dialogue(mechanism);
            String text = SaslText.utf8(bytes).orElse("");
            int cut = text.length() / 2;
            Turn turn = dialogue.receive(text.substring(0, cut));
            if (turn instanceof Turn.Claimed && dialogue instanceof ScramDialogue scram) {
                turn = scram.with(Verifier.Scram.of("x", new byte[8], 1));
            }
            if (turn instanceof Turn.Ask) {
                turn = dialogue.receive(text.substring(cut));
            }
            assertThat(turn).isNotNull();
            if (turn instanceof Turn.Malformed(String complaint)) {
                assertThat(complaint).doesNotContainPattern("\\p{Cntrl}");
            }
        }
        String line = new String(bytes, StandardCharsets.ISO_8859_1);
        SaslText.decode(line)
                .ifPresent(decoded -> assertThat(SaslText.encode(decoded)).isEqualTo(line));
        assertThat(SaslText.logged(line)).matches("[A-Za-z0-9._@+?-]{1,64}");
    }

    private static Dialogue dialogue(Mechanism mechanism) {
        var bindings = List.of(new ChannelBinding("tls-exporter", new byte[32]));
        return switch (mechanism) {
            case PLAIN -> new PlainDialogue();
            case LOGIN -> new LoginDialogue();
            case OAUTHBEARER -> new BearerDialogue(true);
            case XOAUTH2 -> new BearerDialogue(false);
            case SCRAM_SHA_256 ->
                    new ScramDialogue(new ScramDialogue.Offer(false, true, bindings), "nonce");
            case SCRAM_SHA_256_PLUS ->
                    new ScramDialogue(new ScramDialogue.Offer(true, true, bindings), "nonce");
        };
    }
}
