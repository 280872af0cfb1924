package io.whimbrel.bench;

import io.whimbrel.bench.TlsClient.Words;
import io.whimbrel.time.SteadyClock;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.tls.TlsProvider;
import io.whimbrel.tls.TlsStream;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

import javax.net.ssl.SSLSocket;

/// What does TLS cost the server, by JSSE and by Conscrypt, in turns in one process?
///
/// One platform thread is the server, so that its CPU time can be told from that of the client,
/// which is always Conscrypt's. A first pass warms up; then the best of the rounds of each row
/// counts, for what disturbs only adds. Usage: `TlsCost FOLDER`, where the PEM files `ec` and `rsa`
/// are, or `TlsCost FOLDER idle PROVIDER`, for which see [TlsIdle].
public final class TlsCost {
    private static final int WARM_UP_ROUNDS = 3;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofMillis(300);
    private static final int BLOCK = 16 << 10;
    private static final int BULK_BYTES = 48 << 20;
    private static final String HYBRID = "X25519MLKEM768";
    private static final String CLASSIC = "X25519";
    private static final String P_256 = "P-256";

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
            var provider = TlsProvider.valueOf(arguments[2]);
            new TlsIdle(folder, provider).serve(load(folder, "ec", provider));
        } else {
            TlsIdle.hold(Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
        }
    }

    private static ServerTls load(Path folder, String key, TlsProvider provider)
            throws IOException {
        var files =
                new CertificateFiles(folder.resolve(key + ".crt"), folder.resolve(key + ".key"));
        return ServerTls.load(ServerTlsSettings.of(files), provider, new SteadyClock());
    }

    private void run() throws IOException, InterruptedException, ExecutionException {
        rows(WARM_UP_ROUNDS, _ -> {});
        IO.println("| core-ms of the server | JSSE | Conscrypt |\n|---|---|---|");
        rows(ROUNDS, IO::println);
    }

    private void rows(int rounds, Consumer<String> report)
            throws IOException, InterruptedException, ExecutionException {
        for (String key : List.of("ec", "rsa")) {
            for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
                var words = new Words(protocol, Optional.empty(), CLASSIC, P_256);
                String what = "full handshake, " + key + ", " + protocol;
                report.accept(row(what, it -> handshakes(it, words, false), key, rounds));
            }
        }
        var hybrid = new Words("TLSv1.3", Optional.empty(), HYBRID, CLASSIC, P_256);
        String offers = "full handshake, ec, TLSv1.3, the client offers " + HYBRID + " too";
        report.accept(row(offers, it -> handshakes(it, hybrid, false), "ec", rounds));
        for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
            var words = new Words(protocol, Optional.empty(), CLASSIC, P_256);
            String what = "resumed handshake, " + protocol;
            report.accept(row(what, it -> handshakes(it, words, true), "ec", rounds));
        }
        for (String cipher :
                List.of("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")) {
            var suite = Optional.of("TLS_ECDHE_ECDSA_WITH_" + cipher);
            var words = new Words("TLSv1.2", suite, CLASSIC, P_256);
            String mib = " a MiB, " + cipher;
            report.accept(row("receive" + mib, it -> bulk(it, words, false), "ec", rounds));
            report.accept(row("send" + mib, it -> bulk(it, words, true), "ec", rounds));
        }
    }

    private interface Measure {
        double coreMillis(ServerTls server)
                throws IOException, InterruptedException, ExecutionException;
    }

    private String row(String what, Measure measure, String key, int rounds)
            throws IOException, InterruptedException, ExecutionException {
        double jsse = Double.MAX_VALUE;
        double conscrypt = Double.MAX_VALUE;
        for (int round = 0; round < rounds; round++) {
            jsse = Math.min(jsse, measure.coreMillis(load(folder, key, TlsProvider.JSSE)));
            ServerTls other = load(folder, key, TlsProvider.CONSCRYPT);
            conscrypt = Math.min(conscrypt, measure.coreMillis(other));
        }
        return "| %s | %.3f | %.3f |".formatted(what, jsse, conscrypt);
    }

    /// Handshakes for the length of a round; each ends with a byte each way, so that tickets
    /// arrive.
    private double handshakes(ServerTls server, Words words, boolean isResuming)
            throws IOException, InterruptedException, ExecutionException {
        long end = clock.nanos() + ROUND.toNanos();
        try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var served = new FutureTask<>(() -> serveHandshakes(server, listener));
            Thread.ofPlatform().start(served);
            var client = new TlsClient();
            do {
                oneSession(client, listener.getLocalPort(), words, 1);
                client = isResuming ? client : new TlsClient();
            } while (clock.nanos() < end);
            oneSession(client, listener.getLocalPort(), words, 0);
            return served.get();
        }
    }

    private static void oneSession(TlsClient client, int port, Words words, int last)
            throws IOException {
        try (SSLSocket socket = client.connect(port, words)) {
            socket.getInputStream().read();
            socket.getOutputStream().write(last);
            socket.getInputStream().read();
        }
    }

    private static double serveHandshakes(ServerTls server, ServerSocket listener)
            throws IOException {
        int count = 0;
        int said = 1;
        long cpu = 0;
        while (said > 0) {
            try (Socket plain = listener.accept()) {
                plain.setTcpNoDelay(true);
                long before = cpuNanos();
                TlsStream tls = server.handshake(plain.getInputStream(), plain.getOutputStream());
                tls.output().write(1);
                said = tls.input().read();
                tls.endOutput();
                tls.release();
                // The first is no resumption.
                cpu += count++ > 0 ? cpuNanos() - before : 0;
            }
        }
        return cpu / 1e6 / (count - 1);
    }

    private static double bulk(ServerTls server, Words words, boolean isSending)
            throws IOException, InterruptedException, ExecutionException {
        try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var served = new FutureTask<>(() -> serveBulk(server, listener, isSending));
            Thread.ofPlatform().start(served);
            try (SSLSocket socket = new TlsClient().connect(listener.getLocalPort(), words)) {
                if (isSending) {
                    drain(socket.getInputStream());
                } else {
                    fill(socket.getOutputStream());
                }
            }
            return served.get();
        }
    }

    private static double serveBulk(ServerTls server, ServerSocket listener, boolean isSending)
            throws IOException {
        try (Socket plain = listener.accept()) {
            TlsStream tls = server.handshake(plain.getInputStream(), plain.getOutputStream());
            long before = cpuNanos();
            if (isSending) {
                fill(tls.output());
            } else {
                drain(tls.input());
            }
            double result = (cpuNanos() - before) / 1e6 / (BULK_BYTES >> 20);
            tls.endOutput();
            tls.release();
            return result;
        }
    }

    private static void fill(OutputStream out) throws IOException {
        byte[] block = new byte[BLOCK];
        for (int sent = 0; sent < BULK_BYTES; sent += BLOCK) {
            out.write(block);
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
