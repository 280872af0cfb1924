package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class SimulatedInternetTest {
    private static final int CLIENTS = 8;
    private static final int MESSAGES = 100;

    private static Catalogue two() {
        return two(20);
    }

    private static Catalogue two(int unknownPercent) {
        Reply gone = Reply.of(550, "5.1.1", "<{recipient}> gone");
        return Catalogue.of(
                ProviderSpec.single("a", "a.test", Personality.ACCEPTS),
                ProviderSpec.single(
                        "b",
                        "b.test",
                        Personality.of(
                                new Trait.UnknownUsers(unknownPercent, Stage.RCPT, gone),
                                new Trait.Drops(Stage.MID_BODY, 50))));
    }

    @Test
    void counters_equalWhatClientsWereTold()
            throws IOException, InterruptedException, ExecutionException {
        try (var internet = SimulatedInternet.start(SimulatorOptions.of(two()))) {
            long[] told = new long[2];
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<long[]>> clients = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    int client = i;
                    clients.add(threads.submit(() -> deliverAll(internet, client)));
                }
                for (Future<long[]> client : clients) {
                    told[0] += client.get()[0];
                    told[1] += client.get()[1];
                }
            }
            ProviderCounters a = internet.provider("a").counters();
            ProviderCounters b = internet.provider("b").counters();
            assertThat(a.acceptedRecipients()).isEqualTo(CLIENTS * MESSAGES / 2);
            assertThat(a.acceptedRecipients() + b.acceptedRecipients()).isEqualTo(told[0]);
            assertThat(b.rejectedTotal()).isEqualTo(told[1]).isPositive();
            assertThat(b.dropped()).isPositive();
            assertThat(internet.totals().acceptedRecipients()).isEqualTo(told[0]);
            assertThat(internet.totals().rejected()).isEqualTo(b.rejected());
            assertThat(internet.awaitAccepted((int) told[0], Duration.ZERO)).isTrue();
            assertThat(internet.awaitAccepted((int) told[0] + 1, Duration.ZERO)).isFalse();
        }
    }

    /// Accepted and rejected recipients as one client saw them.
    private static long[] deliverAll(SimulatedInternet internet, int number) throws IOException {
        long[] told = new long[2];
        for (int i = 0; i < MESSAGES; i++) {
            String name = i % 2 == 0 ? "a" : "b";
            try (var client = TestClient.ready(internet, name)) {
                String to = "user-" + number + "-" + i + "@" + name + ".test";
                String answer = client.deliver(to);
                told[0] += answer.startsWith("250") ? 1 : 0;
                told[1] += answer.startsWith("550") ? 1 : 0;
            }
        }
        return told;
    }

    @Test
    void log_hasALineForEachRecipient(@TempDir Path folder) throws IOException {
        Path log = folder.resolve("simulator.jsonl");
        try (var internet = SimulatedInternet.start(SimulatorOptions.of(two(0)).withLog(log));
                var client = TestClient.ready(internet, "b")) {
            client.send("MAIL FROM:<s@client.test>\r\n").expect("250");
            client.send("RCPT TO:<ok@b.test>\r\n").expect("250");
            client.send("RCPT TO:<unknown@b.test>\r\n").expect("550");
            client.send("RCPT TO:<fine@b.test>\r\n").expect("250");
            client.send("DATA\r\n").expect("354");
            client.send("Message-ID: <1@x>\r\n\r\nHi\r\n.\r\n").expect("250");
            List<JsonNode> lines =
                    Files.readAllLines(log).stream().map(JsonMapper.shared()::readTree).toList();
            assertThat(lines)
                    .extracting(line -> line.get("result").asString())
                    .containsExactly("rejected", "accepted", "accepted");
            assertThat(lines)
                    .extracting(line -> line.get("recipient").asString())
                    .containsExactly("unknown@b.test", "ok@b.test", "fine@b.test");
            assertThat(lines.get(1).get("id").asString()).isEqualTo("<1@x>");
            assertThat(lines.get(0).get("code").asInt()).isEqualTo(550);
            assertThat(lines.get(0).get("provider").asString()).isEqualTo("b");
            assertThat(lines.get(0).get("time").asString()).endsWith("Z");
        }
    }

    @Test
    void standardCatalogue_listensWhereItSays() throws IOException {
        try (var internet = SimulatedInternet.start(SimulatorOptions.of(Catalogue.standard(100)))) {
            assertThat(internet.providers())
                    .extracting(Provider::name)
                    .startsWith("gmail", "outlook", "yahoo", "icloud", "smallpost", "mailhost");
            for (Provider provider : internet.providers()) {
                for (InetAddress address : provider.addresses()) {
                    var where = new InetSocketAddress(address, internet.smtpPort());
                    try (var socket = new Socket()) {
                        socket.connect(where);
                    }
                }
            }
            Provider halfDead = internet.provider("half-dead");
            assertThat(halfDead.mxHosts()).hasSize(2);
            assertThat(halfDead.addresses()).hasSize(1);
            InetAddress dead = halfDead.endpoints().getFirst().address();
            assertThatThrownBy(() -> new Socket(dead, internet.smtpPort()).close())
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void fate_ofNamesWithoutProvider() throws IOException {
        try (var internet = SimulatedInternet.start(SimulatorOptions.of(Catalogue.standard(100)))) {
            assertThat(internet.fateOf("a@nullmx.example")).isEqualTo(Fate.BOUNCED);
            assertThat(internet.fateOf("a@absent.example")).isEqualTo(Fate.BOUNCED);
            assertThat(internet.fateOf("a@servfail.example")).isEqualTo(Fate.DEFERRED);
            assertThat(internet.fateOf("a@dangling.example")).isEqualTo(Fate.UNDECIDED);
            assertThat(internet.fateOf("unknown@D1.many.example")).isEqualTo(Fate.BOUNCED);
            assertThat(internet.fateOf("full@gmail.example")).isEqualTo(Fate.DEFERRED);
            assertThat(internet.fateOf("full@icloud.example")).isEqualTo(Fate.BOUNCED);
            assertThat(internet.fateOf("late-unknown@aol.example")).isEqualTo(Fate.BOUNCED);
            assertThat(internet.providerOf("googlemail.example").orElseThrow().name())
                    .isEqualTo("gmail");
        }
    }

    @Test
    void takenPort_isNamedInTheError() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.77.1.1"))) {
            int port = taken.getLocalPort();
            assertThatThrownBy(() ->
                            SimulatedInternet.start(SimulatorOptions.of(two()).withPorts(0, port)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("port " + port);
        }
    }

    @Test
    void twoInternets_liveSideBySide() throws IOException {
        try (var one = SimulatedInternet.start(SimulatorOptions.of(two()));
                var other = SimulatedInternet.start(SimulatorOptions.of(two()))) {
            assertThat(one.smtpPort()).isNotEqualTo(other.smtpPort());
            try (var client = TestClient.ready(other, "a")) {
                assertThat(client.deliver("x@a.test")).startsWith("250");
            }
            assertThat(one.totals().connections()).isZero();
            assertThat(other.totals().acceptedRecipients()).isEqualTo(1);
        }
    }
}
