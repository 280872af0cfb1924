package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.socket.ListenSocket;

import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;

class ReceptionTest {

    @Test
    void clientsBeyondTheLimit_areToldSo_orWait() throws Exception {
        SessionLimits limits = TestReception.connectionLimits(3, OptionalInt.empty());
        List<SmtpTalk> talks = new ArrayList<>();
        try (var reception = TestReception.start(TestReception.EVERYBODY, limits)) {
            for (int i = 0; i < 3; i++) {
                talks.add(reception.greeted());
            }
            for (int i = 0; i < ConnectionCount.RESERVE; i++) {
                SmtpTalk refused = reception.connect();
                refused.expect("421 4.3.2 Too many connections");
                talks.add(refused);
            }
            // Every permit is in use until one of the refused has gone: this one waits.
            SmtpTalk waiting = reception.connect();
            talks.add(waiting);
            assertThat(waiting.hasReplyWithin(Duration.ofMillis(50))).isFalse();
            talks.get(3).close();
            waiting.expect("421 4.3.2");
            talks.get(0).command("QUIT", "221");
            talks.get(0).expectClosed();
            talks.get(4).close();
            awaitGreeting(reception);
        } finally {
            for (SmtpTalk talk : talks) {
                talk.close();
            }
        }
    }

    @Test
    void shortageOfFiles_isToldOnce_forAllListeners() {
        var logged = new ListAppender<ILoggingEvent>();
        logged.start();
        var log = (Logger) LoggerFactory.getLogger("io.whimbrel.reception");
        log.addAppender(logged);
        try (var reception = TestReception.startShortOfFiles(100, 2)) {
            assertThat(logged.list)
                    .singleElement()
                    .asString()
                    .contains("LimitNOFILE=")
                    .contains(ListenSettings.label(reception.tcp(0)) + " ")
                    .contains(ListenSettings.label(reception.tcp(1)) + " ");
        } finally {
            log.detachAppender(logged);
        }
    }

    @Test
    void connections_areFewer_whereFilesAreShort() throws Exception {
        try (var reception = TestReception.startShortOfFiles(ConnectionCount.RESERVE + 2, 1);
                var first = reception.greeted();
                var second = reception.greeted();
                var third = reception.connect()) {
            third.expect("421 4.3.2 Too many connections");
            // A reload does not give back what the process does not have.
            reception.reload(
                    List.of(
                            TestReception.settings(
                                    TestReception.EVERYBODY, SessionLimits.DEFAULT)));
            try (var fourth = reception.connect()) {
                fourth.expect("421 4.3.2 Too many connections");
            }
            first.command("QUIT", "221");
            second.command("QUIT", "221");
        }
    }

    @Test
    void connectionsOfOneClient_areLimited_whereTheSettingsSay() throws Exception {
        SessionLimits limits = TestReception.connectionLimits(100, OptionalInt.of(2));
        try (var reception = TestReception.start(TestReception.EVERYBODY, limits);
                var first = reception.greeted();
                var _ = reception.greeted();
                var third = reception.connect()) {
            third.expect("421 4.7.0 More than 2 connections from your address");
            third.expectClosed();
            first.command("QUIT", "221");
            first.expectClosed();
            awaitGreeting(reception);
        }
    }

    @Test
    void strangers_haveTheDefaultLimit_andListedClientsNone() throws Exception {
        SessionLimits limits = TestReception.connectionLimits(100, OptionalInt.empty());
        try (var reception = TestReception.start(TestReception.NOBODY, limits)) {
            assertThat(greetings(reception, 60)).isEqualTo(50);
        }
        try (var reception = TestReception.start(TestReception.EVERYBODY, limits)) {
            assertThat(greetings(reception, 60)).isEqualTo(60);
        }
    }

    @Test
    void counts_treatAnIpv6NetworkAsOneClient() {
        var count = new ConnectionCount(10);
        OptionalInt one = OptionalInt.of(1);
        assertThat(count.admit(InetAddress.ofLiteral("2001:db8::1"), one))
                .isEqualTo(ConnectionCount.Admission.ADMITTED);
        assertThat(count.admit(InetAddress.ofLiteral("2001:db8::2"), one))
                .isEqualTo(ConnectionCount.Admission.TOO_MANY_FROM_CLIENT);
        assertThat(count.admit(InetAddress.ofLiteral("2001:db8:0:1::1"), one))
                .isEqualTo(ConnectionCount.Admission.ADMITTED);
        count.leave(InetAddress.ofLiteral("2001:db8::1"));
        assertThat(count.admit(InetAddress.ofLiteral("2001:db8::2"), one))
                .isEqualTo(ConnectionCount.Admission.ADMITTED);
        assertThat(count.admit(InetAddress.ofLiteral("192.0.2.1"), one))
                .isEqualTo(ConnectionCount.Admission.ADMITTED);
        assertThat(count.admit(InetAddress.ofLiteral("192.0.2.2"), one))
                .isEqualTo(ConnectionCount.Admission.ADMITTED);
    }

