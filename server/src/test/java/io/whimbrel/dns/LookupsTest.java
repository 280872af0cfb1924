package io.whimbrel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.DnsCache.Question;
import io.whimbrel.dns.TestNameServer.Mood;
import io.whimbrel.metrics.DnsMetrics;
import io.whimbrel.metrics.DnsMetrics.Outcome;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/// [Lookups] and [NameServers], and what they count.
@Timeout(60)
class LookupsTest {
    private static final int TXT = 16;
    private static final DnsAnswer NONE = new DnsAnswer.NoData(Duration.ofMinutes(1), false);

    private final TestNameServer server = new TestNameServer();
    private final TestNameServer second = new TestNameServer();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final DnsMetrics metrics = DnsMetrics.unregistered();

    @AfterEach
    void close() {
        server.close();
        second.close();
    }

    private Lookups lookups(int questionsMax, Duration patience) {
        var cache = new DnsCache(1 << 20, Duration.ofDays(1));
        return new Lookups(cache, new Lookups.Limits(questionsMax, patience), now::get, metrics);
    }

    private static <T> FutureTask<T> begin(Supplier<T> work) {
        var task = new FutureTask<>(work::get);
        Thread.ofVirtual().start(task);
        return task;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void sameQuestionAtOnce_isAskedOnce() throws InterruptedException, ExecutionException {
        Lookups lookups = lookups(10, Duration.ofSeconds(20));
        var gate = new CountDownLatch(1);
        var asked = new AtomicInteger();
        List<FutureTask<DnsAnswer>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(
                    begin(() ->
                            lookups.get(
                                    new Question("x.test", TXT),
                                    () -> {
                                        await(gate);
                                        asked.incrementAndGet();
                                        return NONE;
                                    })));
        }
        gate.countDown();

        for (FutureTask<DnsAnswer> one : all) {
            assertThat(one.get()).isEqualTo(NONE);
        }
        assertThat(asked).hasValue(1);
    }

    @Test
    void whoLosesPatience_hasAFailure_andTheAnswerIsKeptForTheNext() {
        Lookups lookups = lookups(10, Duration.ofSeconds(20));
        var gate = new CountDownLatch(1);
        var asked = new AtomicInteger();
        Question question = new Question("x.test", TXT);
        Supplier<DnsAnswer> lookup =
                () -> {
                    await(gate);
                    asked.incrementAndGet();
                    return NONE;
                };

        lookups.begin(question, lookup);
        lookups.begin(question, lookup);
        assertThat(lookups.get(question, lookup, Duration.ZERO))
                .isInstanceOf(DnsAnswer.Failed.class);
        gate.countDown();

        assertThat(lookups.get(question, lookup)).isEqualTo(NONE);
        lookups.begin(question, lookup);
        assertThat(asked).hasValue(1);
    }

    @Test
    void questionsBeyondTheLimit_waitForTheirTurn()
            throws InterruptedException, ExecutionException {
        Lookups lookups = lookups(2, Duration.ofSeconds(40));
        var running = new AtomicInteger();
        var most = new AtomicInteger();
        List<FutureTask<DnsAnswer>> all = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            var question = new Question(i + ".test", TXT);
            all.add(
                    begin(() ->
                            lookups.get(
                                    question,
                                    () -> {
                                        most.accumulateAndGet(running.incrementAndGet(), Math::max);
                                        Thread.onSpinWait();
                                        running.decrementAndGet();
                                        return NONE;
                                    })));
        }

