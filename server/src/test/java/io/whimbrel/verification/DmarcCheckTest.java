package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dkim.AuthorDomains;
import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.verification.DmarcVerdict.DmarcPolicy;
import io.whimbrel.verification.DmarcVerdict.DmarcResult;
import io.whimbrel.verification.SpfVerdict.SpfResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;

class DmarcCheckTest {
    private final ZoneLookups zone = new ZoneLookups();

    private DmarcVerdict check(String header, String spfDomain, DkimVerdict... dkim) {
        byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
        var check =
                new DmarcCheck(new HeaderFields(bytes, bytes.length), zone, () -> Instant.EPOCH);
        return check.end(spf(SpfResult.PASS, spfDomain), List.of(dkim));
    }

    private DmarcVerdict checkFrom(String from, String spfDomain, DkimVerdict... dkim) {
        return check("From: " + from + "\r\n", spfDomain, dkim);
    }

    private static SpfVerdict spf(SpfResult result, String domain) {
        return new SpfVerdict(result, false, "a@" + domain, domain, "", "");
    }

    private static DkimVerdict dkim(DkimResult result, String domain) {
        return new DkimVerdict(result, domain, "s", "@" + domain, "rsa-sha256", "", "");
    }

    private static DkimVerdict dkim(String domain) {
        return dkim(DkimResult.PASS, domain);
    }

