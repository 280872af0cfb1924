package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.delivery.TlsParties;
import io.whimbrel.dns.TextAnswer;
import io.whimbrel.mail.DomainName;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ServerTrust;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

@Timeout(60)
class MtaStsTest {
    private static final DomainName DOMAIN = new DomainName("example.test");
    private static final StsPolicy ENFORCE = StsPolicy.parse(StsPolicyTest.GOOD).orElseThrow();
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
        now = now.plus(Duration.ofSeconds(30));
        record = Optional.of("v=STSv1; id=2;");
        fetched = new StsAnswer.Broken(TlsFailure.STS_POLICY_FETCH_ERROR, "no");
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        awaitFetches(2);
        assertThat(sts.policy(DOMAIN)).isEqualTo(new StsAnswer.Found(ENFORCE));
        now = now.plus(Duration.ofSeconds(30));
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
        for (int i = 0; i < 500 && fetches.get() < count; i++) {
            new CountDownLatch(1).await(10, TimeUnit.MILLISECONDS);
        }
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
        return new StsFetch(watchdog, _ -> place, trust).fetch(DOMAIN);
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
