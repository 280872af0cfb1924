package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.delivery.TlsParties;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TextAnswer;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ServerTrust;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

@Timeout(60)
class MtaStsTest {
    private static final DomainName DOMAIN = new DomainName("example.test");
    private static final StsPolicy ENFORCE = StsPolicy.parse(StsPolicyTest.GOOD).orElseThrow();
    private static final StsPolicy DAY =
            new StsPolicy(StsPolicy.Mode.NONE, List.of(), Duration.ofDays(1));
    private static final String ANSWER =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + StsPolicyTest.GOOD;

    @TempDir Path folder;
    private final Watchdog watchdog = new Watchdog("test-watchdog");
    private final StsCache cache = new StsCache();
    private final AtomicInteger fetches = new AtomicInteger();
    private volatile Instant now = Instant.parse("2026-11-27T12:00:00Z");
    private volatile Optional<String> record = Optional.of("v=STSv1; id=1;");
    private volatile StsAnswer fetched = new StsAnswer.Found(ENFORCE);
    private MtaSts sts;

    @BeforeEach
    void make() {
        sts = new MtaSts(cache, this::texts, this::fetch, () -> now);
    }

    @AfterEach
    void close() {
        watchdog.close();
    }

    private TextAnswer texts(String name) {
        assertThat(name).isEqualTo("_mta-sts.example.test");
        return record.<TextAnswer>map(
                        text -> new TextAnswer.Texts(List.of(text), Duration.ofMinutes(1)))
                .orElse(new TextAnswer.NoText(Duration.ofMinutes(1)));
    }

    private StsAnswer fetch(DomainName domain) {
        fetches.incrementAndGet();
        return fetched;
    }

    @Test
    void firstTime_isFetchedOnceAndKept() {
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        assertThat(sts.shown(DOMAIN)).contains("mode: enforce");
        assertThat(fetches).hasValue(1);
    }

