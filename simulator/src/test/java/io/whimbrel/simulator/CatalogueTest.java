package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The everyday providers refuse as the real ones do.
class CatalogueTest {
    private final SimulatorClock.Manual clock = SimulatorClock.manual();
    private final List<TestClient> clients = new ArrayList<>();
    private SimulatedInternet internet;

    @BeforeEach
    void start() throws IOException {
        internet =
                SimulatedInternet.start(
                        SimulatorOptions.of(Catalogue.everyday(100)).withClock(clock));
    }

    @AfterEach
    void stop() throws IOException {
        for (TestClient client : clients) {
            client.close();
        }
        internet.close();
    }

    private TestClient ready(String provider) throws IOException {
        var client = TestClient.ready(internet, provider);
        clients.add(client);
        return client;
    }

    /// The first answer other than 250 to up to `most` messages over one connection.
    private String firstRefusal(TestClient client, String recipient, int most) throws IOException {
        for (int i = 0; i < most; i++) {
            String answer = client.deliver(recipient);
            if (!answer.startsWith("250")) {
                return "after " + i + ": " + answer;
            }
        }
        return "none";
    }

    @Test
    void gmail_limitsItsRate() throws IOException {
        TestClient client = ready("gmail");
        String refusal = firstRefusal(client, "postmaster@gmail.example", 200);
        assertThat(refusal)
                .startsWith("after 100: 421-4.7.28 Gmail has detected an unusual rate of mail")
                .contains("\n421-4.7.28 address [127.0.0.1].")
                .contains("\n421 4.7.28  https://support.google.com/mail/?p=Unsolicited");
        client.expectClosed();
        clock.advance(Duration.ofSeconds(1));
        assertThat(ready("gmail").deliver("postmaster@googlemail.example")).startsWith("250");
    }

    @Test
    void outlook_limitsConnections() throws IOException {
        for (int i = 0; i < 5; i++) {
            assertThat(ready("outlook").deliver("postmaster@outlook.example")).startsWith("250");
        }
        assertThat(ready("outlook").deliver("postmaster@outlook.example"))
                .isEqualTo(
                        "451 4.7.652 The mail server [127.0.0.1] has exceeded the maximum number"
                                + " of connections. (S3115)");
    }

    @Test
    void yahoo_limitsMessagesPerConnection() throws IOException {
        assertThat(firstRefusal(ready("yahoo"), "postmaster@aol.example", 30))
                .startsWith("after 20: 421 Max message per connection reached");
    }

    @Test
    void yahoo_limitsItsRate() throws IOException {
        for (int i = 0; i < 3; i++) {
            assertThat(firstRefusal(ready("yahoo"), "postmaster@aol.example", 20))
                    .isEqualTo("none");
        }
        assertThat(ready("yahoo").deliver("postmaster@yahoo.example"))
                .startsWith("421 4.7.0 [TSS04] Messages from 127.0.0.1 temporarily deferred");
    }

    @Test
    void yahoo_knowsItsUsersAfterDataOnly() throws IOException {
        TestClient client = ready("yahoo");
        client.send("MAIL FROM:<>\r\n").expect("250");
        client.send("RCPT TO:<unknown@yahoo.example>\r\n").expect("250");
        client.send("DATA\r\n").expect("354");
        client.send(".\r\n").expect("552 1 Requested mail action aborted, mailbox not found");
    }

    @Test
    void icloud_limitsItsRate() throws IOException {
        assertThat(firstRefusal(ready("icloud"), "postmaster@me.example", 100))
                .isEqualTo(
                        "after 50: 421 4.7.1 Messages to postmaster@me.example deferred due to"
                                + " excessive volume");
    }

    @Test
    void greylisting_isAsShortAsTheTimeScaleSays() throws IOException {
        TestClient client = ready("smallpost");
        assertThat(client.deliver("a@smallpost.example")).startsWith("451 4.7.1 Greylisting");
        clock.advance(Duration.ofMillis(2_999));
        assertThat(client.deliver("a@smallpost.example")).startsWith("451");
        clock.advance(Duration.ofMillis(1));
        assertThat(client.deliver("a@smallpost.example")).startsWith("250");
    }

    @Test
    void mailhost_refusesUnknownUsersAndFullMailboxes() throws IOException {
        TestClient client = ready("mailhost");
        assertThat(client.deliver("unknown.user@mailhost.example"))
                .isEqualTo(
                        "550 5.1.1 <unknown.user@mailhost.example>: Recipient address rejected:"
                                + " User unknown");
        assertThat(client.deliver("full.box@d7.many.example")).startsWith("452 4.2.2");
        assertThat(client.deliver("postmaster@d7.many.example")).startsWith("250");
    }

    @Test
    void timeScale_mustBePositive() {
        assertThatThrownBy(() -> Catalogue.standard(0)).hasMessageContaining("time scale");
    }
}
