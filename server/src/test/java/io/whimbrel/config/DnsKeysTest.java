package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.ConfigFinding;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

class DnsKeysTest {
    private static List<String> warnings(String dns) {
        ConfigResult result =
                ConfigFile.parse("w.toml", ConfigFileTest.LEAST + "[dns]\n" + dns + "\n");
        assertThat(result).isInstanceOf(ConfigResult.Valid.class);
        return ((ConfigResult.Valid) result)
                .warnings().stream()
                        .map(ConfigFinding::toString)
                        .filter(it -> !it.contains("relay-from"))
                        .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dnssec = 'ad'",
                "dnssec = 'ad'; servers = ['[::1]:5353']",
                "dnssec = 'ad'; servers = ['192.0.2.1']; trusted-resolvers = ['192.0.2.1']",
                "servers = ['192.0.2.1']"
            },
            quoteCharacter = '`')
    void resolversThatAreTrusted_orNeedNotBe_areFine(String dns) {
        assertThat(warnings(dns.replace("; ", "\n").replace('\'', '"'))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trusted-resolvers = ['192.0.2.1'] | has no effect without dnssec",
                "dnssec = 'ad'; servers = ['192.0.2.1'] | is not believed, and DANE not used",
                "dnssec = 'ad'; servers = ['192.0.2.1', '127.0.0.1'] | it is not asked"
            },
            quoteCharacter = '`')
    void resolversWhoseWordIsNotBelieved_areWarnedOf(String dns, String warning) {
        assertThat(warnings(dns.replace("; ", "\n").replace('\'', '"')))
                .singleElement()
                .asString()
                .contains(warning);
    }
}
