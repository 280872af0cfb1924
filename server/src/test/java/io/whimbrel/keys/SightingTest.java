package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.dns.TextAnswer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

@Timeout(60)
class SightingTest {
    private static final KeyName NAME = new KeyName("example.com", "s1");
    private static final SigningKey KEY = KeyKind.ED25519.generate();
    private static final Optional<PublicKey> OURS = Optional.of(KEY.publicKey());
    private static final DnsRecord RECORD = DnsRecord.of(NAME, KEY, DnsRecord.Flags.NONE);
    private static final DnsRecord OTHER =
            DnsRecord.of(NAME, KeyKind.ED25519.generate(), DnsRecord.Flags.NONE);

    private final ZoneKeys dns = new ZoneKeys(2);

    private Sighting ours() {
        return Sighting.of(dns, NAME, OURS);
    }

    @Test
    void ourKey_isGood_howeverItIsWritten() {
        dns.publish(RECORD);
        assertThat(ours()).isEqualTo(new Sighting.Good());
        dns.publish(NAME, "p=" + RECORD.value().replaceAll(".*p=(.*)", "$1") + "; k=ed25519;");
        assertThat(ours()).isEqualTo(new Sighting.Good());
    }

    @Test
    void noRecord_isMissing_forAsLongAsTheZoneSays() {
        assertThat(ours()).isEqualTo(new Sighting.Missing(ZoneKeys.NEGATIVE, true));
        dns.publishHalf(RECORD);
        assertThat(ours()).isEqualTo(new Sighting.Missing(ZoneKeys.NEGATIVE, false));
        assertThat(ours().isGone()).isFalse();
    }

    @Test
    void whateverElse_isWrong_andSaysWhat() {
        dns.publish(OTHER);
        assertThat(ours().text()).contains("another key than the file");
        dns.publish(NAME, RECORD.value(), OTHER.value());
        assertThat(ours().text()).startsWith("2 TXT records are at s1._domainkey.example.com");
        dns.publish(NAME, "v=spf1 -all");
        assertThat(ours()).isInstanceOf(Sighting.Wrong.class);
        dns.publish(NAME, RECORD.value().replace("k=ed25519", "k=ed25519; s=other"));
        assertThat(ours().text()).contains("not for mail");
        dns.publish(RECORD);
        dns.set(NAME, 1, new TextAnswer.Texts(List.of("v=DKIM1; p="), Duration.ofHours(1)));
        assertThat(ours().text()).contains("others have it");
    }

    @Test
    void failureOfOne_isOne() {
        dns.publish(RECORD);
        dns.set(NAME, 1, new TextAnswer.TemporaryFailure("SERVFAIL"));
        assertThat(ours()).isEqualTo(new Sighting.Failed("SERVFAIL"));
    }

    @Test
    void goneKey_isRevokedOrMissing_andNothingElse() {
        dns.publish(NAME, "v=DKIM1; k=rsa; p=");
        assertThat(Sighting.of(dns, NAME, Optional.empty()).isGone()).isTrue();
        assertThat(ours()).isEqualTo(new Sighting.Revoked());
        dns.set(NAME, 0, new TextAnswer.NoText(Duration.ZERO));
        assertThat(Sighting.of(dns, NAME, Optional.empty()).isGone()).isTrue();
        dns.publish(RECORD);
        assertThat(Sighting.of(dns, NAME, Optional.empty()).isGone()).isFalse();
        dns.publishHalf(RECORD);
        assertThat(Sighting.of(dns, NAME, Optional.empty()).isGone()).isFalse();
    }

    @Test
    void everyServer_isAskedByItself() {
        try (var one = new TestNameServer();
                var other = new TestNameServer()) {
            var settings =
                    new DnsSettings(
                            List.of(
                                    one.settings().servers().getFirst(),
                                    other.settings().servers().getFirst()),
                            Duration.ofSeconds(5));
            var lookup = new KeyLookup.Servers(settings, () -> Instant.EPOCH);
            one.with(RECORD.name().dnsName() + ". 300 IN TXT \"" + RECORD.value() + "\"");

            assertThat(Sighting.of(lookup, NAME, OURS))
                    .isInstanceOfSatisfying(
                            Sighting.Missing.class,
                            missing -> assertThat(missing.isEverywhere()).isFalse());
            other.with(RECORD.name().dnsName() + ". 300 IN TXT \"" + RECORD.value() + "\"");
            assertThat(Sighting.of(lookup, NAME, OURS)).isEqualTo(new Sighting.Good());
        }
    }
}
