package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
final class AdminSocketTest {
    private static final AdminHandler ECHO =
            (request, answer) -> {
                answer.line(Json.object().put("verb", Json.text(request, "verb")));
                return Optional.empty();
            };

    @TempDir private Path data;
    private final Metrics metrics = new Metrics();

    @Test
    void socket_isForItsOwnerOnly() throws IOException {
        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            assertThat(socket.path()).isEqualTo(data.resolve("admin.sock"));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.path())))
                    .isEqualTo("rw-------");
            assertThat(data.resolve(".admin")).doesNotExist();
        }
    }

    @Test
    void request_isAnsweredByLinesAndDone() throws IOException {
        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            assertThat(RawClient.ask(socket.path(), "{\"verb\":\"status\"}\n"))
                    .isEqualTo("{\"verb\":\"status\"}\n{\"done\":true}\n");
        }
    }

    @Test
    void close_removesTheSocket() throws IOException {
        var socket = AdminSocket.open(data, ECHO, metrics);
        socket.close();

        assertThat(socket.path()).doesNotExist();
    }

    @Test
    void close_leavesTheSocketOfAnother() throws IOException {
        var first = AdminSocket.open(data, ECHO, metrics);
        Files.delete(first.path());
        try (var second = AdminSocket.open(data, ECHO, metrics)) {
            first.close();

            assertThat(RawClient.ask(second.path(), "{\"verb\":\"x\"}\n")).contains("done");
        }
    }

    @Test
    void socketOfDeadProcess_isReplaced() throws IOException {
        Path path = data.resolve("admin.sock");
        try (var dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
        }
        Files.createDirectory(data.resolve(".admin"));
        assertThat(path).exists();

        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            assertThat(RawClient.ask(socket.path(), "{\"verb\":\"x\"}\n")).contains("done");
        }
    }

    @Test
    void socketOfLiveProcess_isAnError() throws IOException {
        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            assertThatThrownBy(() -> AdminSocket.open(data, ECHO, metrics))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("served by another process")
                    .hasMessageContaining(socket.path().toString());
        }
    }

    @Test
    void longPath_isAnErrorThatNamesTheKey() {
        Path deep = data.resolve("d".repeat(100));

        assertThatThrownBy(() -> AdminSocket.open(deep, ECHO, metrics))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("node.data")
                .hasMessageContaining("at most 107");
    }

    @Test
    void garbage_isRefused() throws IOException {
        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            for (String request : new String[] {"GET / HTTP/1.1\r\n", "[]\n", "\n", "{\"a\":\n"}) {
                assertThat(RawClient.ask(socket.path(), request))
                        .as(request)
                        .startsWith("{\"error\":\"a request is one JSON object");
            }
        }
    }

    @Test
    void randomBytes_neverReachTheHandlerAndNeverEndTheServer() throws IOException {
        long seed = 7;
        var random = new Random(seed);
        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            for (int i = 0; i < 200; i++) {
                var bytes = new byte[random.nextInt(2_000) + 1];
                random.nextBytes(bytes);
                bytes[bytes.length - 1] = '\n';
                try (var client = new RawClient(socket.path())) {
                    client.say(bytes);
                    assertThat(client.rest()).as("seed " + seed + " round " + i).contains("error");
                }
            }
            assertThat(RawClient.ask(socket.path(), "{\"verb\":\"x\"}\n")).contains("done");
        }
        assertThat(metrics.bugs.get()).isZero();
    }

    @Test
    void hugeRequest_isRefused() throws IOException {
        try (var socket = AdminSocket.open(data, ECHO, metrics)) {
            assertThat(RawClient.ask(socket.path(), "x".repeat(65_537)))
                    .isEqualTo("{\"error\":\"a request has at most 65536 bytes\"}\n");
            String largest = "{\"verb\":\"" + "x".repeat(65_536 - 11) + "\"}\n";
            assertThat(RawClient.ask(socket.path(), largest)).endsWith("{\"done\":true}\n");
        }
    }

    @Test
    void slowRequest_isHungUpOn() throws IOException {
        try (var socket = AdminSocket.open(data, ECHO, metrics, Duration.ofMillis(50));
                var client = new RawClient(socket.path())) {
            client.say("{\"verb\":".getBytes(StandardCharsets.UTF_8));

            assertThat(client.rest()).isEmpty();
        }
    }

    @Test
    void bugInHandler_isAnsweredAndCounted() throws IOException {
        AdminHandler broken =
                (_, _) -> {
                    throw new IllegalStateException("secret");
                };
        try (var socket = AdminSocket.open(data, broken, metrics)) {
            assertThat(RawClient.ask(socket.path(), "{\"verb\":\"x\"}\n"))
                    .contains("internal error", "IllegalStateException")
                    .doesNotContain("secret");
        }
        assertThat(metrics.bugs.get()).isEqualTo(1);
    }

    @Test
    void clientThatLeaves_doesNotStopTheWork() throws Exception {
        var mayGoOn = new CountDownLatch(1);
        var isDone = new CountDownLatch(1);
        AdminHandler patient =
                (_, answer) -> {
                    awaitUninterruptibly(mayGoOn);
                    while (!answer.isClientGone()) {
                        answer.progress(1, 2);
                    }
                    answer.progress(2, 2);
                    isDone.countDown();
                    return Optional.empty();
                };
        try (var socket = AdminSocket.open(data, patient, metrics)) {
            try (var client = new RawClient(socket.path())) {
                client.say("{\"verb\":\"x\"}\n".getBytes(StandardCharsets.UTF_8));
            }
            mayGoOn.countDown();
            isDone.await();
        }
        assertThat(metrics.bugs.get()).isZero();
    }

    @Test
    void connectionsBeyondTheLimit_waitAndAreServed() throws Exception {
        var mayGoOn = new CountDownLatch(1);
        var sixteen = new CountDownLatch(16);
        var atOnce = new AtomicInteger();
        var most = new AtomicInteger();
        AdminHandler slow =
                (_, _) -> {
                    most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    sixteen.countDown();
                    awaitUninterruptibly(mayGoOn);
                    atOnce.decrementAndGet();
                    return Optional.empty();
                };
        var clients = new ArrayList<RawClient>();
        try (var socket = AdminSocket.open(data, slow, metrics)) {
            for (int i = 0; i < 20; i++) {
                var client = new RawClient(socket.path());
                client.say("{\"verb\":\"x\"}\n".getBytes(StandardCharsets.UTF_8));
                clients.add(client);
            }
            sixteen.await();
            mayGoOn.countDown();
            for (RawClient client : clients) {
                assertThat(client.rest()).isEqualTo("{\"done\":true}\n");
                client.close();
            }
        }
        assertThat(most.get()).isEqualTo(16);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
