package io.whimbrel.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.whimbrel.time.SteadyClock;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.ServerTlsSettings;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// A host that takes all mail over TLS and counts it: what smtp-sink is without TLS, which it
/// cannot speak.
///
/// Usage: `TlsSink PORT CERTIFICATE KEY FOLDER KEPT`. It prints `sess=N mesg=N` as the counts go
/// up, about fifty times a second, and writes the first `KEPT` messages to `FOLDER`, as they came.
/// A platform thread serves each connection, for those are few and live long. No mail is taken
/// before STARTTLS.
public final class TlsSink {
    private static final int BACKLOG = 1_000;
    private static final int REPORT_MILLIS = 20;
    private static final String END = ".\r\n";

    private final ServerTls tls;
    private final Path folder;
    private final int keptMax;
    private final AtomicLong sessions = new AtomicLong();
    private final AtomicLong messages = new AtomicLong();

    private TlsSink(ServerTls tls, Path folder, int keptMax) {
        this.tls = tls;
        this.folder = folder;
        this.keptMax = keptMax;
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        var files = new CertificateFiles(Path.of(arguments[1]), Path.of(arguments[2]));
        var tls = ServerTls.load(ServerTlsSettings.of(files), new SteadyClock());
        var sink = new TlsSink(tls, Path.of(arguments[3]), Integer.parseInt(arguments[4]));
        try (var listener = new ServerSocket(port, BACKLOG, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().name("report").start(sink::report);
            while (true) {
                Socket plain = listener.accept();
                Thread.ofPlatform().daemon().start(() -> sink.serve(plain));
            }
        }
    }

    private void serve(Socket plain) {
        try (plain) {
            plain.setTcpNoDelay(true);
            new TlsSinkSession(tls, plain, this::keep).run();
        } catch (IOException _) {
            // The client went away, which its own log tells.
        }
    }

    /// @param isFirst of its session
    /// @return whether the bytes of the next message are wanted
    private boolean keep(byte[] message, boolean isFirst) throws IOException {
        long number = messages.incrementAndGet();
        if (isFirst) {
            sessions.incrementAndGet();
        }
        if (number <= keptMax && message.length > 0) {
            Files.write(folder.resolve("message-" + number), undotted(message));
        }
        return number < keptMax;
    }

    /// Without what SMTP adds (RFC 5321 §4.5.2).
    private static byte[] undotted(byte[] data) {
        var text = new String(data, 0, data.length - END.length(), ISO_8859_1);
        return ("\r\n" + text).replace("\r\n..", "\r\n.").substring(2).getBytes(ISO_8859_1);
    }

    private void report() {
        var never = new CountDownLatch(1);
        long last = -1;
        try {
            while (!never.await(REPORT_MILLIS, TimeUnit.MILLISECONDS)) {
                long now = messages.get();
                if (now != last) {
                    IO.println("sess=" + sessions.get() + " mesg=" + now);
                    last = now;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
