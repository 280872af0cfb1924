package io.whimbrel.bench;

import io.whimbrel.bench.TlsSide.TlsWords;
import io.whimbrel.time.SteadyClock;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

import javax.net.ssl.SSLSocket;

/// What does TLS cost the server, by JSSE and by Conscrypt, in turns in one process?
///
/// One platform thread is the server, so that its CPU time can be told from that of the client,
/// which is always Conscrypt's. Of the rounds of each row the best counts: what disturbs only adds.
/// Usage: `TlsCost FOLDER`, where `ec.p12` and `rsa.p12` are, or `TlsCost FOLDER idle PROVIDER` and
/// `TlsCost FOLDER hold PORT COUNT`, for which see [TlsIdle].
public final class TlsCost {
    static final List<String> PROVIDERS = List.of("JSSE", "Conscrypt");

    private static final int ROUNDS = 4;
    private static final Duration ROUND = Duration.ofMillis(350);
    private static final int BLOCK = 16 << 10;
    private static final int BULK_BYTES = 48 << 20;
    private static final List<String> SUITES =
            List.of(
                    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");

    private final Path folder;
    private final SteadyClock clock = new SteadyClock();

    private TlsCost(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws Exception {
        var folder = Path.of(arguments[0]);
        if (arguments.length == 1) {
            new TlsCost(folder).run();
        } else if (arguments[1].equals("idle")) {
            new TlsIdle(folder).serve(arguments[2]);
        } else {
            TlsIdle.hold(Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
        }
    }

    private void run() throws IOException, InterruptedException, ExecutionException {
        rows(1, _ -> {});
        IO.println("| what the server does | JSSE | Conscrypt |\n|---|---|---|");
        rows(ROUNDS, IO::println);
    }

    private void rows(int rounds, Consumer<String> report)
            throws IOException, InterruptedException, ExecutionException {
        for (String key : List.of("ec", "rsa")) {
            for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
                String what = "full handshake, " + key + ", " + protocol + ", core-ms";
                Measure measure = server -> handshakes(server, protocol, false);
                report.accept(row(what, measure, key, rounds));
            }
        }
        for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
            String what = "resumed handshake, " + protocol + ", core-ms";
            Measure measure = server -> handshakes(server, protocol, true);
            report.accept(row(what, measure, "ec", rounds));
        }
        for (String suite : SUITES) {
            String what = suite + ", core-ms per MiB";
            Measure receive = server -> bulk(server, suite, false);
            Measure send = server -> bulk(server, suite, true);
            report.accept(row("receive " + what, receive, "ec", rounds));
            report.accept(row("send " + what, send, "ec", rounds));
        }
    }

    private interface Measure {
        double coreMillis(TlsSide server)
                throws IOException, InterruptedException, ExecutionException;
    }

    private String row(String what, Measure measure, String key, int rounds)
            throws IOException, InterruptedException, ExecutionException {
        double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < best.length; i++) {
                var server = TlsSide.of(PROVIDERS.get(i), List.of(folder.resolve(key + ".p12")));
                best[i] = Math.min(best[i], measure.coreMillis(server));
            }
        }
        return "| %s | %.3f | %.3f |".formatted(what, best[0], best[1]);
    }

    /// Handshakes for the length of a round; each ends with a byte each way, so that tickets
    /// arrive.
    private double handshakes(TlsSide server, String protocol, boolean isResuming)
            throws IOException, InterruptedException, ExecutionException {
        var words = new TlsWords(protocol, "");
        long end = clock.nanos() + ROUND.toNanos();
        try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var served = new FutureTask<>(() -> serveHandshakes(server, listener, words));
            Thread.ofPlatform().start(served);
            TlsSide client = TlsSide.of("Conscrypt", List.of());
            do {
                oneSession(client, listener.getLocalPort(), words, 1);
                client = isResuming ? client : TlsSide.of("Conscrypt", List.of());
            } while (clock.nanos() < end);
            oneSession(client, listener.getLocalPort(), words, 0);
            return served.get();
        }
    }

    private static void oneSession(TlsSide client, int port, TlsWords words, int last)
            throws IOException {
        var plain = new Socket(InetAddress.getLoopbackAddress(), port);
        plain.setTcpNoDelay(true);
        try (SSLSocket socket = client.handshake(plain, true, words)) {
            socket.getInputStream().read();
            socket.getOutputStream().write(last);
            socket.getInputStream().read();
        }
    }

    private static double serveHandshakes(TlsSide server, ServerSocket listener, TlsWords words)
            throws IOException {
        int count = 0;
        int said = 1;
        long cpu = 0;
        while (said > 0) {
            Socket plain = listener.accept();
            plain.setTcpNoDelay(true);
            long before = cpuNanos();
            try (SSLSocket socket = server.handshake(plain, false, words)) {
                socket.getOutputStream().write(1);
                said = socket.getInputStream().read();
            }
            // The first is no resumption, and warms up.
            cpu += count++ > 0 ? cpuNanos() - before : 0;
        }
        return cpu / 1e6 / (count - 1);
    }

    private static double bulk(TlsSide server, String suite, boolean isSending)
            throws IOException, InterruptedException, ExecutionException {
        var words = new TlsWords("TLSv1.2", suite);
        try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var served = new FutureTask<>(() -> serveBulk(server, listener, words, isSending));
            Thread.ofPlatform().start(served);
            TlsSide client = TlsSide.of("Conscrypt", List.of());
            var plain = new Socket(InetAddress.getLoopbackAddress(), listener.getLocalPort());
            try (SSLSocket socket = client.handshake(plain, true, words)) {
                if (isSending) {
                    drain(socket.getInputStream());
                } else {
                    fill(socket);
                }
            }
            return served.get();
        }
    }

    private static double serveBulk(
            TlsSide server, ServerSocket listener, TlsWords words, boolean isSending)
            throws IOException {
        try (SSLSocket socket = server.handshake(listener.accept(), false, words)) {
            long before = cpuNanos();
            if (isSending) {
                fill(socket);
            } else {
                drain(socket.getInputStream());
            }
            return (cpuNanos() - before) / 1e6 / (BULK_BYTES >> 20);
        }
    }

    private static void fill(Socket socket) throws IOException {
        byte[] block = new byte[BLOCK];
        for (int sent = 0; sent < BULK_BYTES; sent += BLOCK) {
            socket.getOutputStream().write(block);
        }
    }

    private static void drain(InputStream in) throws IOException {
        byte[] block = new byte[BLOCK];
        int total = 0;
        while (total < BULK_BYTES) {
            int count = in.read(block);
            if (count < 0) {
                throw new IOException("cut off");
            }
            total += count;
        }
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
