package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.DoorCount;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.RateKind;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind.Reading;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tomlj.Toml;
import org.tomlj.TomlTable;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// The keys of tenants, of the door and of inbound domains.
class PolicyKeysTest {
    private static final MailClasses NO_CLASSES = new MailClasses(new FileValues());

    private static TableValues read(TableSpec table, String toml) {
        TomlTable content = Toml.parse(toml);
        var values = new TableValues(table, new Place(7, 1));
        for (String name : content.keySet()) {
            Key<?> key = table.key(name).orElseThrow();
            values.addPlace(key, new Place(content.inputPositionOf(List.of(name)).line(), 1));
            readKey(key, content.get(List.of(name)), values);
        }
        return values;
    }

    private static <T> void readKey(Key<T> key, Object value, TableValues values) {
        switch (key.kind().reader().apply(value)) {
            case Reading.Good<T>(T good) -> values.addGood(key, good);
            case Reading.Bad<T> bad -> throw new AssertionError(bad.toString());
        }
    }

    private static final TableSpec LISTEN =
            new TableSpec("listen", true, true, Optional.empty(), "", DoorKeys.KEYS);

    private static Stream<Key<?>> keys() {
        return Stream.of(LISTEN, TenantKeys.TENANT, DoorKeys.INBOUND)
                .flatMap(table -> table.keys().stream());
    }

    @ParameterizedTest
    @MethodSource("keys")
    void examples_canBeRead(Key<?> key) {
        String line = key.name() + " = " + key.example();
        assertThat(line).matches("[ -~]{1,98}");
        assertThat(key.meaning()).matches("[ -~]+[.]");
        TableSpec table =
                new TableSpec("t", true, true, Optional.empty(), "", List.<Key<?>>of(key));
        assertThat(read(table, line).rendered(key)).isEqualTo(key.example());
    }

    @Test
    void tenant_withAllKeys() {
        TenantSettings tenant =
                TenantKeys.settings(
                        read(
                                TenantKeys.TENANT,
                                """
                                name = "shop"
                                from-domains = ["shop.example", "*.bücher.example"]
                                reverse-paths = ["*@bounce.example"]
                                pool = "transactional"
                                quota = ["100000/d", "20000/h"]
                                recipient-quota = ["50/min"]
                                size-quota = ["10GiB/d"]
                                max-message = "10MiB"
                                max-recipients = 100
                                max-connections = 50
                                class = "transactional"
                                classes = ["transactional", "bulk"]
                                campaign-header = "X-Job"
                                dsn = "never"
                                control-headers = true
                                networks = ["192.0.2.0/24"]
                                certificates = ["App.Shop.example"]
                                expire = "2d"
                                """),
                        NO_CLASSES);
        assertThat(tenant.name()).isEqualTo("shop");
        assertThat(tenant.fromDomains())
                .extracting(pattern -> pattern.text())
                .containsExactly("shop.example", "*.xn--bcher-kva.example");
        assertThat(tenant.quotas().messages()).hasToString("[100000/d, 20000/h]");
        assertThat(tenant.quotas().bytes()).containsExactly(new Rate(10L << 30, Rate.Window.DAY));
        assertThat(tenant.limits())
                .isEqualTo(
                        new TenantSettings.Limits(
                                OptionalLong.of(10 << 20),
                                OptionalInt.of(100),
                                OptionalInt.of(50)));
        assertThat(tenant.mayUse(PriorityClass.BULK)).isTrue();
        assertThat(tenant.mayUse(PriorityClass.NORMAL)).isFalse();
        assertThat(tenant.mayControl()).isTrue();
        assertThat(tenant.certificates()).containsExactly("app.shop.example");
        assertThat(tenant.expire()).contains(Duration.ofDays(2));
    }

    @Test
    void tenant_withANameOnly_hasNoRules() {
        assertThat(TenantKeys.settings(read(TenantKeys.TENANT, "name = \"shop\""), NO_CLASSES))
                .isEqualTo(TenantSettings.withoutRules("shop"));
    }

    @Test
    void listen_withoutKeys_limitsNothing() {
        assertThat(DoorKeys.settings(read(LISTEN, ""))).isEqualTo(DoorSettings.NONE);
    }

