package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// What replies lead to, and what becomes of recipients that a host takes too many of, with a whole
/// node: the checks of KumoMTA's tests of traffic shaping automation and of batches.
@Timeout(90)
class ReactionNodeTest {

    @TempDir private Path folder = Path.of("");

    private final TestNameServer dns =
            new TestNameServer()
                    .with("x.test. 300 IN MX 10 mx.prov.test.")
                    .with("y.test. 300 IN MX 10 mx.other.test.")
                    .with("mx.prov.test. 300 IN A 127.0.0.1")
                    .with("mx.other.test. 300 IN A 127.0.0.1");
    private final List<String> taken = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final CountDownLatch never = new CountDownLatch(1);
    private ServerSocket host = new ServerSocket();

    ReactionNodeTest() throws IOException {}

    @BeforeEach
    void startHost() throws IOException {
        host = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::acceptAll);
    }

    @AfterEach
    void stop() throws IOException {
        host.close();
        for (Socket socket : open) {
            socket.close();
        }
        dns.close();
    }

    /// basic_automation: other providers' mail goes on.
    @Test
    void suspend_holdsWhatComesNext_forThatProviderOnly() throws Exception {
        try (var node = start("{ action = \"suspend\" }")) {
            send(node, "", "", "slow@x.test");
            await("deferred", "slow@x.test");
            send(node, "", "", "next@x.test");
            send(node, "", "", "a@y.test");

            await("delivered", "a@y.test");

            assertThat(taken).containsExactly("a@y.test");
            assertThat(events("deferred", "next@x.test")).isEmpty();
        }
    }

    /// tenant_suspension, issue290.
    @Test
    void suspendOfATenant_letsOtherTenantsGo() throws Exception {
        try (var node = start("{ action = \"suspend\", scope = [\"tenant\", \"provider\"] }")) {
            send(node, "shop", "", "slow@x.test");
            await("deferred", "slow@x.test");
            send(node, "shop", "", "shop@x.test");
            send(node, "bank", "", "bank@x.test");

            await("delivered", "bank@x.test");

            assertThat(taken).containsExactly("bank@x.test");
        }
    }

    /// campaign_suspension.
    @Test
    void suspendOfACampaign_letsOthersOfTheTenantGo() throws Exception {
        String scope = "scope = [\"tenant\", \"campaign\", \"provider\"]";
        try (var node = start("{ action = \"suspend\", " + scope + " }")) {
            send(node, "shop", "spring", "slow@x.test");
            await("deferred", "slow@x.test");
            send(node, "shop", "spring", "spring@x.test");
            send(node, "shop", "autumn", "autumn@x.test");

            await("delivered", "autumn@x.test");

            assertThat(taken).containsExactly("autumn@x.test");
        }
    }

    /// bounce_automation.
    @Test
    void bounce_returnsTheMessage() throws Exception {
        try (var node = start("{ action = \"bounce\" }")) {
            send(node, "", "", "slow@x.test");

            assertThat(await("bounced", "slow@x.test")).contains("too much mail");
        }
    }

    /// bounce_tenant.
    @Test
    void bounceOfATenant_returnsWhatComesNext_andNoOthers() throws Exception {
        try (var node = start("{ action = \"bounce-all\", scope = [\"tenant\", \"provider\"] }")) {
            send(node, "shop", "", "slow@x.test");
            await("bounced", "slow@x.test");
            send(node, "shop", "", "shop@x.test");
            send(node, "bank", "", "bank@x.test");

            await("delivered", "bank@x.test");

            assertThat(await("bounced", "shop@x.test")).isNotEmpty();
            assertThat(taken).containsExactly("bank@x.test");
        }
    }

    /// bounce_campaign.
    @Test
    void bounceOfACampaign_returnsWhatComesNext_andNoOthers() throws Exception {
        String scope = "scope = [\"tenant\", \"campaign\", \"provider\"]";
        try (var node = start("{ action = \"bounce-all\", " + scope + " }")) {
            send(node, "shop", "spring", "slow@x.test");
            await("bounced", "slow@x.test");
            send(node, "shop", "spring", "spring@x.test");
            send(node, "shop", "autumn", "autumn@x.test");

            await("delivered", "autumn@x.test");

            assertThat(await("bounced", "spring@x.test")).isNotEmpty();
            assertThat(taken).containsExactly("autumn@x.test");
        }
    }

    /// maildir_batch_452_a: four recipients are taken at a time, and one mailbox is full.
    @Test
    void tooManyRecipients_goAtOnce_butAFullMailboxWaits() throws Exception {
        try (var node = start("{ action = \"ignore\" }")) {
            send(
                    node,
                    "",
                    "",
                    "1@y.test",
                    "full@y.test",
                    "2@y.test",
                    "3@y.test",
                    "4@y.test",
                    "5@y.test");

            await("delivered", "5@y.test");

            assertThat(taken)
                    .containsExactlyInAnyOrder(
                            "1@y.test", "2@y.test", "3@y.test", "4@y.test", "5@y.test");
            assertThat(await("deferred", "full@y.test")).contains("4.2.2");
        }
    }

    /// maildir_batch_452_pathological: a host that says so to every recipient is not asked for
    /// ever.
    @Test
    void tooManyRecipientsOfAll_waits() throws Exception {
        try (var node = start("{ action = \"ignore\" }")) {
            send(node, "", "", "many1@y.test", "many2@y.test");
            await("deferred", "many1@y.test");
            send(node, "", "", "after@y.test");
            await("delivered", "after@y.test");

            assertThat(events("deferred", "many1@y.test")).hasSizeLessThan(4);
            assertThat(taken).containsExactly("after@y.test");
        }
    }

    private Node start(String action) throws IOException {
        Path providers = Files.createDirectories(folder.resolve("providers"));
        Files.writeString(providers.resolve("prov.toml"), rule(action));
        Path file = folder.resolve("whimbrel.toml");
        Files.writeString(
                file,
                """
                [node]
                name = "mx1.example.com"
                data = "%s"
                [[listen]]
                address = "127.0.0.1:0"
                relay-from = ["127.0.0.0/8"]
                tenant-header = "X-Tenant"
                campaign-header = "X-Campaign"
                [dns]
                servers = ["%s"]
                [delivery]
                port = %d
                allow-private = ["127.0.0.0/8"]
                [shaping]
                providers = "%s"
                [spool]
                segment = "1MiB"
                reserve = "1MiB"
                [[tenant]]
                name = "shop"
                [[tenant]]
                name = "bank"
                """
                        .formatted(
                                folder.resolve("d"),
                                AddressText.render(dns.settings().servers().getFirst()),
                                host.getLocalPort(),
                                providers));
        return switch (ConfigFile.read(file)) {
            case ConfigResult.Valid(var config, _) -> Node.start(file, config);
            case ConfigResult.Invalid(var errors, _) -> throw new IOException(errors.toString());
        };
    }

    private void send(Node node, String tenant, String campaign, String... recipients)
            throws IOException {
        int port = ((InetSocketAddress) node.addresses().getFirst()).getPort();
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            BufferedReader in = reader(socket);
            in.readLine();
            var lines = new ArrayList<>(List.of("HELO c.example", "MAIL FROM:<s@example.com>"));
            for (String recipient : recipients) {
                lines.add("RCPT TO:<" + recipient + ">");
            }
            lines.add("DATA");
            String headers =
                    (tenant.isEmpty() ? "" : "X-Tenant: " + tenant + "\r\n")
                            + (campaign.isEmpty() ? "" : "X-Campaign: " + campaign + "\r\n");
            lines.add(headers + "Subject: x\r\n\r\nx\r\n.");
            for (String line : lines) {
                say(socket, line + "\r\n");
                assertThat(in.readLine()).matches("[23].*");
            }
        }
    }

    /// The first event of a kind about a recipient; waits for it.
    private String await(String event, String recipient) throws Exception {
        List<String> found = events(event, recipient);
        while (found.isEmpty()) {
            assertThat(never.await(20, TimeUnit.MILLISECONDS)).isFalse();
            found = events(event, recipient);
        }
        return found.getFirst();
    }

    private List<String> events(String event, String recipient) throws IOException {
        Predicate<String> isIt =
                line -> line.contains("\"" + event + "\"") && line.contains(recipient);
        var lines = new ArrayList<String>();
        new EventReader(folder.resolve("d/events")).all(lines::add);
        return lines.stream().filter(isIt).toList();
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket socket = host.accept();
                open.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException _) {
            // The test is over.
        }
    }

    private void serve(Socket socket) {
        var recipients = new ArrayList<String>();
        try {
            BufferedReader in = reader(socket);
            say(socket, "220 mx.test\r\n");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith("MAIL")) {
                    recipients.clear();
                }
                if (line.equals("DATA") && recipients.isEmpty()) {
                    say(socket, "554 5.5.1 no recipients\r\n");
                } else if (line.equals("DATA")) {
                    say(socket, "354 go\r\n");
                    while (!in.readLine().equals(".")) {
                        // Its text is of no interest.
                    }
                    taken.addAll(recipients);
                    say(socket, "250 2.0.0 taken\r\n");
                } else {
                    say(socket, answer(line, recipients) + "\r\n");
                }
            }
        } catch (IOException _) {
            // The client has gone.
        }
    }

    private static String answer(String line, List<String> recipients) {
        if (!line.startsWith("RCPT")) {
            return "250 ok";
        }
        String recipient = line.substring(line.indexOf('<') + 1, line.indexOf('>'));
        if (recipient.startsWith("slow")) {
            return "450 4.7.1 too much mail";
        }
        if (recipient.startsWith("full")) {
            return "452 4.2.2 the mailbox is full";
        }
        if (recipients.size() == 4 || recipient.startsWith("many")) {
            return "452 4.5.3 too many recipients";
        }
        recipients.add(recipient);
        return "250 ok";
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String rule(String action) {
        return """
        [provider]
        name = "prov"
        title = "A provider"
        [[match]]
        mx = "*.prov.test"
        [[rule]]
        name = "spam"
        text = 'too much mail'
        then = %s
        lasts = "10m"
        test = "450 4.7.1 too much mail"

        """
                .formatted(action);
    }
}
