package io.whimbrel.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Base64;

/// One client of [Sessions]: it connects, sends one message of 2 KB and leaves, again and again.
/// Commands are not pipelined. Confined to one thread.
final class SessionClient {
    private static final int MESSAGE_BYTES = 2_048;
    private static final int REPLY_MAX = 4_096;
    private static final int TIMEOUT_MILLIS = 30_000;
    private static final String CREDENTIALS =
            Base64.getEncoder().encodeToString("\0shop\0correct horse".getBytes(ISO_8859_1));
    private static final byte[] MESSAGE = message();

    private final int port;
    private final InetAddress own;
    private final SessionMode mode;
    private final byte[] reply = new byte[REPLY_MAX];
    private TlsClient tls = new TlsClient();

    /// @param own the address to connect from; one for each client, so that ports do not run out
    SessionClient(int port, InetAddress own, SessionMode mode) {
        this.port = port;
        this.own = own;
        this.mode = mode;
    }

    /// One session from connecting to the reply to QUIT.
    ///
    /// @throws IOException where any reply is not the one hoped for
    void session() throws IOException {
        if (mode != SessionMode.RESUMED) {
            tls = mode == SessionMode.PLAIN ? tls : new TlsClient();
        }
        try (var plain = new Socket()) {
            plain.setTcpNoDelay(true);
            plain.setSoTimeout(TIMEOUT_MILLIS);
            plain.bind(new InetSocketAddress(own, 0));
            plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            expect(plain, 220);
            say(plain, "EHLO client.example", 250);
            if (mode == SessionMode.PLAIN) {
                mail(plain);
                return;
            }
            say(plain, "STARTTLS", 220);
            try (Socket secure = tls.over(plain, TlsClient.MODERN)) {
                say(secure, "EHLO client.example", 250);
                if (mode == SessionMode.AUTH) {
                    say(secure, "AUTH PLAIN " + CREDENTIALS, 235);
                }
                mail(secure);
            }
        }
    }

    /// Full handshakes, as against resumed ones, of this client since it was made or began anew.
    int fullHandshakes() {
        return tls.certificatesSeen();
    }

    private void mail(Socket socket) throws IOException {
        say(socket, "MAIL FROM:<s@shop.example>", 250);
        say(socket, "RCPT TO:<r@example.org>", 250);
        say(socket, "DATA", 354);
        socket.getOutputStream().write(MESSAGE);
        expect(socket, 250);
        say(socket, "QUIT", 221);
    }

    private void say(Socket socket, String command, int code) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write((command + "\r\n").getBytes(ISO_8859_1));
        expect(socket, code);
    }

    /// Reads one reply, of one line or several.
    private void expect(Socket socket, int code) throws IOException {
        InputStream in = socket.getInputStream();
        int length = 0;
        do {
            int count = in.read(reply, length, REPLY_MAX - length);
            if (count <= 0) {
                throw new IOException("no reply where " + code + " was hoped for");
            }
            length += count;
        } while (!isWhole(length));
        if (!new String(reply, 0, 3, ISO_8859_1).equals("" + code)) {
            throw new IOException(new String(reply, 0, length, ISO_8859_1).strip());
        }
    }

    private boolean isWhole(int length) {
        if (length < 5 || reply[length - 1] != '\n') {
            return false;
        }
        int lineStart = length - 1;
        while (lineStart > 0 && reply[lineStart - 1] != '\n') {
            lineStart--;
        }
        return length - lineStart > 4 && reply[lineStart + 3] == ' ';
    }

    private static byte[] message() {
        var text =
                new StringBuilder(
                        """
                        From: Shop <s@shop.example>
                        To: r@example.org
                        Subject: A session
                        Date: Fri, 27 Nov 2026 12:00:00 +0000
                        Message-ID: <session@shop.example>

                        """
                                .replace("\n", "\r\n"));
        String line =
                "What is written here is of no importance, but it has a length of its own.\r\n";
        while (text.length() + line.length() <= MESSAGE_BYTES) {
            text.append(line);
        }
        return text.append(".\r\n").toString().getBytes(ISO_8859_1);
    }
}
