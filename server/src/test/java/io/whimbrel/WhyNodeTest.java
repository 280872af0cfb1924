package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.cli.CliRun;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;

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
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// A real node whose limit holds mail back, and the commands that tell why.
@Timeout(60)
final class WhyNodeTest {
    @TempDir private Path folder = Path.of("");

    private final LinkedBlockingQueue<String> taken = new LinkedBlockingQueue<>(100);
    private final List<Socket> open = new ArrayList<>();
    private ServerSocket nextHop = new ServerSocket();

    WhyNodeTest() throws IOException {}

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

    private Path file() {
        return folder.resolve("w.toml");
    }

    private Node start() throws IOException {
        Files.writeString(
                file(),
                """
                [node]
                name = "mx1.example.com"
                data = "%s"
                [[listen]]
                address = "127.0.0.1:0"
                relay-from = ["127.0.0.0/8"]
                [[source]]
                name = "t1"
                address = "127.0.0.1"
                [[source]]
                name = "far"
                address = "192.0.2.77"
                [[pool]]
                name = "shop"
                sources = [{ name = "t1", weight = 2 }]
                [[pool]]
                name = "lost"
                sources = [{ name = "far" }]
                [delivery]
                pool = "shop"
                [[route]]
                domain = "*"
                to = "smtp://127.0.0.1:%d"
                [[limit]]
                pool = "shop"
                per = ["source"]
                rate = ["1/h"]
                [spool]
                segment = "1MiB"
                reserve = "1MiB"
                """
                        .formatted(folder.resolve("d"), nextHop.getLocalPort()));
        return switch (ConfigFile.read(file())) {
            case ConfigResult.Valid(var config, _) -> Node.start(file(), config);
            case ConfigResult.Invalid(var errors, _) -> throw new IOException(errors.toString());
        };
    }

    private CliRun run(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-c", file().toString()));
        return CliRun.of(all.toArray(String[]::new));
    }

    /// Until the node has come so far.
    private CliRun awaitRun(Predicate<CliRun> wanted, String... arguments) {
        CliRun run = run(arguments);
        while (!wanted.test(run)) {
            Thread.onSpinWait();
            run = run(arguments);
        }
        return run;
    }

    @Test
    void mailThatALimitHoldsBack_isExplained() throws Exception {
        try (var node = start()) {
            String gone = send(node, "a@example.org");
            assertThat(taken.poll(20, TimeUnit.SECONDS)).isNotNull();
            send(node, "b@example.org");
            String held = send(node, "c@example.org");

            CliRun why =
                    awaitRun(
                            run -> run.out().contains("limit") && run.out().startsWith("2 "),
                            "why",
                            "example.org");
            assertThat(why.out())
                    .contains("2 recipients for example.org wait for the limit 1/h for source t1,")
                    .contains("w.toml:")
                    .containsPattern("the next may go in 59 min \\d+ s; about 2 h for all of them");
            assertThat(why.exit()).isZero();
            assertThat(run("why", held).out()).contains("1 recipient of " + held);
            assertThat(run("why", held, "--json").out()).contains("\"kind\":\"limit\"");

            CliRun past = awaitRun(run -> run.out().contains("delivered"), "why", gone);
            assertThat(past.exit()).isEqualTo(1);
            assertThat(past.err()).contains("not in the queue");
            assertThat(past.out()).contains("a@example.org: delivered at");
            CliRun nothing = run("why", "example.net");
            assertThat(nothing.exit()).isEqualTo(1);
            assertThat(nothing.err()).contains("nothing is queued for example.net");
        }
    }

    @Test
    void shapingVerbs_workAgainstANode_andKnowItsNames() throws Exception {
        try (var node = start()) {
            assertThat(node.addresses()).hasSize(1);
            assertThat(run("shaping", "suspend", "--pool", "shpo", "--for", "1h").err())
                    .contains("no pool is called \"shpo\"; did you mean \"shop\"?");
            assertThat(run("shaping", "suspend", "--pool", "shop", "--for", "1h").exit()).isZero();
            send(node, "a@example.org");
            CliRun why = awaitRun(run -> run.out().contains("suspended"), "why", "example.org");
            assertThat(why.out()).contains("pool shop is suspended by an operator");
            assertThat(run("status").out())
                    .contains("shaping    1 suspend in force")
                    .contains("source far: address 192.0.2.77 is not on this machine")
                    .contains("pool lost: none of its sources can be used");
            assertThat(run("shaping", "actions").out()).contains("pool shop");
            assertThat(run("shaping", "lift", "--all").exit()).isZero();
            assertThat(taken.poll(20, TimeUnit.SECONDS)).isNotNull();

            CliRun explained = run("shaping", "explain", "example.org");
            assertThat(explained.err()).isEmpty();
            assertThat(explained.out())
                    .contains("site      smtp://127.0.0.1:" + nextHop.getLocalPort())
                    .contains("pool      shop")
                    .contains("at most   50 connections at once, over all sources")
                    .containsPattern("t1 +127.0.0.1 +warm +2 +usable")
                    .containsPattern("1/h for source t1, pool shop +1 +1 +\\d+m")
                    .contains("w.toml:");
            assertThat(run("shaping", "explain", "example.org", "--pool", "lost").out())
                    .contains("192.0.2.77 is not on this machine");
            assertThat(run("tls", "report", "example.org").err()).contains("no session with hosts");
        }
    }

    @Test
    void withoutANode_theFileExplains() throws Exception {
        start().close();
        CliRun run = run("shaping", "explain", "gmail.test", "--mx", "gmail-smtp-in.l.google.com");
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .startsWith("by the configuration file")
                .contains("provider  google, known by its MX host gmail-smtp-in.l.google.com")
                .contains("tls       encrypt")
                .contains("providers/google.toml:")
                .contains(" rules on replies: ");
        assertThat(run("shaping", "explain", "gmail.test", "--source", "t9").err())
                .contains("no source is called \"t9\"");
        assertThat(run("why", "example.org").err()).contains("no server is running");
    }

    /// @return the queue id of the answer
    private static String send(Node node, String recipient) throws IOException {
        int port = ((InetSocketAddress) node.addresses().getFirst()).getPort();
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
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
            say(socket, "Subject: hello\r\n\r\nhello\r\n.\r\n");
            return in.readLine().substring("250 2.0.0 queued as ".length());
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
            say(socket, "220 next.example\r\n");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.equals("DATA")) {
                    say(socket, "354 go\r\n");
                    while (!".".equals(line)) {
                        line = in.readLine();
                    }
                    taken.add("taken");
                    say(socket, "250 2.0.0 taken\r\n");
                } else {
                    say(socket, "250 ok\r\n");
                }
            }
        } catch (IOException _) {
            // The client has gone.
        }
    }
}
