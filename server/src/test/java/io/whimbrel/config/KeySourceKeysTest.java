package io.whimbrel.config;

import static io.whimbrel.config.ConfigFileTest.valid;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.keys.KeySources;
import io.whimbrel.keys.Pkcs11Settings;
import io.whimbrel.keys.VaultSettings;
import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

class KeySourceKeysTest {
    @Test
    void everyKey_reachesItsRecord() {
        assertThat(valid(ConfigFileTest.EVERYTHING).keySources())
                .isEqualTo(
                        new KeySources(
                                new VaultSettings(
                                        Optional.of(URI.create("https://vault.example.com:8200")),
                                        Optional.of(Path.of("/etc/whimbrel/vault-token")),
                                        Optional.of("mail"),
                                        Optional.of(Path.of("/etc/whimbrel/tls/vault-ca.pem")),
                                        Duration.ofSeconds(3),
                                        Duration.ofMinutes(5)),
                                new Pkcs11Settings(
                                        Optional.of(Path.of("/usr/lib/softhsm/libsofthsm2.so")),
                                        Optional.of(Path.of("/etc/whimbrel/hsm-pin")))));
    }

    @Test
    void nothingWritten_isNoSource() {
        assertThat(valid(ConfigFileTest.ISSUE).keySources()).isEqualTo(KeySources.NONE);
    }

    @Test
    void token_isNotSentInClear_butOnThisMachine() {
        assertThat(errors(vault("http://vault.example.com:8200")))
                .singleElement()
                .asString()
                .contains("would show token and keys to the network")
                .contains("did you mean https://vault.example.com:8200?");
        for (String good : new String[] {"http://127.0.0.1:8200", "http://[::1]:8200/vault/"}) {
            assertThat(valid(vault(good)).keySources().vault().address())
                    .contains(URI.create(good));
        }
        for (String bad :
                new String[] {"vault", "https://", "https://u:p@h/", "https://h/?x=1", "ftp://h"}) {
            assertThat(errors(vault(bad))).singleElement().asString().contains("address");
        }
    }

    @Test
    void addressWithoutToken_isAnError_andTheOtherAWarning() {
        assertThat(errors(ConfigFileTest.ISSUE + "\n[vault]\naddress = \"https://v.example\"\n"))
                .singleElement()
                .asString()
                .contains("address needs a token-file");
        assertThat(warnings(ConfigFileTest.ISSUE + "\n[vault]\ntoken-file = \"/t\"\n"))
                .singleElement()
                .asString()
                .contains("token-file has no effect without an address");
    }

    private static String vault(String address) {
        return ConfigFileTest.ISSUE
                + "\n[vault]\naddress = \""
                + address
                + "\"\ntoken-file = \"/etc/whimbrel/t\"\n";
    }

    private static List<String> errors(String text) {
        return ConfigFileTest.errorsOf(ConfigFile.parse("w.toml", text));
    }

    private static List<String> warnings(String text) {
        return switch (ConfigFile.parse("w.toml", text)) {
            case ConfigResult.Valid(_, var warnings) ->
                    warnings.stream().map(ConfigFinding::toString).toList();
            case ConfigResult.Invalid _ -> List.of();
        };
    }
}
