package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.admin.AdminClient;
import io.whimbrel.admin.Json;
import io.whimbrel.admin.SocketPath;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;
import io.whimbrel.dns.TestNameServer;
import io.whimbrel.eventlog.EventReader;
import io.whimbrel.toml.AddressText;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.node.ObjectNode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The node as `Main` wires it, on real sockets and a real disk, with one next hop.
@Timeout(60)
class NodeTest {
    private static final String BODY = "Subject: hello\r\n\r\n..dot\r\nline\r\n";

    @TempDir private Path folder = Path.of("");

    private final LinkedBlockingQueue<String> taken = new LinkedBlockingQueue<>(100);
    private final List<Socket> open = new ArrayList<>();
    private ServerSocket nextHop = new ServerSocket();
    private volatile boolean isDeferring;
    private volatile boolean isHangingUp;

    NodeTest() throws IOException {}

    @BeforeEach
    void startNextHop() throws IOException {
        nextHop = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::acceptAll);
    }

    @AfterEach
    void stopNextHop() throws IOException {
        nextHop.close();
        for (Socket socket : open) {
            socket.close();
        }
    }

    @Test
    void message_isRelayedUntouched_andToldInTheEventLog() throws Exception {
        try (var node = start("")) {
            String id = send(node, "a@example.org");
            String arrived = taken.poll(20, TimeUnit.SECONDS);
            assertThat(arrived).startsWith("Received: from client.example").endsWith(BODY);
            assertThat(arrived).contains("id " + id);
        }
        assertThat(events())
                .hasSize(2)
                .satisfiesExactly(
                        received -> assertThat(received).contains("\"received\"", "a@example.org"),
                        delivered -> assertThat(delivered).contains("\"delivered\"", ":250,"));
    }

    @Test
    void secondNode_onTheSameFolder_isRefused_andLeavesTheEventsAlone() throws Exception {
        try (var node = start("")) {
            send(node, "a@example.org");
            taken.poll(20, TimeUnit.SECONDS);
            while (events().size() < 2) {
                // Otherwise the node would write over the half line.
                Thread.onSpinWait();
            }
            Path events = folder.resolve("d/events");
            try (Stream<Path> files = Files.list(events)) {
                Path newest =
                        files.filter(file -> file.toString().endsWith(".jsonl"))
                                .max(Comparator.naturalOrder())
                                .orElseThrow();
                Files.writeString(newest, "{\"event\":\"half", StandardOpenOption.APPEND);
                assertThatThrownBy(() -> start("")).hasMessageContaining("another process uses");
                assertThat(newest).content().endsWith("{\"event\":\"half");
            }
        }
    }

    @Test
    void deferredMail_survivesARestart_withItsAttempts() throws Exception {
        isDeferring = true;
        try (var node = start("[retry]\nfirst = \"300ms\"\nmost = \"300ms\"\n")) {
            send(node, "a@example.org");
            assertThat(taken.poll(20, TimeUnit.SECONDS)).isEqualTo("deferred");
        }
        isDeferring = false;
        try (var node = start("[retry]\nfirst = \"300ms\"\nmost = \"300ms\"\n")) {
            String next = taken.poll(20, TimeUnit.SECONDS);
            while ("deferred".equals(next)) {
                next = taken.poll(20, TimeUnit.SECONDS);
            }
            assertThat(next).endsWith(BODY);
            assertThat(node.addresses()).hasSize(1);
        }
        List<String> events = events();
        String delivered = events.getLast();
        assertThat(delivered).contains("\"delivered\"");
        // As many deferrals as there were, and the number of the attempt goes on counting.
        assertThat(delivered).contains("\"attempt\":" + (events.size() - 1));
    }

    @Test
    void restOfAPath_survivesARestart_andSuccessForgetsIt() throws Exception {
        String retry = "[retry]\nfirst = \"100ms\"\nmost = \"100ms\"\n";
        Path file = folder.resolve("d/state/paths.json");
        String site = "smtp://127.0.0.1:" + nextHop.getLocalPort();
        isHangingUp = true;
        try (var node = start(retry)) {
            send(node, "a@example.org");
            while (!Files.exists(file)) {
                Thread.onSpinWait();
            }
        }
        isHangingUp = false;
        String kept = Files.readString(file);
        assertThat(kept).contains(site);
        Files.writeString(file, kept.replaceAll("\"left-ms\":\\d+", "\"left-ms\":1500"));

        long begin = System.nanoTime();
        try (var node = start(retry)) {
            assertThat(taken.poll(20, TimeUnit.SECONDS)).endsWith(BODY);
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isGreaterThan(Duration.ofMillis(1500));
            assertThat(node.addresses()).hasSize(1);
        }
        assertThat(file).content().doesNotContain(site);
    }

    @Test
    void damagedRestsOfPaths_areNoReasonNotToStart() throws Exception {
        Path file = folder.resolve("d/state/paths.json");
        Files.createDirectories(folder.resolve("d/state"));
        Files.writeString(file, "{\"version\":1,");
        try (var node = start("")) {
            send(node, "a@example.org");
            assertThat(taken.poll(20, TimeUnit.SECONDS)).endsWith(BODY);
        }
    }

    @Test
    void reload_withAKeyThatNeedsARestart_isRefusedByName() throws Exception {
        try (var node = start("")) {
            String text = Files.readString(file());
            Files.writeString(file(), text.replace("mx1.example.com", "mx2.example.com"));
            assertThat(node.reload()).singleElement().asString().contains("node.name");
            Files.writeString(file(), text + "[retry]\nfirst = \"never\"\n");
            assertThat(node.reload()).singleElement().asString().contains("never");
            Files.writeString(file(), text + "[retry]\nfirst = \"1m\"\n");
            assertThat(node.reload()).isEmpty();
        }
    }

    @Test
    void reload_forgetsTheAnswersOfTheDns_onlyWhereDnsChanged() throws Exception {
        try (var dns = new TestNameServer().with("next.test. 3600 IN A 127.0.0.1")) {
            String server = "[dns]\nservers = [\"" + address(dns) + "\"]\n";
            try (var node = start("next.test", server)) {
                send(node, "a@example.org");
                assertThat(taken.poll(20, TimeUnit.SECONDS)).endsWith(BODY);
                int questions = dns.questions();
                assertThat(questions).isPositive();
                assertThat(node.reload()).isEmpty();

                send(node, "a@example.org");
                assertThat(taken.poll(20, TimeUnit.SECONDS)).endsWith(BODY);
                assertThat(dns.questions()).isEqualTo(questions);

                Files.writeString(file(), Files.readString(file()) + "timeout = \"2s\"\n");
                assertThat(node.reload()).isEmpty();
                send(node, "a@example.org");
                assertThat(taken.poll(20, TimeUnit.SECONDS)).endsWith(BODY);
                assertThat(dns.questions()).isGreaterThan(questions);
            }
        }
    }

    private static String address(TestNameServer dns) {
        return AddressText.render(dns.settings().servers().getFirst());
    }

    @Test
    void dataFolder_isForItsOwnerOnly() throws Exception {
        try (var node = start("")) {
            assertThat(node.addresses()).hasSize(1);
            assertThat(Files.getPosixFilePermissions(folder.resolve("d")))
                    .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        }
    }

    /// On every disk there is less free than so much, but more than the reserve.
    @Test
    void diskBelowItsSlowMark_delaysTheAnswer_andIsToldInTheEventLog() throws Exception {
        try (var node = start("slow-below = \"512TiB\"\n")) {
            long begin = System.nanoTime();
            send(node, "a@example.org");
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isBetween(Duration.ofMillis(1500), Duration.ofSeconds(20));
            assertThat(taken.poll(20, TimeUnit.SECONDS)).endsWith(BODY);
            while (events().stream().noneMatch(event -> event.contains("budget-felt"))) {
                Thread.onSpinWait();
            }
            assertThat(events())
                    .filteredOn(event -> event.contains("budget-felt"))
                    .singleElement()
                    .asString()
                    .contains("\"budget\":\"disk-slow\"", "free, mark 536870912 MiB");
        }
    }

    @Test
    void arrivingBodies_haveOneBudget_andTransactionsUnderWayEnd() throws Exception {
        String memory = "[memory]\narriving = \"1MiB\"\n";
        try (var node = start(memory);
                var first = new Socket(InetAddress.getLoopbackAddress(), port(node));
                var second = new Socket(InetAddress.getLoopbackAddress(), port(node));
                var third = new Socket(InetAddress.getLoopbackAddress(), port(node))) {
            BufferedReader in = greeted(first);
            assertThat(ask(second, greeted(second), "MAIL FROM:<b@example.com> SIZE=300000"))
                    .startsWith("250");
            assertThat(ask(first, in, "MAIL FROM:<a@example.com> SIZE=300000")).startsWith("250");
            assertThat(ask(third, greeted(third), "MAIL FROM:<c@example.com>"))
                    .startsWith("452 4.3.1 ");
            assertThat(ask(first, in, "RCPT TO:<a@example.org>")).startsWith("250");
            assertThat(ask(first, in, "DATA")).startsWith("354");
            assertThat(ask(first, in, "x".repeat(70) + "\r\n.")).startsWith("250");
            send(node, "b@example.org");
        }
    }

    @Test
    void operators_seeListeners_andTenantsWithWhatTheyUsed() throws Exception {
        String tenant =
                "[[tenant]]\nname = \"shop\"\nquota = [\"9/h\"]\nnetworks = [\"127.0.0.0/8\"]\n";
        try (var node = start(tenant);
                var client = new Socket(InetAddress.getLoopbackAddress(), port(node))) {
            send(node, "a@example.org");
            greeted(client);

            ObjectNode status = admin("status").getFirst();
            assertThat(status.path("listeners").toString())
                    .startsWith("[{\"address\":\"127.0.0.1:" + port(node))
                    .contains("\"protocol\":\"smtp\",\"tls\":\"none\",\"auth\":\"none\"");
            ObjectNode shop = admin("tenants").getFirst();
            assertThat(shop.path("tenant").asString()).isEqualTo("shop");
            assertThat(shop.path("connections").intValue()).isPositive();
            assertThat(shop.path("quotas").path(0).path("used").intValue()).isEqualTo(1);
            assertThat(admin("bans")).isEmpty();
            assertThat(admin("lockouts")).isEmpty();
        }
    }

    private List<ObjectNode> admin(String verb) throws IOException {
        Path socket = SocketPath.in(folder.resolve("d"));
        return new AdminClient(socket, "", "").lines(Json.object().put("verb", verb));
    }

    @Test
    void budgetThatTheMachineCannotGive_isRefusedWithTheRemedy() {
        assertThatThrownBy(() -> start("[memory]\nbudget = \"1TiB\"\n"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("memory.budget is 1048576 MiB")
                .hasMessageContaining("lower it, or leave it out");
        assertThat(folder.resolve("d")).doesNotExist();
    }

    private BufferedReader greeted(Socket socket) throws IOException {
        BufferedReader in = reader(socket);
        in.readLine();
        say(socket, "EHLO client.example\r\n");
        while (in.readLine().startsWith("250-")) {
            // The next line.
        }
        return in;
    }

    private static String ask(Socket socket, BufferedReader in, String line) throws IOException {
        say(socket, line + "\r\n");
        return in.readLine();
    }

    private Path file() {
        return folder.resolve("whimbrel.toml");
    }

    private Node start(String more) throws IOException {
        return start("127.0.0.1", more);
    }

    private Node start(String host, String more) throws IOException {
        Files.writeString(
                file(),
                """
                [node]
                name = "mx1.example.com"
                data = "%s"
                [[listen]]
                address = "127.0.0.1:0"
                relay-from = ["127.0.0.0/8"]
                [[route]]
                domain = "*"
                to = "smtp://%s:%d"
                [spool]
                segment = "1MiB"
                reserve = "1MiB"
                %s\
                """
                        .formatted(folder.resolve("d"), host, nextHop.getLocalPort(), more));
        return switch (ConfigFile.read(file())) {
            case ConfigResult.Valid(var config, _) -> Node.start(file(), config);
            case ConfigResult.Invalid(var errors, _) -> throw new IOException(errors.toString());
        };
    }

    private static int port(Node node) {
        return ((InetSocketAddress) node.addresses().getFirst()).getPort();
    }

    private List<String> events() throws IOException {
        var lines = new ArrayList<String>();
        new EventReader(folder.resolve("d/events")).all(lines::add);
        return lines;
    }

    /// Submits [#BODY]; returns the queue id of the answer.
    private String send(Node node, String recipient) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port(node))) {
            var in = reader(socket);
            in.readLine();
            for (String line :
                    List.of(
                            "HELO client.example",
                            "MAIL FROM:<s@example.com>",
                            "RCPT TO:<" + recipient + ">",
                            "DATA")) {
                say(socket, line + "\r\n");
                assertThat(in.readLine()).matches("[23].*");
            }
            say(socket, BODY.replace("\r\n..dot", "\r\n...dot") + ".\r\n");
            String reply = in.readLine();
            assertThat(reply).startsWith("250 2.0.0 queued as ");
            return reply.substring("250 2.0.0 queued as ".length());
        }
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket socket = nextHop.accept();
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException _) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        try {
            var in = reader(socket);
            if (isHangingUp) {
                socket.close();
                return;
            }
            say(socket, "220 next.example\r\n");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.equals("DATA")) {
                    say(socket, "354 go\r\n");
                    taken.add(body(in));
                    say(socket, "250 2.0.0 taken\r\n");
                } else if (isDeferring && line.startsWith("RCPT")) {
                    taken.add("deferred");
                    say(socket, "451 4.7.1 later\r\n");
                } else {
                    say(socket, "250 ok\r\n");
                }
            }
        } catch (IOException _) {
            // The client has gone.
        }
    }

    private static String body(BufferedReader in) throws IOException {
        var text = new StringBuilder();
        for (String line = in.readLine(); line != null && !line.equals("."); line = in.readLine()) {
            text.append(line.startsWith(".") ? line.substring(1) : line).append("\r\n");
        }
        return text.toString();
    }
}
