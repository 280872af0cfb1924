package io.whimbrel.bench;

import io.whimbrel.bench.TlsClient.Words;
import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.TlsProvider;
import io.whimbrel.tls.TlsStream;

import jdk.jfr.consumer.RecordingStream;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLSocket;

/// What does an idle TLS connection take of the server's memory, and does its provider pin the
/// carriers of virtual threads? The clients are another process.
final class TlsIdle {
    private static final int COUNT = 1_000;
    private static final Words WORDS = new Words("TLSv1.3", Optional.empty(), "X25519", "P-256");

    private final Path folder;
    private final TlsProvider provider;
    private final CountDownLatch idle = new CountDownLatch(COUNT);
    private final List<Socket> sockets = new ArrayList<>();

    TlsIdle(Path folder, TlsProvider provider) {
        this.folder = folder;
        this.provider = provider;
    }

    void serve(ServerTls server) throws IOException, InterruptedException {
        var pinned = new AtomicInteger();
        try (var jfr = new RecordingStream();
                var listener = new ServerSocket(0, COUNT, InetAddress.getLoopbackAddress())) {
            jfr.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO).withStackTrace();
            jfr.onEvent(
                    "jdk.VirtualThreadPinned",
                    event -> {
                        if (pinned.getAndIncrement() == 0) {
                            IO.println("pinned: " + event);
                        }
                    });
            jfr.startAsync();
            Process first = clients(listener.getLocalPort(), 1);
            accept(server, listener, 1);
            first.waitFor();
            long heap = heapUsed();
            long resident = residentBytes();
            Process clients = clients(listener.getLocalPort(), COUNT - 1);
            accept(server, listener, COUNT - 1);
            idle.await();
            IO.println(
                    "%s: %.1f KiB of heap, %.1f KiB resident per idle connection, %d pinned"
                            .formatted(
                                    provider,
                                    (heapUsed() - heap) / 1024.0 / (COUNT - 1),
                                    (residentBytes() - resident) / 1024.0 / (COUNT - 1),
                                    pinned.get()));
            clients.destroy();
            jfr.stop();
        }
        IO.println(provider + ": pinned in all " + pinned.get());
    }

    private Process clients(int port, int count) throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TlsCost.class.getName(),
                        folder.toString(),
                        "hold",
                        "" + port,
                        "" + count)
                .inheritIO()
                .start();
    }

    private void accept(ServerTls server, ServerSocket listener, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            Socket plain = listener.accept();
            plain.setTcpNoDelay(true);
            sockets.add(plain);
            Thread.ofVirtual().start(() -> session(server, plain));
        }
    }

    private void session(ServerTls server, Socket plain) {
        try (plain) {
            TlsStream tls = server.handshake(plain.getInputStream(), plain.getOutputStream());
            tls.output().write('2');
            tls.input().read();
            idle.countDown();
            tls.input().read();
            tls.release();
        } catch (IOException _) {
            // The client is stopped.
        }
    }

    /// Opens connections and holds them until the server goes away; a single one is closed at once.
    static void hold(int port, int count) throws IOException {
        var client = new TlsClient();
        var held = new ArrayList<SSLSocket>();
        for (int i = 0; i < count; i++) {
            SSLSocket socket = client.connect(port, WORDS);
            socket.getInputStream().read();
            socket.getOutputStream().write('E');
            held.add(socket);
        }
        if (count > 1) {
            held.getFirst().getInputStream().read();
        }
    }

    private static long heapUsed() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new IOException("no RssAnon in /proc/self/status");
    }
}
