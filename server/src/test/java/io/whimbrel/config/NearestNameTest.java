package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.toml.NearestName;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class NearestNameTest {
    private static final List<String> KNOWN =
            List.of("name", "dsn", "to", "relay-from", "max-connections", "max-recipients");

    @ParameterizedTest
    @CsvSource({
        "nmae, name",
        "NAME, name",
        "names, name",
        "relay_from, relay-from",
        "relayfrom, relay-from",
        "relay-form, relay-from",
        "max-conections, max-connections",
        "maxconnection, max-connections",
        "connections, max-connections",
        "dns, dsn",
        "t, to"
    })
    void aMisspeltName_hasANeighbour(String written, String nearest) {
        assertThat(NearestName.of(written, KNOWN)).contains(nearest);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "spool", "from", "socket", "relay"})
    void aForeignName_hasNone(String written) {
        assertThat(NearestName.of(written, KNOWN)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "abc, abc, 0",
        "abc, acb, 1",
        "abc, ab, 1",
        "abc, abcd, 1",
        "abc, xbc, 1",
        "'', ab, 2",
        "ca, abc, 3"
    })
    void distance_countsEditsAndSwaps(String a, String b, int distance) {
        assertThat(NearestName.distance(a, b)).isEqualTo(distance);
        assertThat(NearestName.distance(b, a)).isEqualTo(distance);
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1_000_000})
    void aHugeName_costsNothing(int length) {
        assertThat(NearestName.of("n".repeat(length), KNOWN)).isEmpty();
    }
}
