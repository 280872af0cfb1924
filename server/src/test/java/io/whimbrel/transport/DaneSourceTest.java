package io.whimbrel.transport;

import static io.whimbrel.dns.TlsaRecord.DANE_TA;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TlsaRecord;
import io.whimbrel.mail.DomainName;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

@Timeout(60)
final class DaneSourceTest {
    private static final Instant NOW = Instant.EPOCH;

    private final TestNameServer dns =
            new TestNameServer()
                    .validating()
                    .with("shop.test. 60 IN CNAME real.test.")
                    .with("real.test. 60 IN MX 10 mx.test.")
                    .with("mx.test. 60 IN A 192.0.2.1");
    private final DaneSource source = new DaneSource(new Resolver(dns.trusting(), () -> NOW));

    @TempDir private Path folder;

    @AfterEach
    void close() {
        dns.close();
    }

    /// RFC 7672 §3.2.2: the domain of the mail, what it is an alias of, and the host.
    @Test
    void daneTa_mayNameWhatTheDomainIsAnAliasOf_butOnlyForItsOwnHosts() {
        var chains = new DaneChains(folder);
        List<X509Certificate> chain = chains.host("real", "subjectAltName=DNS:real.test");
        TlsaRecord root = DaneChains.record(DANE_TA, 0, 1, chain.getLast());
        dns.with("_25._tcp.mx.test. 60 IN TLSA 2 0 1 " + root.data());

        assertThat(problem(Optional.of("shop.test"), chain)).isEmpty();
        assertThat(problem(Optional.of("real.test"), chain)).isEmpty();
        assertThat(problem(Optional.of("other.test"), chain)).isPresent();
        assertThat(problem(Optional.empty(), chain)).isPresent();
    }

    @Test
    void aliasThatIsNotSigned_doesNotCount() {
        var chains = new DaneChains(folder);
        List<X509Certificate> chain = chains.host("real", "subjectAltName=DNS:real.test");
        TlsaRecord root = DaneChains.record(DANE_TA, 0, 1, chain.getLast());
        dns.with("_25._tcp.mx.test. 60 IN TLSA 2 0 1 " + root.data()).insecure("shop.test.");

        assertThat(problem(Optional.of("shop.test"), chain)).isPresent();
    }

    private Optional<String> problem(Optional<String> domain, List<X509Certificate> chain) {
        DaneAnswer answer = source.of(domain.map(DomainName::new), "mx.test", 25);
        assertThat(answer).isInstanceOf(DaneAnswer.Usable.class);
        Instant during = chain.getFirst().getNotBefore().toInstant().plus(Duration.ofDays(1));
        return ((DaneAnswer.Usable) answer).check().problem(chain, during);
    }
}
