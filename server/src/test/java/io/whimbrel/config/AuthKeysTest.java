package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Mechanism;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind.Reading;

import org.junit.jupiter.api.Test;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The keys of logins, by themselves.
final class AuthKeysTest {
    private static final TableSpec TABLE = TableSpec.one("listen", "", AuthKeys.KEYS);

    private static TableValues values(String toml) {
        TomlParseResult document = Toml.parse(toml);
        var values = new TableValues(TABLE, Place.START);
        for (Key<?> key : AuthKeys.KEYS) {
            Object value = document.get(List.of(key.name()));
            if (value != null) {
                values.addPlace(
                        key, new Place(document.inputPositionOf(List.of(key.name())).line(), 1));
                add(values, key, value);
            }
        }
        return values;
    }

    private static <T> void add(TableValues values, Key<T> key, Object value) {
        if (key.kind().reader().apply(value) instanceof Reading.Good<T>(T good)) {
            values.addGood(key, good);
        }
    }

    private static Findings findings(String toml) {
        var findings = new Findings("w.toml");
        AuthKeys.check(values(toml), findings);
        return findings;
    }

    @Test
    void nothingWritten_isNoAuth() {
        assertThat(AuthKeys.settings(values(""))).isEqualTo(AuthSettings.NONE);
        assertThat(findings("").hasErrors()).isFalse();
    }

    @Test
    void everythingWritten_isRead() {
        String toml =
                """
                auth = "required"
                users = "/etc/whimbrel/users"
                auth-mechanisms = ["PLAIN", "scram-sha-256-plus", "OAUTHBEARER"]
                oauth-keys = "/etc/whimbrel/jwks.json"
                oauth-issuer = "https://id.example.com"
                oauth-audience = "mail"
                oauth-user-claim = "email"
                oauth-tenant-claim = "tenant"
                auth-failures = 5
                auth-failures-within = "1m"
                auth-lockout = "2h"
                auth-cache = "0s"
                """;

        assertThat(AuthKeys.settings(values(toml)))
                .isEqualTo(
                        new AuthSettings(
                                AuthSettings.Mode.REQUIRED,
                                Optional.of(Path.of("/etc/whimbrel/users")),
                                Optional.of(
                                        new AuthSettings.Oauth(
                                                "https://id.example.com",
                                                "mail",
                                                Path.of("/etc/whimbrel/jwks.json"),
                                                "email",
                                                Optional.of("tenant"))),
                                List.of(
                                        Mechanism.PLAIN,
                                        Mechanism.SCRAM_SHA_256_PLUS,
                                        Mechanism.OAUTHBEARER),
                                new AuthSettings.Lockout(
                                        5, Duration.ofMinutes(1), Duration.ofHours(2)),
                                Duration.ZERO));
        assertThat(findings(toml).hasErrors()).isFalse();
    }

    @Test
    void whatCannotWork_isToldWithTheRemedy() {
        assertThat(findings("auth = \"required\"").errors())
                .singleElement()
                .asString()
                .startsWith("w.toml:1:1: auth: nobody could log in; add users = ");
        assertThat(findings("auth = \"optional\"\noauth-keys = \"/k\"").errors())
                .singleElement()
                .asString()
                .contains("w.toml:2:1: oauth-keys: tokens need oauth-issuer and oauth-audience");
        assertThat(findings("auth = \"required\"\nusers = \"/u\"\nauth-mechanisms = []").errors())
                .singleElement()
                .asString()
                .contains("w.toml:3:1: auth-mechanisms: nobody could log in");
        assertThat(findings("users = \"/u\"").warnings())
                .singleElement()
                .asString()
                .contains("w.toml:1:1: users: is of no use without auth");
    }

    @Test
    void examplesAndDefaults_areGoodValues() {
        for (Key<?> key : AuthKeys.KEYS) {
            Object example =
                    Optional.ofNullable(Toml.parse("x = " + key.example()).get(List.of("x")))
                            .orElse("");
            assertThat(key.kind().reader().apply(example))
                    .as(key.name())
                    .isInstanceOf(Reading.Good.class);
            assertThat(key.presence()).isNotInstanceOf(Presence.Required.class);
        }
    }
}
