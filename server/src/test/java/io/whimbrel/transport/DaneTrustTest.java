package io.whimbrel.transport;

import static io.whimbrel.dns.TlsaRecord.DANE_EE;
import static io.whimbrel.dns.TlsaRecord.DANE_TA;
import static io.whimbrel.transport.DaneChains.record;
import static io.whimbrel.transport.DaneChains.usable;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.dns.TlsaRecord;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/// [DaneTrust] and [TlsaChoice].
class DaneTrustTest {
    private static final String FOR_HOST = "subjectAltName=DNS:mx.test";

    @TempDir private Path folder;

    private static Instant during(List<X509Certificate> chain) {
        return chain.getFirst().getNotBefore().toInstant().plus(Duration.ofDays(1));
    }

    private static void assertGood(List<X509Certificate> chain, TlsaRecord... records) {
        assertThat(DaneTrust.verify(chain, usable(records), during(chain))).isEmpty();
    }

    private static void assertBad(
            List<X509Certificate> chain, String problem, TlsaRecord... records) {
        assertThat(DaneTrust.verify(chain, usable(records), during(chain)))
                .hasValueSatisfying(it -> assertThat(it).contains(problem));
    }

    @Test
    void everySelectorAndMatching_isCompared() {
        var chains = new DaneChains(folder);
        List<X509Certificate> chain = chains.host("mx", FOR_HOST);
        List<X509Certificate> other = chains.host("other", FOR_HOST);
        for (int selector = 0; selector <= 1; selector++) {
            for (int matching = 0; matching <= 2; matching++) {
                TlsaRecord own = record(DANE_EE, selector, matching, chain.getFirst());
                assertGood(chain, own);
                assertBad(other, "matches its TLSA records (1)", own);
                assertGood(chain, record(DANE_TA, selector, matching, chain.get(1)));
                assertGood(chain, record(DANE_TA, selector, matching, chain.get(2)));
            }
        }
    }

    @Test
    void daneEe_asksForNeitherNamesNorDates() {
        List<X509Certificate> chain =
                new DaneChains(folder).host("mx", "subjectAltName=DNS:elsewhere.test");
        TlsaRecord own = record(DANE_EE, 1, 1, chain.getFirst());

        assertGood(chain.subList(0, 1), own);
        assertThat(DaneTrust.verify(chain, usable(own), Instant.EPOCH)).isEmpty();
    }

    @Test
    void daneTa_asksForNames() {
        var chains = new DaneChains(folder);
        List<X509Certificate> elsewhere = chains.host("a", "subjectAltName=DNS:elsewhere.test");
        TlsaRecord root = record(DANE_TA, 0, 1, elsewhere.getLast());

        assertBad(elsewhere, "none of the names", root);
        assertGood(chains.host("b", "subjectAltName=DNS:shop.test"), root);
        assertGood(chains.host("c", "subjectAltName=DNS:*.TEST.example,DNS:MX.test"), root);
        assertBad(chains.host("d", "subjectAltName=DNS:*.test"), "none of the names", root);
        assertGood(chains.host("mx.test", "keyUsage=digitalSignature"), root);
        assertBad(chains.host("mx.test", "subjectAltName=DNS:x.test"), "none of the names", root);
    }

    @Test
    void wildcard_standsForOneWholeLabel() {
        List<X509Certificate> chain =
                new DaneChains(folder)
                        .host("w", "subjectAltName=DNS:*.shop.example,DNS:mx*.a.example");
        X509Certificate certificate = chain.getFirst();

        assertThat(PeerNames.has(certificate, "mx.shop.example")).isTrue();
        assertThat(PeerNames.has(certificate, "a.mx.shop.example")).isFalse();
        assertThat(PeerNames.has(certificate, "shop.example")).isFalse();
        assertThat(PeerNames.has(certificate, "mx1.a.example")).isFalse();
    }

