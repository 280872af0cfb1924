package io.whimbrel.tlsrpt;

import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.ClientTls;
import io.whimbrel.transport.WebLine;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import javax.net.ssl.SSLSocket;

/// Posts reports to web servers (RFC 8460 §5.4). Thread-safe; blocks its thread for [#ALL_MOST] at
/// most.
///
/// Certificates are not verified, as RFC 8460 §3 allows: what is wrong with them may be the very
/// thing that is reported. Of the answer its status counts alone; no redirect is followed.
final class ReportPost implements AutoCloseable {
    static final Duration ALL_MOST = Duration.ofSeconds(30);

    /// For what is under way when no more is to come.
    private static final Duration GRACE = Duration.ofSeconds(5);

    /// Of an answer, all before its body.
    private static final int HEAD_BYTES_MAX = 16 * 1024;

    private final Watchdog watchdog = new Watchdog("tls-report-watchdog");
    private final ClientTls tls = new ClientTls();
    private final Set<WebLine> open = ConcurrentHashMap.newKeySet();

    /// Where a host's web server is.
    @FunctionalInterface
    interface Places {
        /// @throws UnknownHostException where nobody knows, or it is not to be connected to
        List<InetSocketAddress> of(String host, int port) throws UnknownHostException;
    }

    /// @param code of HTTP
    record Answer(int code) {
        boolean isTaken() {
            return code >= 200 && code < 300;
        }

        String text() {
            return "HTTP status " + code;
        }
    }

    /// @throws IOException where there is no answer, or not in time
    Answer post(ReportTarget.Web target, byte[] body, Places places) throws IOException {
        try (var line = new WebLine();
                var watch = watchdog.watch(line::close)) {
            watch.arm(ALL_MOST);
            open.add(line);
            try {
                line.connect(places.of(target.host(), target.port()), ALL_MOST);
                return post(target, body, line.socket());
            } finally {
                open.remove(line);
            }
        }
    }

    private Answer post(ReportTarget.Web target, byte[] body, Socket plain) throws IOException {
        try (SSLSocket secure = tls.handshake(plain, target.host(), Optional.empty()).socket()) {
            OutputStream out = secure.getOutputStream();
            out.write(head(target, body.length).getBytes(StandardCharsets.US_ASCII));
            out.write(body);
            out.flush();
            return new Answer(status(new BufferedInputStream(secure.getInputStream())));
        }
    }

    private static String head(ReportTarget.Web target, int length) {
        return "POST "
                + target.path()
                + " HTTP/1.1\r\n"
                + "Host: "
                + target.authority()
                + "\r\n"
                + "User-Agent: whimbrel\r\n"
                + "Content-Type: "
                + PackedReport.TYPE
                + "\r\n"
                + "Content-Length: "
                + length
                + "\r\n"
                + "Connection: close\r\n\r\n";
    }

    /// Of the first answer that is none of 1xx, which only come before the one that counts.
    static int status(InputStream in) throws IOException {
        int left = HEAD_BYTES_MAX;
        while (true) {
            String line = line(in, left);
            left -= line.length() + 1;
            int code = code(line);
            if (code >= 200) {
                return code;
            }
            while (!line.isEmpty()) {
                line = line(in, left);
                left -= line.length() + 1;
            }
        }
    }

    private static int code(String line) throws IOException {
        boolean isStatus = line.startsWith("HTTP/1.") && line.length() >= "HTTP/1.1 200".length();
        int code = 0;
        for (int i = "HTTP/1.1 ".length(); isStatus && i < "HTTP/1.1 200".length(); i++) {
            char c = line.charAt(i);
            isStatus = c >= '0' && c <= '9';
            code = code * 10 + c - '0';
        }
        if (!isStatus || code < 100) {
            throw new IOException("no answer of HTTP");
        }
        return code;
    }

    private static String line(InputStream in, int most) throws IOException {
        var line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0 || line.length() >= most) {
                throw new IOException(
                        b < 0 ? "the answer ends too early" : "header fields without end");
            }
            line.append((char) b);
        }
        int length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
            line.setLength(length - 1);
        }
        return line.toString();
    }

    /// Ends what is not done soon; for when no more is begun.
    void end() {
        watchdog.watch(() -> open.forEach(WebLine::close)).arm(GRACE);
    }

    @Override
    public void close() {
        watchdog.close();
    }
}