    @Test
    void noRecord_nothingIsFetched() {
        record = Optional.empty();
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.None());
        assertThat(fetches).hasValue(0);
    }

    @Test
    void failedLookup_saysNothing() {
        var offline =
                new MtaSts(
                        cache,
                        _ -> new TextAnswer.TemporaryFailure("no server answers"),
                        this::fetch,
                        () -> now);
        assertThat(offline.policy(DOMAIN)).isInstanceOf(StsAnswer.Unknown.class);
        assertThat(fetches).hasValue(0);
    }

    @Test
    void failedLookup_isNotRepeatedAtOnce() {
        var lookups = new AtomicInteger();
        var offline =
                new MtaSts(
                        cache,
                        _ -> {
                            lookups.incrementAndGet();
                            return new TextAnswer.TemporaryFailure("no server answers");
                        },
                        this::fetch,
                        () -> now);
        for (int i = 0; i < 3; i++) {
            assertThat(offline.policy(DOMAIN)).isInstanceOf(StsAnswer.Unknown.class);
        }
        assertThat(lookups).hasValue(1);
        now = now.plus(MtaSts.UNKNOWN_FOR);
        offline.policy(DOMAIN);
        assertThat(lookups).hasValue(2);
        // What is known counts, whatever is not known of the DNS.
        cache.keep(DOMAIN, new StsCache.Entry("1", ENFORCE, now));
        assertThat(offline.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
    }

    @Test
    void hostsThatAreDead_keepNoOthersFromBeingRefreshed() throws InterruptedException {
        var asked = ConcurrentHashMap.<DomainName>newKeySet();
        var gate = new AtomicReference<>(new CountDownLatch(1));
        var many =
                new MtaSts(
                        cache,
                        _ -> new TextAnswer.NoText(Duration.ZERO),
                        domain -> {
                            asked.add(domain);
                            awaitOpen(gate.get());
                            return new StsAnswer.Broken(TlsFailure.STS_POLICY_FETCH_ERROR, "no");
                        },
                        () -> now);
        int count = 2 * MtaSts.FETCHES_MAX;
        for (int i = 0; i < count; i++) {
            cache.keep(new DomainName("d" + i + ".test"), new StsCache.Entry("1", DAY, now));
        }
        now = now.plus(Duration.ofHours(12));
        for (int round = 0; round < 2; round++) {
            gate.set(new CountDownLatch(1));
            many.refreshOld();
            assertThat(many.underWay()).isEqualTo(MtaSts.FETCHES_MAX);
            gate.get().countDown();
            await(() -> many.underWay() == 0);
            now = now.plus(MtaSts.CHECK_AGAIN);
        }
        assertThat(asked).hasSize(count);
    }

    /// Many policies are good for a day: they must not run out before they are fetched again.
    @ParameterizedTest
    @CsvSource({"60, 30", "3600, 30", "86400, 720", "1209600, 1440"})
    void policy_isFetchedAgainBehindHalfItsTime_aDayAtMost(int maxAge, int minutes)
            throws InterruptedException {
        var policy = new StsPolicy(StsPolicy.Mode.NONE, List.of(), Duration.ofSeconds(maxAge));
        fetched = new StsAnswer.Found(policy);
        sts.policy(DOMAIN);
        now = now.plus(Duration.ofMinutes(minutes)).minusSeconds(1);
        assertThat(cache.old(now)).isEmpty();
        now = now.plusSeconds(1);
        sts.refreshOld();
        awaitFetches(2);
        assertThat(known()).contains(policy);
    }

    @Test
    void policyOfAMinute_isKeptForAnHour() {
        sts.policy(DOMAIN);
        now = now.plus(StsCache.AGE_LEAST).minusSeconds(1);
        assertThat(known()).isPresent();
        now = now.plusSeconds(1);
        assertThat(known()).isEmpty();
    }

    /// Web servers that answer slowly hold up others, which wait; refreshes come another time.
    @Test
    void manySlowFetches_othersWait_andBeyondThatNothingIsKnown() throws InterruptedException {
        var gate = new CountDownLatch(1);
        var many =
                new MtaSts(
                        cache,
                        _ -> new TextAnswer.Texts(List.of("v=STSv1; id=1;"), Duration.ZERO),
                        domain -> {
                            awaitOpen(gate);
                            return fetch(domain);
                        },
                        () -> now);
        cache.keep(DOMAIN, new StsCache.Entry("1", ENFORCE, now));
        now = now.plus(Duration.ofMinutes(30));
        int most = MtaSts.FETCHES_MAX + MtaSts.QUEUE_MAX;
        for (int i = 0; i < most; i++) {
            var domain = new DomainName("d" + i + ".test");
            Thread.ofVirtual().start(() -> many.policy(domain));
        }
        await(() -> many.underWay() == most);
        assertThat(many.policy(new DomainName("late.test"))).isInstanceOf(StsAnswer.Unknown.class);
        assertThat(many.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        assertThat(many.underWay()).isEqualTo(most);
        gate.countDown();
        awaitFetches(most);
        await(() -> many.underWay() == 0);
        assertThat(cache.size()).isEqualTo(most + 1);
        // What found no place has not been looked at.
        many.policy(DOMAIN);
        awaitFetches(most + 1);
    }

    private static void awaitOpen(CountDownLatch gate) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 2_000 && !condition.getAsBoolean(); i++) {
            new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    @Test
    void failedFetch_isNotRepeatedAtOnce() {
        fetched = new StsAnswer.Broken(TlsFailure.STS_POLICY_FETCH_ERROR, "no");
        assertThat(sts.policy(DOMAIN)).isEqualTo(fetched);
        assertThat(sts.policy(DOMAIN)).isEqualTo(fetched);
        assertThat(fetches).hasValue(1);
        now = now.plus(MtaSts.FAILED_FOR);
        fetched = new StsAnswer.Found(ENFORCE);
        assertThat(sts.policy(DOMAIN)).isEqualTo(fetched);
    }

    @Test
    void failedRefresh_keepsWhatIsKnownUntilItHasRunOut() throws InterruptedException {
        sts.policy(DOMAIN);
        now = now.plus(Duration.ofMinutes(30));
        record = Optional.of("v=STSv1; id=2;");
        fetched = new StsAnswer.Broken(TlsFailure.STS_POLICY_FETCH_ERROR, "no");
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        awaitFetches(2);
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        now = now.plus(Duration.ofMinutes(30));
        assertThat(sts.policy(DOMAIN)).isEqualTo(fetched);
    }

    @Test
    void anotherId_isFetchedBehindTheScenes() throws InterruptedException {
        sts.policy(DOMAIN);
        record = Optional.of("v=STSv1; id=2;");
        var none = new StsPolicy(StsPolicy.Mode.NONE, List.of(), Duration.ofDays(1));
        fetched = new StsAnswer.Found(none);
        sts.policy(DOMAIN);
        awaitFetches(2);
        for (int i = 0; i < 500 && !known().equals(Optional.of(none)); i++) {
            new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
        }
        assertThat(known()).contains(none);
    }

    private Optional<StsPolicy> known() {
        return cache.find(DOMAIN, now).map(StsCache.Entry::policy);
    }

    private void awaitFetches(int count) throws InterruptedException {
        await(() -> fetches.get() >= count);
        assertThat(fetches).hasValue(count);
    }

    @Test
    void restart_keepsThem() throws DamagedException {
        sts.policy(DOMAIN);
        ObjectNode file = JsonMapper.builder().build().createObjectNode();
        cache.writeTo(file);
        var later = new StsCache();
        later.restore(file);
        assertThat(later.find(DOMAIN, now)).isEqualTo(cache.find(DOMAIN, now)).isPresent();
    }

    @Test
    void tooMany_theLeastUsedAreForgotten() {
        for (int i = 0; i < StsCache.POLICIES_MAX + 5; i++) {
            cache.keep(new DomainName("d" + i + ".test"), new StsCache.Entry("1", ENFORCE, now));
        }
        assertThat(cache.size()).isEqualTo(StsCache.POLICIES_MAX);
        assertThat(cache.find(new DomainName("d4.test"), now)).isEmpty();
    }

    @Test
    void tooMany_thoseThatHaveRunOutAreForgottenFirst() {
        var lasting = new StsPolicy(StsPolicy.Mode.NONE, List.of(), Duration.ofDays(7));
        for (int i = 0; i < StsCache.POLICIES_MAX; i++) {
            StsPolicy policy = i == 5_000 ? ENFORCE : lasting;
            cache.keep(new DomainName("d" + i + ".test"), new StsCache.Entry("1", policy, now));
        }
        now = now.plus(StsCache.AGE_LEAST);
        cache.keep(DOMAIN, new StsCache.Entry("1", lasting, now));
        assertThat(cache.peek(new DomainName("d0.test"), now)).isPresent();
        assertThat(cache.peek(new DomainName("d5000.test"), now)).isEmpty();
        assertThat(cache.size()).isEqualTo(StsCache.POLICIES_MAX);
    }

    @Test
    void tooMany_aRefreshIsNoUse() {
        for (int i = 0; i < StsCache.POLICIES_MAX; i++) {
            cache.keep(new DomainName("d" + i + ".test"), new StsCache.Entry("1", ENFORCE, now));
        }
        var refreshed = new DomainName("d0.test");
        var used = new DomainName("d1.test");
        cache.keep(refreshed, new StsCache.Entry("2", ENFORCE, now));
        cache.find(used, now);
        cache.keep(DOMAIN, new StsCache.Entry("1", ENFORCE, now));
        assertThat(cache.peek(refreshed, now)).isEmpty();
        assertThat(cache.peek(used, now)).isPresent();
    }

    /// An authority of ours must not switch MTA-STS off, nor speak for others' web servers.
    @Test
    void policies_areFetchedWithTheAuthoritiesOfJava() throws IOException {
        var parties = new TlsParties(folder);
        var good = parties.issue("ca", "good", "mta-sts.example.test");
        Optional<Path> file = Optional.of(parties.authority());
        List<Network> here = List.of(Network.parse("127.0.0.0/8").orElseThrow());
        try (var dns =
                        new TestNameServer()
                                .with("mta-sts.example.test. 60 IN A 127.0.0.1")
                                .with("_mta-sts.example.test. 60 IN TXT \"v=STSv1; id=1;\"");
                var server = serve(parties, good, ANSWER);
                var state = new TlsState(folder, () -> now, new Metrics())) {
            var settings = settings(file, server.getLocalPort());
            var resolver = new Resolver(dns.settings(), () -> now);
            OutboundTls tls =
                    state.open(
                            settings, Map.of(), resolver, here, (_, _, _) -> new DaneAnswer.None());
            DomainTls domain = tls.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
            assertThat(failure(domain.sts())).isEqualTo(TlsFailure.STS_WEBPKI_INVALID);
        }
    }

    private static TlsOutSettings settings(Optional<Path> authorities, int port) {
        TlsOutSettings other = TlsOutSettings.DEFAULT;
        return new TlsOutSettings(
                other.level(),
                other.minimum(),
                other.handshakeMost(),
                other.rememberBroken(),
                Optional.empty(),
                authorities,
                true,
                true,
                port,
                List.of());
    }

    @Test
    void webServer_isBelievedByItsCertificateOnly() throws IOException {
        var parties = new TlsParties(folder);
        var good = parties.issue("ca", "good", "mta-sts.example.test");
        var other = parties.issue("ca", "other", "www.example.test");
        ServerTrust trust = ServerTrust.load(parties.authority());
        try (var server = serve(parties, good, ANSWER)) {
            assertThat(fetch(server, trust)).isEqualTo(new StsAnswer.Found(ENFORCE));
        }
        try (var server = serve(parties, good, ANSWER.replace("mode", "mood"))) {
            assertThat(failure(fetch(server, trust))).isEqualTo(TlsFailure.STS_POLICY_INVALID);
        }
        try (var server = serve(parties, good, "HTTP/1.1 302 Found\r\n\r\n")) {
            assertThat(failure(fetch(server, trust))).isEqualTo(TlsFailure.STS_POLICY_FETCH_ERROR);
        }
        try (var server = serve(parties, other, ANSWER)) {
            assertThat(failure(fetch(server, trust))).isEqualTo(TlsFailure.STS_WEBPKI_INVALID);
        }
        try (var server = serve(parties, good, ANSWER)) {
            assertThat(failure(fetch(server, ServerTrust.ofJava())))
                    .isEqualTo(TlsFailure.STS_WEBPKI_INVALID);
        }
    }

    private StsAnswer fetch(SSLServerSocket server, ServerTrust trust) {
        var place = new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
        return fetch(trust, place);
    }

    private StsAnswer fetch(ServerTrust trust, InetSocketAddress... places) {
        return new StsFetch(watchdog, _ -> List.of(places), trust).fetch(DOMAIN);
    }

    @Test
    void webServerOfSeveralAddresses_isAskedAtTheFirstThatAnswers() throws IOException {
        var parties = new TlsParties(folder);
        var good = parties.issue("ca", "good", "mta-sts.example.test");
        ServerTrust trust = ServerTrust.load(parties.authority());
        var dead = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
        try (var server = serve(parties, good, ANSWER)) {
            var place = new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
            assertThat(fetch(trust, dead, place)).isEqualTo(new StsAnswer.Found(ENFORCE));
        }
        assertThat(failure(fetch(trust, dead, dead))).isEqualTo(TlsFailure.STS_POLICY_FETCH_ERROR);
    }

    private static TlsFailure failure(StsAnswer answer) {
        return ((StsAnswer.Broken) answer).failure();
    }

    private static SSLServerSocket serve(TlsParties parties, CertificateFiles files, String answer)
            throws IOException {
        var server =
                (SSLServerSocket)
                        parties.server(files, false)
                                .getServerSocketFactory()
                                .createServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofVirtual()
                .start(() -> {
                    try (var socket = (SSLSocket) server.accept()) {
                        var in = socket.getInputStream();
                        var request = new StringBuilder();
                        while (!request.toString().endsWith("\r\n\r\n")) {
                            request.append((char) in.read());
                        }
                        if (request.toString()
                                .startsWith("GET /.well-known/mta-sts.txt HTTP/1.1\r\n")) {
                            socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                        }
                    } catch (IOException _) {
                        // The client did not believe us.
                    }
                });
        return server;
    }
}
