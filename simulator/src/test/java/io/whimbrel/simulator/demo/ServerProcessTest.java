package io.whimbrel.simulator.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Shell scripts take the place of the server.
@Timeout(60)
class ServerProcessTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir private Path folder;

    private ServerProcess start(String script, Duration stopWithin) throws IOException {
        return ServerProcess.start(
                List.of("sh", "-c", script), folder.resolve("server.log"), stopWithin);
    }

    @Test
    void server_isReadyWhenItSaysSo() throws IOException, InterruptedException {
        var server = start("echo starting; echo ready; exec sleep 60", LONG);
        server.awaitReady(LONG);
        assertThat(server.isAlive()).isTrue();
        server.close();
        assertThat(server.isAlive()).isFalse();
        assertThat(server.awaitEnd()).isEqualTo(128 + 15);
    }

    @Test
    void serverThatFails_isToldWithItsLastWords() throws IOException {
        try (var server = start("seq 1 100 >&2; echo no such key >&2; exit 1", LONG)) {
            assertThatThrownBy(() -> server.awaitReady(LONG))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("did not start")
                    .hasMessageContaining("no such key")
                    .hasMessageContaining("  100")
                    .hasMessageNotContaining("  50\n");
        }
    }

    @Test
    void serverThatIsNeverReady_isNotAwaitedForEver() throws IOException {
        try (var server = start("exec sleep 60", LONG)) {
            assertThatThrownBy(() -> server.awaitReady(Duration.ofMillis(50)))
                    .hasMessageContaining("not ready after")
                    .hasMessageContaining("it said nothing");
        }
    }

    @Test
    void serverThatIgnoresSigterm_isKilled() throws IOException, InterruptedException {
        var server =
                start(
                        "trap '' TERM; echo ready; while :; do sleep 0.1; done",
                        Duration.ofMillis(200));
        server.awaitReady(LONG);
        server.close();
        assertThat(server.isAlive()).isFalse();
        assertThat(server.awaitEnd()).isEqualTo(128 + 9);
    }

    @Test
    void queue_isAskedOverTheAdminSocket() throws IOException, InterruptedException {
        assertThat(answered("{\"recipients\":17,\"states\":{}}\n{\"done\":true}\n")).isEqualTo(17);
        assertThatThrownBy(() -> answered("{\"error\":\"too busy\"}\n"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too busy");
        assertThatThrownBy(() -> answered("")).hasMessageContaining("no number");
        assertThatThrownBy(() -> ServerQueue.recipients(folder)).isInstanceOf(IOException.class);
    }

    private long answered(String answer) throws IOException, InterruptedException {
        Path socket = folder.resolve("admin.sock");
        Files.deleteIfExists(socket);
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread server =
                    Thread.ofVirtual()
                            .start(() -> {
                                try (var client = listener.accept()) {
                                    client.read(ByteBuffer.allocate(100));
                                    client.write(
                                            ByteBuffer.wrap(
                                                    answer.getBytes(StandardCharsets.UTF_8)));
                                } catch (IOException _) {
                                    // The client sees it.
                                }
                            });
            long recipients = ServerQueue.recipients(folder);
            server.join();
            return recipients;
        } finally {
            Files.delete(socket);
        }
    }

    @Test
    void config_hasAListenerForEachTenant() {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        var shop = new InetSocketAddress(loopback, 4001);
        var news = new InetSocketAddress(loopback, 4002);
        var dns = new InetSocketAddress(loopback, 4003);
        var listeners = Map.of(Tenant.SHOP, shop, Tenant.NEWS, news);
        assertThat(new NodeConfig(Path.of("/tmp/a \"b\""), listeners, dns, 4004).toml())
                .isEqualTo(
                        """
                        # Written by "whimbrel demo".
                        [node]
                        name = "mx.demo.example"
                        data = "/tmp/a \\"b\\""
                        drain = "5s"

                        [[listen]]
                        address = "127.0.0.1:4001"
                        relay-from = ["127.0.0.0/8"]
                        tenant = "shop"
                        class = "transactional"
                        dsn = "never"         # this sender reads the event log

                        [[listen]]
                        address = "127.0.0.1:4002"
                        relay-from = ["127.0.0.0/8"]
                        tenant = "news"
                        class = "bulk"
                        campaign-header = "X-Campaign"
                        dsn = "never"         # this sender reads the event log

                        [dns]
                        servers = ["127.0.0.1:4003"]

                        [delivery]
                        port = 4004
                        allow-private = ["127.0.0.0/8", "::1/128"]   # where the simulated \
                        internet lives

                        [[provider]]          # its hosts are nobody's: what they answer \
                        shapes nothing
                        name = "default"
                        limits = false
                        rules = false

                        [retry]               # 1 s, then 1.5 times longer each, 3 s at most; \
                        without this table 5 minutes to 4 hours
                        first = "1s"
                        factor = 1.5
                        most = "3s"
                        """);
    }
}
