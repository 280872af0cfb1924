package io.whimbrel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.state.StateFile.DamagedException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;

class BrokenTlsTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final InetAddress ADDRESS = InetAddress.ofLiteral("192.0.2.1");
    private static final HostPlace HOST = new HostPlace("mx.example.com", 25, HostPlace.NamedBy.MX);
    private static final Duration MOST = Duration.ofHours(3);

    private Instant now = Instant.parse("2026-11-27T12:00:00Z");
    private final BrokenTls broken = new BrokenTls(() -> now);

    /// Failures, and for how many minutes plain text is spoken behind the last.
    @ParameterizedTest
    @CsvSource({"1, 0", "2, 60", "3, 120", "4, 180", "30, 180"})
    void eachFailure_doublesTheTime_upToTheMost(int failures, int minutes) {
        for (int i = 0; i < failures; i++) {
            now = now.plus(BrokenTls.APART);
            broken.failed(HOST, ADDRESS, MOST);
        }
        assertThat(broken.contains(HOST, ADDRESS)).isEqualTo(minutes > 0);
        now = now.plus(Duration.ofMinutes(minutes));
        assertThat(broken.contains(HOST, ADDRESS)).isFalse();
    }

    @Test
    void failuresThatAreTogether_areOne() {
        for (int i = 0; i < 20; i++) {
            broken.failed(HOST, ADDRESS, MOST);
        }
        assertThat(broken.contains(HOST, ADDRESS)).isFalse();
    }

    @Test
    void failuresFarApart_areNotAddedUp() {
        broken.failed(HOST, ADDRESS, MOST);
        now = now.plus(MOST);
        broken.failed(HOST, ADDRESS, MOST);
        assertThat(broken.contains(HOST, ADDRESS)).isFalse();
    }

    @Test
    void handshakeThatWorks_endsIt() {
        failTwice();
        broken.works(HOST, ADDRESS);
        broken.failed(HOST, ADDRESS, MOST);
        assertThat(broken.contains(HOST, ADDRESS)).isFalse();
    }

    @Test
    void anotherHostAtTheAddress_isAnother() {
        failTwice();
        var other = new HostPlace("mx.example.net", 25, HostPlace.NamedBy.MX);
        assertThat(broken.contains(HOST, ADDRESS)).isTrue();
        assertThat(broken.contains(other, ADDRESS)).isFalse();
    }

    @Test
    void restart_keepsThem() throws DamagedException {
        failTwice();
        ObjectNode file = MAPPER.createObjectNode();
        broken.writeTo(file);
        var later = new BrokenTls(() -> now);
        later.restore(file);
        assertThat(later.contains(HOST, ADDRESS)).isTrue();
    }

    /// They hold addresses for days that failed once.
    @Test
    void fileOfAnOlderVersion_isForgotten() throws DamagedException {
        String old = "{'hosts':[{'address':'192.0.2.1','until':'2026-11-30T12:00:00Z'}]}";
        broken.restore(MAPPER.readTree(old.replace('\'', '"')));
        assertThat(broken.contains(HOST, ADDRESS)).isFalse();
    }

    private void failTwice() {
        broken.failed(HOST, ADDRESS, MOST);
        now = now.plus(BrokenTls.APART);
        broken.failed(HOST, ADDRESS, MOST);
    }
}