    @Test
    void listen_withKeys() {
        DoorSettings door =
                DoorKeys.settings(
                        read(
                                LISTEN,
                                """
                                client-connections = "60/min"
                                network-errors = "300/min"
                                listener-messages = "100/s"
                                tarpit = "2s"
                                ban = "0s"
                                rbl = ["zen.spamhaus.org=127.0.0.2..11"]
                                check-sender-domain = true
                                """));
        assertThat(door.limits().perClient()).containsOnlyKeys(DoorCount.CONNECTIONS);
        assertThat(door.limits().perNetwork()).containsOnlyKeys(DoorCount.ERRORS);
        assertThat(door.limits().perListener()).containsOnlyKeys(DoorCount.MESSAGES);
        assertThat(door.limits().tarpit()).isEqualTo(Duration.ofSeconds(2));
        assertThat(door.limits().ban()).isZero();
        assertThat(door.blocklists()).hasSize(1);
        assertThat(door.checksSenderDomain()).isTrue();
        assertThat(door.checksRecipientDomain()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "500/minute, 500/min",
                "500 / m, 500/min",
                "20000/Hour, 20000/h",
                "5/fortnight, none",
                "500, none"
            })
    void rates_haveSuggestions(String text, String better) {
        assertThat(RateKind.rate().reader().apply(text))
                .isInstanceOfSatisfying(
                        Reading.Bad.class,
                        bad ->
                                assertThat(bad.problems().toString())
                                        .contains(
                                                better == null
                                                        ? "Optional.empty"
                                                        : "Optional[\"" + better + "\"]"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10GiB", "10/d", "0GiB/d", "10GiB/w", "/d"})
    void otherSizesInATime_areRefused(String text) {
        assertThat(PolicyKinds.sizeRate().reader().apply(text)).isInstanceOf(Reading.Bad.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "", "*.[192.0.2.1]", "a b"})
    void otherInboundDomains_areRefused(String text) {
        assertThat(PolicyKinds.inboundDomain().reader().apply(text))
                .isInstanceOf(Reading.Bad.class);
    }

    @Test
    void certificates_areReadAsOpensslShowsThem() {
        String octets = "AB:".repeat(31) + "AB";
        assertThat(PolicyKinds.certificate().reader().apply("SHA256:" + octets))
                .isEqualTo(new Reading.Good<>("sha256:" + "ab".repeat(32)));
        assertThat(PolicyKinds.certificate().reader().apply("sha256:ab"))
                .isInstanceOf(Reading.Bad.class);
    }

    @Test
    void whatBelongsToTwoTenants_isAnError() {
        var findings = new Findings("w.toml");
        TenantKeys.check(
                List.of(
                        read(TenantKeys.TENANT, "name = \"a\"\nnetworks = [\"192.0.2.0/24\"]"),
                        read(TenantKeys.TENANT, "name = \"b\"\nnetworks = [\"192.0.2.0/24\"]")),
                NO_CLASSES,
                findings);
        assertThat(findings.errors())
                .singleElement()
                .asString()
                .contains("networks: [\"192.0.2.0/24\"] stands in the [[tenant]] of line 7");
    }

    @Test
    void aClassThatIsNotAllowed_isAnError() {
        var findings = new Findings("w.toml");
        TenantKeys.check(
                List.of(
                        read(
                                TenantKeys.TENANT,
                                "name = \"a\"\nclass = \"bulk\"\nclasses = [\"normal\"]")),
                NO_CLASSES,
                findings);
        assertThat(findings.errors())
                .singleElement()
                .asString()
                .contains("class: \"bulk\" is not in classes");
    }

    @Test
    void reversePathsThatChangeNothing_areAWarning() {
        var findings = new Findings("w.toml");
        TenantKeys.check(
                List.of(read(TenantKeys.TENANT, "name = \"a\"\nreverse-paths = [\"*@b.example\"]")),
                NO_CLASSES,
                findings);
        assertThat(findings.warnings()).hasSize(1);
        assertThat(findings.hasErrors()).isFalse();
    }
}
