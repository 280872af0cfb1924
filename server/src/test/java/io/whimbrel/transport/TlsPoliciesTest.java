package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.tls.ServerTrust;
import io.whimbrel.transport.TlsPolicy.Basis;
import io.whimbrel.transport.TlsPolicy.Demand;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class TlsPoliciesTest {
    /// Asked, rule, DANE, MTA-STS, default; then the policy and who says so.
    private static final String TABLE =
            """
            UNSPECIFIED -         none     none    may     may        DEFAULT
            UNSPECIFIED -         none     none    encrypt encrypt    DEFAULT
            UNSPECIFIED -         none     none    none    none       DEFAULT
            UNSPECIFIED -         none     enforce may     mta-sts    MTA_STS
            UNSPECIFIED -         none     enforce encrypt mta-sts    MTA_STS
            UNSPECIFIED -         none     testing encrypt encrypt    DEFAULT
            UNSPECIFIED -         none     taken-back may  may        DEFAULT
            UNSPECIFIED -         usable   none    may     dane       DANE
            UNSPECIFIED -         usable   enforce may     dane       DANE
            UNSPECIFIED -         unusable enforce may     encrypt    DANE
            UNSPECIFIED -         failed   enforce may     impossible DANE
            UNSPECIFIED -         usable   enforce none    none       DEFAULT
            UNSPECIFIED may       usable   enforce encrypt may        RULE
            UNSPECIFIED none      usable   enforce may     none       RULE
            UNSPECIFIED encrypt   usable   enforce may     encrypt    RULE
            UNSPECIFIED verify    usable   enforce may     verify     RULE
            UNSPECIFIED dane      usable   enforce may     dane       RULE
            UNSPECIFIED dane      none     enforce may     may        RULE
            UNSPECIFIED dane-only usable   none    may     dane       RULE
            UNSPECIFIED dane-only none     enforce may     impossible RULE
            UNSPECIFIED dane-only unusable enforce may     impossible RULE
            UNSPECIFIED dane-only failed   enforce may     impossible RULE
            UNSPECIFIED mta-sts   usable   enforce may     mta-sts    RULE
            UNSPECIFIED mta-sts   usable   none    may     may        RULE
            OPTIONAL    verify    usable   enforce encrypt may        HEADER
            OPTIONAL    none      usable   enforce encrypt none       HEADER
            REQUIRED    -         none     none    may     verify     MESSAGE
            REQUIRED    -         usable   enforce may     dane       MESSAGE
            REQUIRED    -         none     enforce may     mta-sts    MESSAGE
            REQUIRED    none      usable   enforce may     verify     MESSAGE
            REQUIRED    verify    none     none    may     verify     MESSAGE
            REQUIRED    -         failed   enforce may     impossible DANE
            """;

    private static final DomainName DOMAIN = new DomainName("example.com");
    private static final HostPlace SURE =
            new HostPlace("mx.example.com", 25, HostPlace.NamedBy.SIGNED_MX);
    private static final HostPlace UNSURE =
            new HostPlace("mx.example.com", 25, HostPlace.NamedBy.MX);
    private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");

    /// The table in docs/operations/tls-out.md: what beats what.
    @Test
    void whatBeatsWhat() {
        for (String row : TABLE.strip().lines().toList()) {
            String[] words = row.strip().split(" +");
            TlsRequirement asked = TlsRequirement.valueOf(words[0]);
            TlsPolicies policies = policies(words[1], words[2], words[3], words[4]);
            TlsPolicy found = policies.forHost(policies.forDomain(DOMAIN, "", asked, true), SURE);
            assertThat(found.text()).as(row).isEqualTo(words[5]);
            assertThat(found.basis()).as(row).isEqualTo(Basis.valueOf(words[6]));
            assertThat(found.isRequireTls())
                    .as(row)
                    .isEqualTo(words[0].equals("REQUIRED") && words[6].equals("MESSAGE"));
        }
    }

    /// MX records that are not signed lead anywhere: TLSA records behind them prove nothing.
    @Test
    void nameThatIsNotSure_isNotAskedForTlsaRecords() {
        TlsPolicies policies = policies("-", "failed", "none", "may");
        DomainTls domain = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
        assertThat(policies.forHost(domain, UNSURE)).isEqualTo(TlsPolicy.MAY);
    }

    @ParameterizedTest
    @CsvSource({"may, google, encrypt", "may, other, may", "none, google, none"})
    void providerThatAlwaysOffersTls_getsNoPlainText(String level, String provider, String policy) {
        TlsOutSettings settings = settings("-", level);
        var policies =
                new TlsPolicies(
                        settings,
                        Map.of("google", "encrypt"),
                        _ -> new StsAnswer.None(),
                        (_, _, _) -> new DaneAnswer.None());
        DomainTls domain = policies.forDomain(DOMAIN, provider, TlsRequirement.UNSPECIFIED, true);
        assertThat(policies.forHost(domain, UNSURE).text()).isEqualTo(policy);
    }

    /// A smart host, or the fallback relay: the policy of the domain names the domain's own hosts.
    @Test
    void hostThatTheOperatorNames_isNotBoundByMtaStsOfTheDomain() {
        TlsPolicies policies = policies("-", "none", "enforce", "may");
        DomainTls domain = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
        var relay = new HostPlace("relay.example.net", 587, HostPlace.NamedBy.OPERATOR);
        assertThat(policies.forHost(domain, relay)).isEqualTo(TlsPolicy.MAY);
        DomainTls routed = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, false);
        assertThat(routed.sts()).isInstanceOf(StsAnswer.None.class);
    }

    /// `mx:relay.example`: the operator's word, but the names are from records without signatures.
    @Test
    void hostsOfADomainThatTheOperatorNames_areNotBoundByTheRecipients_andTheirNamesNotSure() {
        TlsPolicies policies = policies("-", "failed", "enforce", "may");
        var place = new HostPlace("mx.relay.example", 25, HostPlace.NamedBy.of(true, false));
        DomainTls asked = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, false);
        assertThat(policies.forHost(asked, place)).isEqualTo(TlsPolicy.MAY);
        DomainTls required = policies.forDomain(DOMAIN, "", TlsRequirement.REQUIRED, false);
        assertThat(policies.forHost(required, place).text()).isEqualTo("impossible");
    }

    @Test
    void levelOfTheRoute_goesBeforeTheRuleOfTheDomain_andASocketNeedsNone() {
        TlsPolicies policies = policies("encrypt", "none", "none", "may");
        DomainTls domain = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, false);
        var relay =
                new HostPlace(
                        "relay.example.net",
                        587,
                        HostPlace.NamedBy.OPERATOR,
                        Optional.of(TlsLevel.VERIFY));
        assertThat(policies.forHost(domain, relay).text()).isEqualTo("verify");
        var socket = new HostPlace("", 0, HostPlace.NamedBy.SOCKET);
        assertThat(policies.forHost(domain, socket).needsTls()).isFalse();
    }

    /// A rule or a wish for less of all hosts is none for the one that learns our password.
    @ParameterizedTest
    @CsvSource({
        "-, none, may, UNSPECIFIED, verify, LOGIN",
        "-, none, none, UNSPECIFIED, verify, LOGIN",
        "encrypt, none, may, UNSPECIFIED, verify, LOGIN",
        "verify, none, may, UNSPECIFIED, verify, RULE",
        "-, usable, may, UNSPECIFIED, dane, DANE",
        "-, unusable, may, UNSPECIFIED, verify, LOGIN",
        "-, failed, may, UNSPECIFIED, impossible, DANE",
        "-, none, may, OPTIONAL, verify, LOGIN",
        "-, none, may, REQUIRED, verify, MESSAGE",
    })
    void hostThatLearnsASecret_isVerified(
            String rule,
            String dane,
            String byDefault,
            TlsRequirement asked,
            String policy,
            Basis basis) {
        TlsPolicies policies = policies(rule, dane, "none", byDefault);
        DomainTls domain = policies.forDomain(DOMAIN, "", asked, false);
        TlsPolicy found = policies.forHost(domain, relay(Optional.empty()));
        assertThat(found.text()).isEqualTo(policy);
        assertThat(found.basis()).isEqualTo(basis);
        TlsPolicy less = policies.forHost(domain, relay(Optional.of(TlsLevel.ENCRYPT)));
        assertThat(less.text()).isEqualTo(asked == TlsRequirement.REQUIRED ? "verify" : "encrypt");
    }

    private static HostPlace relay(Optional<TlsLevel> level) {
        return new HostPlace("relay.example.net", 587, HostPlace.NamedBy.OPERATOR, level, true);
    }

    @ParameterizedTest
    @CsvSource({
        "none, impossible, 550 5.7.30 mx: neither",
        "taken-back, impossible, 550 5.7.30 mx: neither",
        "unknown, impossible, 451 4.7.5 mx: whether MTA-STS",
        "broken, impossible, 451 4.7.5 mx: whether MTA-STS",
        "testing, mta-sts, ''",
        "enforce, mta-sts, ''",
    })
    void requireTls_needsANameThatIsSure(String sts, String policy, String reply) {
        TlsPolicies policies = policies("-", "none", sts, "may");
        DomainTls domain = policies.forDomain(DOMAIN, "", TlsRequirement.REQUIRED, true);
        TlsPolicy found = policies.forHost(domain, UNSURE);
        assertThat(found.text()).isEqualTo(policy);
        if (found.demand() instanceof Demand.Impossible(TlsShortfall why)) {
            assertThat(why.reply("mx", found).toString()).startsWith(reply);
        }
    }

    /// The names of a rule make a host sure only where the rule is what holds.
    @Test
    void requireTls_namesOfARuleThatAnotherDemandOverrides_sayNothing() {
        var rule =
                new TlsRule(
                        Optional.empty(),
                        Optional.empty(),
                        TlsLevel.VERIFY,
                        List.of("mx.relay.example"),
                        Optional.empty());
        DomainTls domain =
                new DomainTls(
                        DOMAIN,
                        TlsRequirement.REQUIRED,
                        Optional.of(rule),
                        new StsAnswer.None(),
                        TlsLevel.MAY);
        TlsPolicies policies = policies("-", "none", "none", "may");
        assertThat(policies.forHost(domain, UNSURE).text()).isEqualTo("verify");
        var route =
                new HostPlace(
                        "mx.example.com",
                        25,
                        HostPlace.NamedBy.OPERATOR_MX,
                        Optional.of(TlsLevel.VERIFY));
        assertThat(policies.forHost(domain, route).text()).isEqualTo("impossible");
    }

    @Test
    void requireTls_aSocketOfThisMachineNeedsNone() {
        TlsPolicies policies = policies("-", "none", "none", "may");
        DomainTls domain = policies.forDomain(DOMAIN, "", TlsRequirement.REQUIRED, false);
        var socket = new HostPlace("unix:/run/lmtp", 0, HostPlace.NamedBy.SOCKET);
        TlsPolicy found = policies.forHost(domain, socket);
        assertThat(found.needsTls()).isFalse();
        assertThat(found.isRequireTls()).isFalse();
    }

    @Test
    void testing_isObservedOnly() {
        TlsPolicies policies = policies("-", "none", "testing", "may");
        DomainTls domain = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
        TlsPolicy found = policies.forHost(domain, SURE);
        assertThat(found.needsTls()).isFalse();
        assertThat(found.observed()).map(StsPolicy::mode).contains(StsPolicy.Mode.TESTING);
    }

    @Test
    void plainSession_isEnoughWhereTlsIsOptional() {
        var plain =
                new TlsAchieved(
                        new TlsAchieved.Facts(
                                SURE, "", List.of(), Optional.empty(), false, "454 4.7.0 no"),
                        ServerTrust.ofJava());
        TlsPolicies policies = policies("encrypt", "none", "none", "may");
        DomainTls strict = policies.forDomain(DOMAIN, "", TlsRequirement.UNSPECIFIED, true);
        DomainTls easy =
                policies.forDomain(
                        new DomainName("else.example"), "", TlsRequirement.UNSPECIFIED, true);
        assertThat(plain.satisfies(policies.forHost(easy, SURE), NOW)).isTrue();
        TlsPolicy encrypt = policies.forHost(strict, SURE);
        TlsShortfall missing = plain.shortfall(encrypt, NOW).orElseThrow();
        assertThat(missing.reply("mx.example.com [192.0.2.1]", encrypt).toString())
                .isEqualTo(
                        "451 4.7.10 mx.example.com [192.0.2.1]: STARTTLS was answered with: 454"
                                + " 4.7.0 no; wanted by [[tls-policy]]");
    }

    @Test
    void provider_isMatchedByName() {
        var rule =
                new TlsRule(
                        Optional.empty(),
                        Optional.of("google"),
                        TlsLevel.ENCRYPT,
                        List.of(),
                        Optional.empty());
        assertThat(rule.matches(DOMAIN, "google")).isTrue();
        assertThat(rule.matches(DOMAIN, "")).isFalse();
    }

    private static TlsPolicies policies(String rule, String dane, String sts, String byDefault) {
        return new TlsPolicies(
                settings(rule, byDefault), Map.of(), _ -> sts(sts), (_, _, _) -> dane(dane));
    }

    private static TlsOutSettings settings(String rule, String byDefault) {
        List<TlsRule> rules =
                rule.equals("-")
                        ? List.of()
                        : List.of(
                                new TlsRule(
                                        Optional.of(new DomainPattern.Exactly(DOMAIN)),
                                        Optional.empty(),
                                        TlsLevel.parse(rule).orElseThrow(),
                                        List.of(),
                                        Optional.empty()));
        return new TlsOutSettings(
                TlsLevel.parse(byDefault).orElseThrow(),
                ProtocolMinimum.TLS_1_2,
                Duration.ofSeconds(30),
                Duration.ofDays(3),
                Optional.empty(),
                Optional.empty(),
                true,
                true,
                443,
                rules);
    }

    private static DaneAnswer dane(String word) {
        return switch (word) {
            case "usable" -> new DaneAnswer.Usable((_, _) -> Optional.empty(), List.of("3 1 1 00"));
            case "unusable" -> new DaneAnswer.Unusable(List.of("9 9 9 00"));
            case "failed" -> new DaneAnswer.Failed("no server answers");
            default -> new DaneAnswer.None();
        };
    }

    private static StsAnswer sts(String word) {
        return switch (word) {
            case "enforce" -> found(StsPolicy.Mode.ENFORCE);
            case "testing" -> found(StsPolicy.Mode.TESTING);
            case "unknown" -> new StsAnswer.Unknown("not there yet");
            case "broken" -> new StsAnswer.Broken(TlsFailure.STS_POLICY_FETCH_ERROR, "no");
            case "taken-back" -> found(StsPolicy.Mode.NONE);
            default -> new StsAnswer.None();
        };
    }

    private static StsAnswer found(StsPolicy.Mode mode) {
        return new StsAnswer.Found(
                new StsPolicy(mode, List.of("mx.example.com"), Duration.ofDays(1)));
    }
}