    @Test
    void noRecord_isNone() {
        assertThat(checkFrom("a@example.com", "example.com").result()).isEqualTo(DmarcResult.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "r, r, example.com, PASS",
        "r, r, mail.example.com, PASS",
        "r, r, com, FAIL",
        "r, r, badexample.com, FAIL",
        "s, s, mail.example.com, FAIL",
        "s, s, example.com, PASS",
        "s, s, sub.example.com, FAIL",
    })
    void alignment_isRelaxedOrStrict(
            String adkim, String aspf, String domain, DmarcResult expected) {
        zone.withText(
                "_dmarc.example.com", "v=DMARC1; p=reject; adkim=" + adkim + "; aspf=" + aspf);

        assertThat(checkFrom("a@example.com", domain).result()).isEqualTo(expected);
        assertThat(checkFrom("a@example.com", "other.example", dkim(domain)).result())
                .isEqualTo(expected);
        // A signature that did not pass counts for nothing.
        DkimVerdict failed = dkim(DkimResult.FAIL, domain);
        assertThat(checkFrom("a@example.com", "other.example", failed).result())
                .isEqualTo(DmarcResult.FAIL);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v=DMARC1; p=reject | example.com | REJECT",
                "v=DMARC1; p=reject | sub.example.com | REJECT",
                "v=DMARC1; p=reject; sp=none | sub.example.com | NONE",
                "v=DMARC1; p=reject; sp=none | example.com | REJECT",
                "v=DMARC1; p=none; np=reject | missing.example.com | REJECT",
                "v=DMARC1; p=none; np=reject | sub.example.com | NONE",
                "v=DMARC1; p=none; sp=quarantine; np=reject | sub.example.com | QUARANTINE",
                "v=DMARC1; p=reject; t=y | example.com | QUARANTINE",
                "v=DMARC1; p=quarantine; t=y | example.com | NONE",
                "v=DMARC1; p=reject; pct=0 | example.com | QUARANTINE",
                "v=DMARC1; p=reject; pct=20 | example.com | REJECT",
                "v=DMARC1;p=REJECT;bogus;x=y; | example.com | REJECT",
                "v=DMARC1; p=what; rua=mailto:a@example.com | example.com | NONE",
            })
    void policy_isThatForTheAuthor(String record, String author, DmarcPolicy expected) {
        zone.withText("_dmarc.example.com", record).with("sub.example.com", "A", "192.0.2.9");

        DmarcVerdict verdict = checkFrom("a@" + author, "other.example");

        assertThat(verdict.result()).isEqualTo(DmarcResult.FAIL);
        assertThat(verdict.policy()).isEqualTo(expected);
        assertThat(verdict.policyDomain()).isEqualTo("example.com");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v=DMARC1; p=what",
                "v=DMARC1; p=reject; sp=what",
                "v=dmarc1; p=reject",
                "p=reject; v=DMARC1",
                "v=DMARC10; p=reject",
                "v=spf1 -all",
            })
    void unreadableRecord_isNone(String record) {
        zone.withText("_dmarc.example.com", record);

        assertThat(checkFrom("a@example.com", "other.example").result())
                .isEqualTo(DmarcResult.NONE);
    }

    @Test
    void severalRecords_areNone() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject")
                .withText("_dmarc.example.com", "v=DMARC1; p=none");

        assertThat(checkFrom("a@example.com", "other.example").result())
                .isEqualTo(DmarcResult.NONE);
    }

    @Test
    void walk_findsTheOrganizationBelowAPublicSuffix() {
        zone.withText("_dmarc.co.example", "v=DMARC1; p=reject; psd=y; np=quarantine");

        // One label below the suffix is the organization: these two are strangers.
        assertThat(checkFrom("a@shop.co.example", "other.co.example").result())
                .isEqualTo(DmarcResult.FAIL);
        assertThat(checkFrom("a@shop.co.example", "mail.shop.co.example").result())
                .isEqualTo(DmarcResult.PASS);
        assertThat(checkFrom("a@shop.co.example", "other.co.example").policy())
                .isEqualTo(DmarcPolicy.QUARANTINE);
    }

    @Test
    void walk_stopsWhereADomainSaysItIsNoSuffix() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject")
                .withText("_dmarc.a.example.com", "v=DMARC1; p=none; psd=n");

        assertThat(checkFrom("x@a.example.com", "b.example.com").result())
                .isEqualTo(DmarcResult.FAIL);
        assertThat(checkFrom("x@a.example.com", "c.a.example.com").result())
                .isEqualTo(DmarcResult.PASS);
    }

    @Test
    void walk_ofManyLabels_asksEightTimes() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject");
        String deep = "a.".repeat(60) + "example.com";

        DmarcVerdict verdict = checkFrom("x@" + deep, "other.example");

        assertThat(verdict.result()).isEqualTo(DmarcResult.FAIL);
        assertThat(zone.questions()).isEqualTo(8);
    }

    @Test
    void dnsFails_isTemporary_unlessSomethingPasses() {
        zone.with("_dmarc.example.com", "TIMEOUT", "");

        assertThat(checkFrom("a@example.com", "other.example").result())
                .isEqualTo(DmarcResult.TEMPERROR);
        zone.withText("_dmarc.example.org", "v=DMARC1; p=reject").with("_dmarc.org", "TIMEOUT", "");
        assertThat(checkFrom("a@example.org", "other.example").result())
                .isEqualTo(DmarcResult.TEMPERROR);
        assertThat(checkFrom("a@example.org", "example.org").result()).isEqualTo(DmarcResult.PASS);
    }

    @Test
    void keyOfTheAuthorCannotBeHad_isTemporary() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject");
        DkimVerdict temporary = dkim(DkimResult.TEMPERROR, "example.com");
        DkimVerdict elsewhere = dkim(DkimResult.TEMPERROR, "other.example");

        assertThat(checkFrom("a@example.com", "other.example", temporary).result())
                .isEqualTo(DmarcResult.TEMPERROR);
        assertThat(checkFrom("a@example.com", "other.example", elsewhere).result())
                .isEqualTo(DmarcResult.FAIL);
    }

    @Test
    void severalFromFields_orNone_areAnError() {
        zone.withText("_dmarc.example.com", "v=DMARC1; p=reject");

        DmarcVerdict two = check("From: a@example.com\r\nFrom: b@other.example\r\n", "example.com");
        assertThat(two.result()).isEqualTo(DmarcResult.PERMERROR);
        assertThat(two.fromFields()).isEqualTo(2);
        assertThat(check("To: a@example.com\r\n", "example.com").result())
                .isEqualTo(DmarcResult.PERMERROR);
    }

    @Test
    void severalAuthors_theWorstCounts() {
        zone.withText("_dmarc.bank.example", "v=DMARC1; p=reject");

        DmarcVerdict verdict = checkFrom("a@example.com, b@bank.example", "example.com");

        assertThat(verdict.result()).isEqualTo(DmarcResult.FAIL);
        assertThat(verdict.authorDomain()).isEqualTo("bank.example");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a@Example.COM | example.com",
                "<a@example.com> | example.com",
                "\"b@evil.example\" <a@example.com> | example.com",
                "b@evil.example <a@example.com> | example.com",
                "(b@evil.example) a@example.com (c@evil.example) | example.com",
                "\"a@evil.example, x\"@example.com | example.com",
                "\"a>\"@x <\"a>b@c\"@example.com> | example.com",
                "team: a@example.com, b@example.org; | example.com,example.org",
                "<@relay.example,@b.example:a@example.com> | example.com",
                "<a@example.com> <b@example.org> | example.com,example.org",
                "a@example.com. | example.com",
                "J\u00f6rg <j@b\u00fccher.example> | xn--bcher-kva.example",
                "(((( a@example.com | ''",
                "a@[192.0.2.1] | ''",
                "nobody | ''",
                "undisclosed:; | ''",
                "a@b c@d e | ''",
            })
    void authors_areFound(String from, String domains) {
        HeaderField field = HeaderField.of(("From: " + from).getBytes(StandardCharsets.UTF_8));

        String found = String.join(",", AuthorDomains.of(field).domains());

        assertThat(found).isEqualTo(domains.replace("''", ""));
    }

    @Test
    void author_withRoute_isTheAddressBehindIt() {
        HeaderField field =
                HeaderField.of(
                        "From: J <@relay.example,@b.example:a@example.com>"
                                .getBytes(StandardCharsets.UTF_8));

        assertThat(AuthorDomains.of(field).addresses())
                .containsExactly(Map.entry("example.com", "a@example.com"));
    }
}
