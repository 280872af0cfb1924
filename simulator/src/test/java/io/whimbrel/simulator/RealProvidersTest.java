package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.time.Duration;

final class RealProvidersTest {
    private final SimulatorClock.Manual clock = SimulatorClock.manual();
    private SimulatedInternet internet;

    @BeforeEach
    void start() throws IOException {
        Catalogue catalogue = RealProviders.of(1, 1);
        internet = SimulatedInternet.start(SimulatorOptions.of(catalogue).withClock(clock));
    }

    @AfterEach
    void stop() throws IOException {
        internet.close();
    }

    /// The second message within a second of one address; another address has a count of its own.
    @ParameterizedTest
    @CsvSource({
        "google, postmaster@gmail.com, 421-4.7.28, rate limited",
        "yahoo, postmaster@yahoo.com, 421 4.7.0, [TSS04] Messages from 127.0.0.1 temporarily",
        "microsoft-consumer, postmaster@hotmail.com, 451 4.7.650, The mail server [127.0.0.1]",
        "microsoft-365, postmaster@contoso.com, 451 4.7.500, Server busy",
        "apple, postmaster@me.com, 421 4.7.1, deferred due to excessive volume",
        "comcast, postmaster@comcast.net, 421 4.1.0, #RL000002",
        "gmx, postmaster@web.de, 450-Requested, Reject due to policy restrictions",
    })
    void rate_isOfOneAddress(String provider, String recipient, String code, String text)
            throws IOException {
        try (var client = TestClient.ready(internet, provider);
                var other = new TestClient(internet, provider, "127.0.0.3")) {
            assertThat(client.deliver(recipient)).startsWith("250");
            assertThat(client.deliver(recipient)).startsWith(code).contains(text);
            other.expect("220");
            other.send("EHLO x\r\n").expect("250");
            assertThat(other.deliver(recipient)).startsWith("250");
        }
        clock.advance(Duration.ofSeconds(1));
        try (var client = TestClient.ready(internet, provider)) {
            assertThat(client.deliver(recipient)).startsWith("250");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "google, unknown@gmail.com, 550-5.1.1",
        "google, full@gmail.com, 452-4.2.2",
        "google, busy@gmail.com, 450-4.2.1",
        "yahoo, late@yahoo.com, 554 30 Sorry",
        "microsoft-consumer, unknown@live.com, 550 5.5.0",
        "microsoft-365, unknown@contoso.com, 550 5.1.10",
        "apple, full@icloud.com, 552 5.2.2",
        "comcast, unknown@comcast.net, 550 5.1.1",
        "gmx, full@gmx.de, 552-Requested",
    })
    void recipients_haveTheirTexts(String provider, String recipient, String reply)
            throws IOException {
        try (var client = TestClient.ready(internet, provider)) {
            assertThat(client.deliver(recipient)).startsWith(reply);
        }
    }

    @Test
    void yahoo_takesTwentyMessagesOverAConnection() throws IOException {
        try (var client = TestClient.ready(internet, "yahoo")) {
            for (int i = 0; i < 20; i++) {
                assertThat(client.deliver("postmaster@aol.com")).startsWith("250");
                clock.advance(Duration.ofSeconds(1));
            }
            assertThat(client.deliver("postmaster@aol.com"))
                    .startsWith("421 Max message per connection reached");
        }
    }

    @Test
    void comcast_hasTooManySessions() throws IOException {
        var clients = new TestClient[10];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = TestClient.ready(internet, "comcast");
        }
        try (var more = new TestClient(internet, "comcast")) {
            more.expect("421 4.7.0 resimta-po-40v.sys.comcast.net comcast Too many sessions");
        }
        for (TestClient client : clients) {
            client.close();
        }
    }
}
