package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.keys.SelectorTemplate.Taken;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

class SelectorTemplateTest {
    private static final Instant NOW = Instant.parse("2026-11-28T23:59:00Z");
    private static final String KEY = "v=DKIM1; k=rsa; p=";

    @TempDir private Path temp;
    private final ZoneKeys dns = new ZoneKeys(1);

    private Taken taken() {
        return new Taken(new KeyFolder(temp.resolve("keys")), Optional.of(dns));
    }

    private String free(String template, KeyKind kind) throws IOException {
        return new SelectorTemplate(template).free("example.com", kind, taken(), NOW).selector();
    }

    private static KeyName name(String selector) {
        return new KeyName("example.com", selector);
    }

    @Test
    void byDefault_theDayAndTheAlgorithm() throws IOException {
        assertThat(free(SelectorTemplate.DEFAULT.text(), KeyKind.RSA2048)).isEqualTo("s20261128r");
        assertThat(free(SelectorTemplate.DEFAULT.text(), KeyKind.ED25519)).isEqualTo("s20261128e");
        assertThat(new SelectorTemplate("mail").withAlgorithm().text())
                .isEqualTo("mail{algorithm}");
    }

    @Test
    void whatTheFolderOrTheDnsHas_isTaken_revokedOrNot() throws IOException {
        dns.publish(name("s20261128e"), KEY);
        KeyFolder folder = taken().folder();
        KeyName used = name("s20261128e-2");
        folder.retire(used, folder.create(used, KeyKind.ED25519.generate()));
        assertThat(free(SelectorTemplate.DEFAULT.text(), KeyKind.ED25519))
                .isEqualTo("s20261128e-3");
    }

    @Test
    void wildcardOfTheZone_takesNothing() throws IOException {
        dns.publish(name("s20261128e"), "v=spf1 -all");
        assertThat(free(SelectorTemplate.DEFAULT.text(), KeyKind.ED25519)).isEqualTo("s20261128e");
    }

    @Test
    void fixedName_isTakenOrNot() throws IOException {
        assertThat(free("S1", KeyKind.RSA2048)).isEqualTo("s1");
        dns.publish(name("s1"), KEY);
        assertThatThrownBy(() -> free("s1", KeyKind.RSA2048))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the DNS has a key at s1._domainkey.example.com");
    }

    @Test
    void dnsThatCannotSay_isAnError_butNotOffline() throws IOException {
        dns.fail(name("s1"));
        assertThatThrownBy(() -> free("s1", KeyKind.RSA2048))
                .hasMessageContaining("SERVFAIL")
                .hasMessageContaining("--offline");
        var offline = new Taken(taken().folder(), Optional.empty());
        assertThat(
                        new SelectorTemplate("s1")
                                .free("example.com", KeyKind.RSA2048, offline, NOW)
                                .selector())
                .isEqualTo("s1");
    }

    @Test
    void whatIsNoSelector_isAnError() {
        assertThatThrownBy(() -> free("a/b", KeyKind.RSA2048))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is no selector");
        assertThatThrownBy(() -> free("s{dat}", KeyKind.RSA2048)).isInstanceOf(IOException.class);
    }
}
