package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whimbrel.mail.DomainName;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.transport.TlsPolicy.Basis;
import io.whimbrel.transport.TlsPolicy.Demand;
import io.whimbrel.transport.TlsResults.Failure;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

class TlsResultsTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Path SAMPLE =
            Path.of(System.getProperty("whimbrel.root", ".."))
                    .resolve("../shared/testdata/mta-sts-tlsrpt/mail-auth/rpt01.json");
    private static final DomainName DOMAIN = new DomainName("company-y.example");
    private static final TlsReport.Sender SENDER =
            new TlsReport.Sender(
                    "Company-X", "sts-reporting@company-x.example", "mx.company-x.example");
    private static final StsPolicy TESTING =
            new StsPolicy(
                    StsPolicy.Mode.TESTING,
                    List.of("*.mail.company-y.example"),
                    Duration.ofDays(1));

    private Instant now = Instant.parse("2016-04-01T12:00:00Z");
    private final TlsResults results = new TlsResults(() -> now);

    /// The example of RFC 8460 §5.1, but for the field of free text that we have no use for.
    @Test
    void report_isTheExampleOfTheRfc() throws IOException {
        assumeTrue(Files.exists(SAMPLE), "no test data");
        TlsPolicy policy = TlsPolicy.of(new Demand.May(), Basis.DEFAULT).observing(TESTING);
        for (int i = 0; i < 5_326; i++) {
            results.succeeded(DOMAIN, policy);
        }
        fail(
                100,
                policy,
                new Failure(
                        TlsFailure.CERTIFICATE_EXPIRED,
                        "2001:db8:abcd:0012::1",
                        "mx1.mail.company-y.example",
                        "",
                        ""));
        fail(
                200,
                policy,
                new Failure(
                        TlsFailure.STARTTLS_NOT_SUPPORTED,
                        "2001:db8:abcd:0013::1",
                        "mx2.mail.company-y.example",
                        "203.0.113.56",
                        ""));
        fail(
                3,
                policy,
                new Failure(
                        TlsFailure.VALIDATION_FAILURE,
                        "198.51.100.62",
                        "mx-backup.mail.company-y.example",
                        "203.0.113.58",
                        "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"));
        now = now.plus(Duration.ofDays(1));
        var ours = (ObjectNode) MAPPER.readTree(report());
        var sample = (ObjectNode) MAPPER.readTree(Files.readAllBytes(SAMPLE));
        ours.remove("report-id");
        sample.remove("report-id");
        ((ObjectNode) sample.at("/policies/0/failure-details/1")).remove("additional-information");
        assertThat(ours).isEqualTo(sample);
    }

    @Test
    void policies_areToldApart() {
        results.succeeded(DOMAIN, TlsPolicy.MAY);
        var dane = new DaneAnswer.Usable((_, _) -> Optional.empty(), List.of("3 1 1 ABCD"));
        results.succeeded(DOMAIN, TlsPolicy.of(new Demand.Dane(dane), Basis.DANE));
        results.withoutPolicy(
                DOMAIN, new StsAnswer.Broken(TlsFailure.STS_WEBPKI_INVALID, "untrusted"));
        now = now.plus(Duration.ofDays(1));
        JsonNode policies = MAPPER.readTree(report()).path("policies");
        assertThat(policies.findValuesAsString("policy-type"))
                .containsExactly("tlsa", "sts", "no-policy-found");
        assertThat(policies.at("/0/policy/policy-string/0").asString()).isEqualTo("3 1 1 ABCD");
        assertThat(policies.at("/1/failure-details/0/result-type").asString())
                .isEqualTo("sts-webpki-invalid");
    }

    @Test
    void policyThatChangesWithinADay_isAnother_upToABound() throws DamagedException {
        for (int i = 0; i < 2 * TlsResults.POLICIES_MAX; i++) {
            var policy =
                    new StsPolicy(
                            StsPolicy.Mode.ENFORCE, List.of("mx" + i + ".a"), Duration.ofDays(1));
            results.succeeded(DOMAIN, TlsPolicy.of(new Demand.Sts(policy), Basis.MTA_STS));
        }
        ObjectNode file = MAPPER.createObjectNode();
        results.writeTo(file);
        var later = new TlsResults(() -> now);
        later.restore(file);
        now = now.plus(Duration.ofDays(1));
        assertThat(later.report(SENDER, DOMAIN, yesterday())).contains(report());
        JsonNode policies = MAPPER.readTree(report()).path("policies");
        assertThat(policies).hasSize(TlsResults.POLICIES_MAX);
        assertThat(policies.at("/1/policy/policy-string/2").asString()).isEqualTo("mx: mx1.a");
        assertThat(policies.at("/1/summary/total-successful-session-count").asInt()).isEqualTo(1);
        assertThat(policies.findValuesAsString("total-successful-session-count").stream())
                .extracting(Integer::parseInt)
                .satisfies(all ->
                        assertThat(all.stream().mapToInt(it -> it).sum())
                                .isEqualTo(2 * TlsResults.POLICIES_MAX));
    }

    @Test
    void restart_keepsThem() throws DamagedException {
        results.succeeded(DOMAIN, TlsPolicy.MAY);
        fail(
                2,
                TlsPolicy.MAY,
                new Failure(TlsFailure.VALIDATION_FAILURE, "", "mx", "192.0.2.1", "why"));
        ObjectNode file = MAPPER.createObjectNode();
        results.writeTo(file);
        var later = new TlsResults(() -> now);
        later.restore(file);
        now = now.plus(Duration.ofDays(1));
        assertThat(later.report(SENDER, DOMAIN, yesterday())).contains(report());
    }

    @Test
    void tooManyFailures_areCountedInTheSum() {
        for (int i = 0; i < 2 * TlsResults.FAILURES_MAX; i++) {
            fail(
                    1,
                    TlsPolicy.MAY,
                    new Failure(TlsFailure.VALIDATION_FAILURE, "", "mx" + i, "", ""));
        }
        now = now.plus(Duration.ofDays(1));
        JsonNode policy = MAPPER.readTree(report()).at("/policies/0");
        assertThat(policy.path("failure-details")).hasSize(TlsResults.FAILURES_MAX);
        assertThat(policy.at("/summary/total-failure-session-count").asInt())
                .isEqualTo(2 * TlsResults.FAILURES_MAX);
    }

    @Test
    void tooManyDomains_thoseOfTheFewestSessionsAreForgotten() {
        var busy = new DomainName("busy.example");
        results.succeeded(busy, TlsPolicy.MAY);
        results.succeeded(busy, TlsPolicy.MAY);
        now = now.plus(Duration.ofDays(1));
        for (int i = 0; i < TlsResults.TALLIES_MAX + 5; i++) {
            results.succeeded(new DomainName("d" + i + ".example"), TlsPolicy.MAY);
        }
        assertThat(results.domains(LocalDate.parse("2016-04-01"), 1)).containsExactly(busy);
        assertThat(results.domains(LocalDate.parse("2016-04-02"), 1))
                .hasSizeLessThan(TlsResults.TALLIES_MAX)
                .hasSizeGreaterThan(TlsResults.TALLIES_MAX * 9 / 10)
                .contains(new DomainName("d" + (TlsResults.TALLIES_MAX + 4) + ".example"));
    }

    @Test
    void dayThatIsLongOver_isForgotten() {
        LocalDate first = LocalDate.parse("2016-04-01");
        results.succeeded(DOMAIN, TlsPolicy.MAY);
        assertThat(results.domains(first, 1)).isNotEmpty();
        now = now.plus(Duration.ofDays(3));
        results.succeeded(DOMAIN, TlsPolicy.MAY);
        assertThat(results.domains(first, 1)).isEmpty();
    }

    private LocalDate yesterday() {
        return LocalDate.ofInstant(now, ZoneOffset.UTC).minusDays(1);
    }

    private String report() {
        return results.report(SENDER, DOMAIN, yesterday()).orElseThrow();
    }

    private void fail(int times, TlsPolicy policy, Failure failure) {
        for (int i = 0; i < times; i++) {
            results.failed(DOMAIN, policy, failure);
        }
    }
}