        for (FutureTask<DnsAnswer> one : all) {
            assertThat(one.get()).isEqualTo(NONE);
        }
        assertThat(most.get()).isBetween(1, 2);
        assertThat(metrics.answers("TXT", Outcome.NEGATIVE)).isEqualTo(200);
    }

    @Test
    void turnThatDoesNotCome_failsForNow_andIsAskedAgainNextTime()
            throws InterruptedException, ExecutionException {
        Lookups lookups = lookups(1, Duration.ofMillis(1));
        var gate = new CountDownLatch(1);
        var inside = new CountDownLatch(1);
        var slow =
                begin(() ->
                        lookups.get(
                                new Question("slow.test", TXT),
                                () -> {
                                    inside.countDown();
                                    await(gate);
                                    return NONE;
                                }));
        await(inside);

        assertThat(lookups.get(new Question("x.test", TXT), () -> NONE))
                .isEqualTo(
                        new DnsAnswer.Failed(
                                "no turn to ask within 1 ms", DnsAnswer.Cause.UNASKED));
        assertThat(metrics.answers("TXT", Outcome.UNASKED)).isEqualTo(1);
        gate.countDown();
        assertThat(slow.get()).isEqualTo(NONE);
        assertThat(lookups.get(new Question("x.test", TXT), () -> NONE)).isEqualTo(NONE);
    }

    @Test
    void whoAskedAndLeft_leavesTheOthersTheirAnswer()
            throws InterruptedException, ExecutionException {
        Lookups lookups = lookups(1, Duration.ofSeconds(20));
        var question = new Question("x.test", TXT);
        var gate = new CountDownLatch(1);
        var inside = new CountDownLatch(1);
        var first = new AtomicReference<DnsAnswer>();
        Thread impatient =
                Thread.ofVirtual()
                        .start(() ->
                                first.set(
                                        lookups.get(
                                                question,
                                                () -> {
                                                    inside.countDown();
                                                    await(gate);
                                                    return NONE;
                                                })));
        await(inside);
        FutureTask<DnsAnswer> other = begin(() -> lookups.get(question, () -> NONE));
        impatient.interrupt();
        impatient.join();
        gate.countDown();

        assertThat(first.get()).isInstanceOf(DnsAnswer.Failed.class);
        assertThat(other.get()).isEqualTo(NONE);
    }

    @Test
    void everyOutcome_isCounted() {
        server.with("a.test. 60 IN A 192.0.2.1");
        var resolver = new Resolver(server.settings(), now::get, metrics);
        resolver.ipv4("a.test");
        resolver.ipv4("a.test");
        resolver.ipv4("b.test");
        server.mood(Mood.SERVFAIL);
        resolver.ipv4("c.test");
        pass(Duration.ofMinutes(5));
        resolver.ipv4("a.test");
        resolver.ipv4("a.test");
        server.mood(Mood.SILENT);
        resolver.ipv4("d.test");

        assertThat(metrics.answers("A", Outcome.FRESH)).isEqualTo(1);
        assertThat(metrics.answers("A", Outcome.CACHED)).isEqualTo(1);
        assertThat(metrics.answers("A", Outcome.NEGATIVE)).isEqualTo(1);
        assertThat(metrics.answers("A", Outcome.SERVFAIL)).isEqualTo(1);
        assertThat(metrics.answers("A", Outcome.STALE)).isEqualTo(2);
        assertThat(metrics.answers("A", Outcome.TIMEOUT)).isEqualTo(1);
    }

    @Test
    void failure_isRememberedForSeconds() {
        server.mood(Mood.SERVFAIL);
        var resolver = new Resolver(server.settings(), now::get);
        resolver.mx("a.test");
        resolver.mx("a.test");
        assertThat(server.questions()).as("a failing server is asked once").isEqualTo(1);
        server.mood(Mood.WELL);
        server.with("a.test. 60 IN MX 10 mx.test.");
        pass(Duration.ofSeconds(5));

        assertThat(resolver.mx("a.test")).isInstanceOf(MxAnswer.Hosts.class);
    }

    @Test
    void silentServer_comesLast_untilOneQuestionFindsItAnswering() {
        var both =
                new DnsSettings(List.of(address(server), address(second)), Duration.ofMillis(300));
        var resolver = new Resolver(both, now::get);
        server.mood(Mood.SILENT);
        resolver.mx("a.test");
        resolver.mx("b.test");
        assertThat(server.questions()).isEqualTo(1);
        server.mood(Mood.WELL);
        pass(Duration.ofSeconds(59));
        resolver.mx("c.test");
        assertThat(server.questions()).isEqualTo(1);
        int asked = second.questions();

        pass(Duration.ofSeconds(1));
        resolver.mx("d.test");
        resolver.mx("e.test");

        assertThat(server.questions()).isEqualTo(3);
        assertThat(second.questions()).isEqualTo(asked);
    }

    @Test
    void serverThatFails_isAskedOnce_andTheNextAnswers() {
        var both =
                new DnsSettings(List.of(address(server), address(second)), Duration.ofSeconds(10));
        server.mood(Mood.SERVFAIL);
        second.with("a.test. 60 IN MX 10 mx.test.");

        assertThat(new Resolver(both, now::get).mx("a.test")).isInstanceOf(MxAnswer.Hosts.class);
        assertThat(server.questions()).isEqualTo(1);
    }

    @Test
    void whereDnssecCounts_serversThatAreNotTrusted_areNotAskedIfThereAreOthers() {
        var far = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.53"), 53);
        var local = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 53);

        assertThat(names(List.of(far, local), List.of())).containsExactly("127.0.0.1:53");
        assertThat(names(List.of(far), List.of())).containsExactly("192.0.2.53:53");
        assertThat(names(List.of(far, local), List.of(far.getAddress())))
                .containsExactly("192.0.2.53:53", "127.0.0.1:53");
    }

    private List<String> names(List<InetSocketAddress> servers, List<InetAddress> trusted) {
        DnsSettings plain = DnsSettings.DEFAULT;
        var settings =
                new DnsSettings(
                        servers,
                        plain.timeout(),
                        plain.cacheBytesMax(),
                        plain.questionsMax(),
                        plain.serveStale(),
                        DnsSettings.Dnssec.AD,
                        trusted);
        return new Resolver(settings, now::get).servers();
    }

    private static InetSocketAddress address(TestNameServer server) {
        return server.settings().servers().getFirst();
    }

    private void pass(Duration time) {
        now.updateAndGet(instant -> instant.plus(time));
    }
}