    @Test
    void thousandIdleClients_areServedAndCheap() throws Exception {
        List<SmtpTalk> talks = new ArrayList<>();
        try (var reception = TestReception.start()) {
            System.gc();
            long before = usedMemory();
            for (int i = 0; i < 1_000; i++) {
                talks.add(reception.greeted());
            }
            System.gc();
            long each = (usedMemory() - before) / 1_000;
            // The client's side, with its buffer of 8 KiB, is in the same heap.
            assertThat(each).as("octets for each connection").isLessThan(20_000);
            for (SmtpTalk talk : talks) {
                talk.command("NOOP", "250");
            }
            reception.reception.close(Duration.ofSeconds(20));
            assertThat(reception.reception.connections()).isZero();
            for (SmtpTalk talk : talks) {
                talk.expect("421 4.3.2");
            }
        } finally {
            for (SmtpTalk talk : talks) {
                talk.close();
            }
        }
    }

    @Test
    void addressInUse_isNamedWithTheRemedy_andNothingStaysBound() throws Exception {
        try (var first = TestReception.start()) {
            ListenSettings free = TestReception.settings(List.of(), SessionLimits.DEFAULT);
            ListenSettings taken = at(first.address(), free);
            var reception =
                    new Reception(
                            ReceptionSettings.of(List.of(free, taken)),
                            first.desk(),
                            new Metrics(),
                            new ManualClock());
            assertThatThrownBy(() -> reception.start(1_000))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + first.address().getPort())
                    .hasMessageContaining("choose another address");
            assertThat(reception.addresses()).isEmpty();
        }
    }

    @Test
    void addressOfAnotherMachine_isNamedWithTheRemedy() throws Exception {
        var elsewhere = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 0);
        assertThatThrownBy(() -> ListenSocket.bind(elsewhere, 0660).close())
                .hasMessageContaining("192.0.2.1:0")
                .hasMessageContaining("does not have the address");
    }

    @Test
    void reload_changesTheTermsOfNewSessions() throws Exception {
        try (var reception = TestReception.start();
                var old = reception.greeted()) {
            SessionLimits limits = TestReception.limits(777, 10, 5);
            reception.reload(List.of(TestReception.settings(TestReception.NOBODY, limits)));
            old.command("MAIL FROM:<>", "250");
            old.command("RCPT TO:<a@example.org>", "250");
            try (var talk = reception.greeted()) {
                assertThat(talk.lastReply()).contains("250-SIZE 777");
                talk.command("MAIL FROM:<>", "250");
                talk.command("RCPT TO:<a@example.org>", "550 5.7.1");
            }
        }
    }

    @Test
    void reload_ofOtherAddresses_isRefused_andChangesNothing() throws Exception {
        try (var reception = TestReception.start()) {
            ListenSettings known =
                    TestReception.settings(TestReception.NOBODY, SessionLimits.DEFAULT);
            ListenSettings other =
                    at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 2), known);
            for (List<ListenSettings> next :
                    List.of(List.<ListenSettings>of(), List.of(other), List.of(known, other))) {
                assertThatThrownBy(() -> reception.reload(next)).hasMessageContaining("restart");
            }
            try (var talk = reception.greeted()) {
                talk.command("MAIL FROM:<>", "250");
                talk.command("RCPT TO:<a@example.org>", "250");
            }
        }
    }

    /// What `accept` does when the process is out of file descriptors.
    @Test
    void failingAccept_isTriedAgain_withoutSpinning() throws Exception {
        var attempts = new AtomicInteger();
        var serverSocket =
                new ServerSocket(0, 10, InetAddress.getLoopbackAddress()) {
                    @Override
                    public Socket accept() throws IOException {
                        if (attempts.incrementAndGet() <= 2) {
                            throw new SocketException("Too many open files");
                        }
                        return super.accept();
                    }
                };
        var clock = new ManualClock();
        var metrics = new Metrics();
        var listener =
                new Listener(
                        new ListenSocket.Tcp(serverSocket),
                        TestReception.terms(
                                TestReception.settings(
                                        TestReception.EVERYBODY, SessionLimits.DEFAULT)),
                        new MessageIntake(
                                new MemoryMail(), new ArrivingBodies(1 << 20), metrics, clock),
                        metrics,
                        clock);
        long begin = System.nanoTime();
        listener.start();
        try (var talk = new SmtpTalk((InetSocketAddress) listener.address())) {
            talk.expect("220");
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isGreaterThan(Duration.ofMillis(150));
            // Two failures, this connection, and the one that is waited for.
            assertThat(attempts.get()).isBetween(3, 4);
        }
        listener.drain();
        listener.awaitEnd(Duration.ofSeconds(10), Duration.ofSeconds(1));
        assertThat(listener.connections()).isZero();
    }

    private static ListenSettings at(InetSocketAddress address, ListenSettings settings) {
        return new ListenSettings(
                settings.hostName(),
                ListenSettings.Entrance.of(address),
                settings.access(),
                settings.handling(),
                settings.limits());
    }

    private static int greetings(TestReception reception, int connections) throws IOException {
        List<SmtpTalk> talks = new ArrayList<>();
        int greetings = 0;
        for (int i = 0; i < connections; i++) {
            SmtpTalk talk = reception.connect();
            talks.add(talk);
            greetings += talk.readReply().getFirst().startsWith("220") ? 1 : 0;
        }
        for (SmtpTalk talk : talks) {
            talk.close();
        }
        return greetings;
    }

    /// A connection that ended may be counted a moment longer.
    private static void awaitGreeting(TestReception reception) throws IOException {
        String reply = "";
        for (int i = 0; i < 1_000 && !reply.startsWith("220"); i++) {
            try (var talk = reception.connect()) {
                reply = talk.readReply().getFirst();
            }
        }
        assertThat(reply).startsWith("220");
    }

    private static long usedMemory() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