    @Test
    void daneTa_asksForDatesAndForAPath() {
        var chains = new DaneChains(folder);
        List<X509Certificate> chain = chains.host("mx", FOR_HOST);
        TlsaRecord root = record(DANE_TA, 0, 1, chain.getLast());
        Instant later = during(chain).plus(Duration.ofDays(22));

        assertThat(DaneTrust.verify(chain, usable(root), later))
                .hasValueSatisfying(it -> assertThat(it).contains("no path"));
        assertThat(DaneTrust.verify(chain, usable(root), later.plus(Duration.ofDays(20))))
                .contains("the authority in its TLSA records is not valid now");
        // The authority is shown, and has not issued what is shown with it.
        assertBad(List.of(chain.getFirst(), chain.getLast()), "no path", root);
        assertBad(chain.subList(0, 2), "matches", root);
        assertGood(chain.subList(0, 2), record(DANE_TA, 0, 0, chain.getLast()));
        // A host's own certificate is no authority.
        assertBad(chain, "matches", record(DANE_TA, 0, 1, chain.getFirst()));
        assertBad(
                chains.host("c", FOR_HOST + "\nextendedKeyUsage=clientAuth"),
                "not for servers",
                root);
    }

    @Test
    void leafThatIssues_isNoAuthority() {
        var chains = new DaneChains(folder);
        List<X509Certificate> chain = chains.host("mx", FOR_HOST);
        TlsaRecord leaf = record(DANE_TA, 0, 1, chain.getFirst());

        assertBad(List.of(chains.host("b", FOR_HOST).getFirst(), chain.getFirst()), "path", leaf);
    }

    @Test
    void records_oneThatMatchesIsEnough() {
        var chains = new DaneChains(folder);
        List<X509Certificate> chain = chains.host("mx", FOR_HOST);
        X509Certificate next = chains.host("next", FOR_HOST).getFirst();

        assertGood(chain, record(DANE_EE, 1, 1, next), record(DANE_EE, 1, 1, chain.getFirst()));
        assertThat(DaneTrust.verify(List.of(), usable(record(DANE_EE, 1, 1, next)), during(chain)))
                .contains("the host showed no certificate");
    }

    @Test
    void recordsThatAreNotInOrder_areNotUsed() {
        String sha256 = "ab".repeat(32);
        String sha512 = "ab".repeat(64);
        assertThat(
                        TlsaChoice.usable(
                                List.of(
                                        new TlsaRecord(0, 0, 1, sha256),
                                        new TlsaRecord(1, 0, 1, sha256),
                                        new TlsaRecord(4, 0, 1, sha256),
                                        new TlsaRecord(3, 2, 1, sha256),
                                        new TlsaRecord(3, 1, 3, sha256),
                                        new TlsaRecord(3, 1, 1, sha512),
                                        new TlsaRecord(3, 1, 2, sha256),
                                        new TlsaRecord(3, 1, 0, ""),
                                        new TlsaRecord(2, 0, 0, "0102"))))
                .isEmpty();
        // RFC 7671 §9: the strongest digest of each usage and selector.
        assertThat(
                        TlsaChoice.usable(
                                List.of(
                                        new TlsaRecord(3, 1, 1, sha256),
                                        new TlsaRecord(3, 1, 2, sha512),
                                        new TlsaRecord(2, 1, 1, sha256),
                                        new TlsaRecord(3, 0, 1, sha256))))
                .containsExactly(
                        new TlsaRecord(3, 1, 2, sha512),
                        new TlsaRecord(2, 1, 1, sha256),
                        new TlsaRecord(3, 0, 1, sha256));
    }

    @FuzzTest(maxDuration = "30s")
    void anyRecord_isJudged(byte[] data) {
        for (int usage = 0; usage < 5; usage++) {
            var record = new TlsaRecord(usage, 0, 0, HexFormat.of().formatHex(data));
            for (TlsaRecord usable : TlsaChoice.usable(List.of(record))) {
                assertThat(DaneTrust.verify(List.of(), usable(usable), Instant.EPOCH)).isPresent();
            }
        }
    }

    @Test
    void randomRecords_areJudged() {
        var random = new Random(7);
        for (int i = 0; i < 2_000; i++) {
            var data = new byte[random.nextInt(80)];
            random.nextBytes(data);
            anyRecord_isJudged(data);
        }
    }
}
