package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TlsaRecord;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Instant;
import java.util.List;
import java.util.Set;

@Timeout(60)
class DaneRecordsTest {
    private static final String HASH = "ab".repeat(32);
    private static final TlsaRecord GOOD = new TlsaRecord(3, 1, 1, HASH);

    private final TestNameServer server =
            new TestNameServer()
                    .validating()
                    .with("mx.test. 60 IN A 192.0.2.1")
                    .with("_25._tcp.mx.test. 60 IN TLSA 3 1 1 " + HASH);
    private final Resolver resolver = new Resolver(server.trusting(), () -> Instant.EPOCH);

    @AfterEach
    void close() {
        server.close();
    }

    private DaneRecords find(String host) {
        return DaneRecords.find(resolver, new DaneTarget(host, 25, Set.of("shop.test"), true));
    }

    private void assertNotUsed(String host, String why) {
        assertThat(find(host))
                .isInstanceOfSatisfying(
                        DaneRecords.NotUsed.class, it -> assertThat(it.why()).contains(why));
    }

    @Test
    void signedHostWithRecords_isUsable() {
        assertThat(find("mx.test"))
                .isEqualTo(
                        new DaneRecords.Usable(
                                List.of(GOOD), "mx.test", Set.of("mx.test", "shop.test")));
    }

    @Test
    void unsignedMx_isNotUsed() {
        var target = new DaneTarget("mx.test", 25, Set.of("shop.test"), false);

        assertThat(DaneRecords.find(resolver, target)).isInstanceOf(DaneRecords.NotUsed.class);
        assertThat(server.questions()).isZero();
    }

    @Test
    void unsignedHost_isNotUsed_andNotAskedForRecords() {
        server.insecure("mx.test.").bogus("_25._tcp.mx.test.");

        assertNotUsed("mx.test", "not signed");
    }

    @Test
    void hostWithoutRecords_isNotUsed() {
        server.with("plain.test. 60 IN A 192.0.2.1")
                .with("weak.test. 60 IN A 192.0.2.1")
                .with("_25._tcp.weak.test. 60 IN TLSA 3 1 1 " + HASH)
                .insecure("_25._tcp.weak.test.");

        assertNotUsed("plain.test", "no signed TLSA records");
        assertNotUsed("weak.test", "no signed TLSA records");
        assertNotUsed("nowhere.test", "no address");
        assertNotUsed("192.0.2.1", "is an address");
    }

    @Test
    void signedAlias_isReplacedByWhereItLeads_andUsedWhereThatHasNoRecords() {
        server.with("alias.test. 60 IN CNAME mx.test.")
                .with("other.test. 60 IN CNAME bare.test.")
                .with("bare.test. 60 IN A 192.0.2.1")
                .with("_25._tcp.other.test. 60 IN TLSA 3 1 1 " + HASH);

        assertThat(find("alias.test"))
                .isEqualTo(
                        new DaneRecords.Usable(
                                List.of(GOOD), "mx.test", Set.of("mx.test", "shop.test")));
        assertThat(find("other.test"))
                .isEqualTo(
                        new DaneRecords.Usable(
                                List.of(GOOD), "other.test", Set.of("other.test", "shop.test")));
    }

    @Test
    void signedAliasIntoAnUnsignedZone_isUsedByItsOwnName() {
        server.with("alias.test. 60 IN CNAME far.example.")
                .with("far.example. 60 IN A 192.0.2.1")
                .with("_25._tcp.alias.test. 60 IN TLSA 3 1 1 " + HASH)
                .with("loose.test. 60 IN CNAME far.example.")
                .insecure("far.example.")
                .insecure("loose.test.");

        assertThat(find("alias.test"))
                .isEqualTo(
                        new DaneRecords.Usable(
                                List.of(GOOD), "alias.test", Set.of("alias.test", "shop.test")));
        assertNotUsed("loose.test", "alias loose.test is not signed");
    }

    @Test
    void recordsNoneOfWhichCanBeUsed_areSaidToBeThere() {
        server.with("old.test. 60 IN A 192.0.2.1")
                .with("_25._tcp.old.test. 60 IN TLSA 1 1 1 " + HASH);

        assertThat(find("old.test"))
                .isEqualTo(
                        new DaneRecords.Unusable(
                                List.of(new TlsaRecord(1, 1, 1, HASH)), "old.test"));
    }

    @Test
    void failedLookups_areFailures() {
        server.with("hidden.test. 60 IN A 192.0.2.1")
                .bogus("_25._tcp.hidden.test.")
                .bogus("broken.test.");

        assertThat(find("hidden.test").toString())
                .contains("Failed", "TLSA records of hidden.test", "SERVFAIL");
        assertThat(find("broken.test").toString()).contains("Failed", "SERVFAIL");
    }
}
