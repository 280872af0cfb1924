package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.socket.Link;
import io.whimbrel.socket.TimedSocket;
import io.whimbrel.tls.OpenSsl;
import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.tls.TlsClients;
import io.whimbrel.tls.TlsProvider;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLSocket;

/// Deadlines and ends of a socket, in plain text and TLS. The clock stands still unless moved.
class TimedSocketTest {
    private final ManualClock clock = new ManualClock();
    @TempDir private Path folder;
    private Socket client;
    private TimedSocket server;

    @BeforeEach
    void connect() throws IOException {
        try (var listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            client = new Socket(listener.getInetAddress(), listener.getLocalPort());
            server =
                    new TimedSocket(
                            new Link.Tcp(listener.accept()),
                            SessionLimits.DEFAULT.commandTimeout(),
                            SessionLimits.DEFAULT.sessionMost(),
                            clock);
        }
        client.setSoTimeout(20_000);
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        server.close();
    }

    @ParameterizedTest
    @EnumSource
    void tls_carriesBothDirections_andEndsWithAGoodbye(TlsProvider provider) throws Exception {
        ServerTls tls = tls(provider);
        FutureTask<String> served =
                start(() -> {
                    assertThat(server.startTls(tls).protocol()).isEqualTo("TLSv1.3");
                    say("220 hello");
                    String command = new String(server.readNBytes(6), StandardCharsets.UTF_8);
                    say("221 bye");
                    server.close();
                    return command;
                });
        SSLSocket secure = TlsClients.over(client);
        assertThat(readLine(secure)).isEqualTo("220 hello");
        secure.getOutputStream().write("QUIT\r\n".getBytes(StandardCharsets.UTF_8));
        assertThat(readLine(secure)).isEqualTo("221 bye");
        // Without close_notify this would be an exception.
        assertThat(secure.getInputStream().read()).isEqualTo(-1);
        assertThat(served.get()).isEqualTo("QUIT\r\n");
    }

    @ParameterizedTest
    @EnumSource
    void readThatWaitsTooLong_endsLikeTheStream_andTheLastReplyArrives(TlsProvider provider)
            throws Exception {
        ServerTls tls = tls(provider);
        FutureTask<Integer> served =
                start(() -> {
                    server.startTls(tls);
                    say("220 hello");
                    int read = server.read();
                    say("421 too slow");
                    server.linger(1_000, Duration.ofSeconds(5));
                    server.close();
                    return read;
                });
        SSLSocket secure = TlsClients.over(client);
        assertThat(readLine(secure)).isEqualTo("220 hello");
        FutureTask<String> reply = start(() -> readLine(secure));
        endWhenOverdue(reply, SessionLimits.DEFAULT.commandTimeout());
        assertThat(reply.get()).isEqualTo("421 too slow");
        assertThat(secure.getInputStream().read()).isEqualTo(-1);
        secure.close();
        assertThat(served.get()).isEqualTo(-1);
        assertThat(server.isOverdue()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void handshakeThatStalls_isBrokenOffAfterTheCommandTimeout(TlsProvider provider)
            throws Exception {
        ServerTls tls = tls(provider);
        FutureTask<Object> served = start(() -> server.startTls(tls));
        // The beginning of a record of a handshake, and never the rest.
        client.getOutputStream().write(new byte[] {22, 3, 1, 1, 0, 1, 0});
        server.endOverdue(clock.millis());
        assertThat(served.isDone()).isFalse();
        endWhenOverdue(served, SessionLimits.DEFAULT.commandTimeout());
        assertThatThrownBy(served::get).hasCauseInstanceOf(IOException.class);
        assertThat(client.getInputStream().read()).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource
    void stopReading_endsAReadOverTls(TlsProvider provider) throws Exception {
        ServerTls tls = tls(provider);
        FutureTask<Integer> served =
                start(() -> {
                    server.startTls(tls);
                    say("220 hello");
                    int read = server.read();
                    say("421 stopping");
                    server.close();
                    return read;
                });
        SSLSocket secure = TlsClients.over(client);
        assertThat(readLine(secure)).isEqualTo("220 hello");
        server.stopReading();
        assertThat(readLine(secure)).isEqualTo("421 stopping");
        assertThat(served.get()).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource
    void closeByAnotherThread_breaksOffAReadOverTls(TlsProvider provider) throws Exception {
        ServerTls tls = tls(provider);
        FutureTask<Integer> served =
                start(() -> {
                    try {
                        server.startTls(tls);
                        say("220 hello");
                        return server.read();
                    } finally {
                        server.close();
                    }
                });
        SSLSocket secure = TlsClients.over(client);
        assertThat(readLine(secure)).isEqualTo("220 hello");
        server.close();
        assertThatThrownBy(served::get).hasCauseInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @EnumSource
    void clientThatVanishes_isTheEndOfTheStream(TlsProvider provider) throws Exception {
        ServerTls tls = tls(provider);
        FutureTask<Integer> served =
                start(() -> {
                    server.startTls(tls);
                    say("220 hello");
                    return server.read();
                });
        assertThat(readLine(TlsClients.over(client))).isEqualTo("220 hello");
        // The socket below TLS, which says no goodbye.
        client.close();
        assertThat(served.get()).isEqualTo(-1);
    }

    @Test
    void plainRead_thatWaitsTooLong_endsLikeTheStream() throws Exception {
        FutureTask<Integer> served =
                start(() -> {
                    int read = server.read();
                    say("421 too slow");
                    return read;
                });
        endWhenOverdue(served, SessionLimits.DEFAULT.commandTimeout());
        assertThat(served.get()).isEqualTo(-1);
        assertThat(readLine(client)).isEqualTo("421 too slow");
    }

    private ServerTls tls(TlsProvider provider) throws IOException {
        var files = new OpenSsl(folder).certificate("ec", "ec");
        return ServerTls.load(ServerTlsSettings.of(files), provider, clock);
    }

    private void say(String line) throws IOException {
        byte[] bytes = (line + "\r\n").getBytes(StandardCharsets.UTF_8);
        server.write(bytes, 0, bytes.length);
    }

    /// Looks for what is overdue, later and later, as the listener does each second.
    private void endWhenOverdue(FutureTask<?> task, Duration timeout)
            throws InterruptedException, ExecutionException {
        for (int i = 0; i < 2_000 && !task.isDone() && !server.isOverdue(); i++) {
            server.endOverdue(clock.millis() + timeout.toMillis());
            try {
                task.get(10, TimeUnit.MILLISECONDS);
            } catch (TimeoutException _) {
                // It has not begun to wait yet.
            } catch (ExecutionException _) {
                // What it is to fail with is for the caller.
            }
        }
    }

    private static <T> FutureTask<T> start(Callable<T> work) {
        var task = new FutureTask<>(work);
        Thread.ofVirtual().start(task);
        return task;
    }

    private static String readLine(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        var line = new StringBuilder();
        int b = in.read();
        while (b >= 0 && b != '\n') {
            line.append((char) b);
            b = in.read();
        }
        return line.toString().strip();
    }
}
