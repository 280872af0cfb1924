package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.tls.TlsClients;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// A client's side of an SMTP connection, for tests. Waits at most 20 s for anything.
final class SmtpTalk implements AutoCloseable {
    private Socket socket;
    private InputStream in;
    private List<String> lastReply = List.of();

    SmtpTalk(InetSocketAddress address) throws IOException {
        socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /// TLS from here on.
    void beginTls() throws IOException {
        goOn(TlsClients.over(socket));
    }

    /// TLS with a certificate from here on.
    ///
    /// @param store PKCS #12 with certificate and key, without a password
    void beginTls(Path store) throws IOException {
        goOn(TlsClients.over(socket, store));
    }

    /// STARTTLS, TLS, and EHLO again.
    void startTls() throws IOException {
        command("STARTTLS", "220 2.0.0");
        beginTls();
        command("EHLO client.example", "250");
    }

    private void goOn(Socket next) throws IOException {
        socket = next;
        in = new BufferedInputStream(next.getInputStream());
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void sendLine(String line) throws IOException {
        send(line + "\r\n");
    }

    /// Sends a line, and expects a reply that begins with `reply`.
    void command(String line, String reply) throws IOException {
        sendLine(line);
        expect(reply);
    }

    /// Expects a reply whose first line begins with `text`, code and text parted by a space.
    void expect(String text) throws IOException {
        lastReply = readReply();
        String first = lastReply.getFirst();
        String flat = first.length() > 3 ? first.substring(0, 3) + " " + first.substring(4) : first;
        assertThat(flat).startsWith(text);
    }

    void expectClosed() throws IOException {
        try {
            assertThat(in.read()).as("a byte instead of the end").isEqualTo(-1);
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    /// MAIL and RCPT, up to the 354 of DATA.
    void openData(String recipient) throws IOException {
        command("MAIL FROM:<sender@example.com>", "250");
        command("RCPT TO:<" + recipient + ">", "250");
        command("DATA", "354");
    }

    List<String> lastReply() {
        return lastReply;
    }

    /// All lines of the next reply; `<closed>` at the end of the stream.
    List<String> readReply() throws IOException {
        var lines = new ArrayList<String>();
        String line;
        do {
            line = readLine();
            lines.add(line);
        } while (line.length() > 3 && line.charAt(3) == '-');
        return lines;
    }

    /// Everything up to the end of the stream, however it ends.
    String readRest() {
        var rest = new StringBuilder();
        try {
            for (int b = in.read(); b >= 0; b = in.read()) {
                rest.append((char) b);
            }
        } catch (IOException _) {
            // Broken off.
        }
        return rest.toString();
    }

    boolean hasReplyWithin(Duration timeout) throws IOException {
        int before = socket.getSoTimeout();
        socket.setSoTimeout((int) timeout.toMillis());
        in.mark(1);
        try {
            boolean isThere = in.read() >= 0;
            in.reset();
            return isThere;
        } catch (SocketTimeoutException _) {
            return false;
        } finally {
            socket.setSoTimeout(before);
        }
    }

    void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    Socket socket() {
        return socket;
    }

    private String readLine() throws IOException {
        var line = new StringBuilder();
        while (true) {
            int b;
            try {
                b = in.read();
            } catch (SocketException _) {
                b = -1;
            }
            if (b < 0) {
                return line.isEmpty() ? "<closed>" : line + "<closed>";
            }
            if (b == '\n') {
                assertThat(line).as("reply line ends with CRLF").endsWith("\r");
                return line.substring(0, line.length() - 1);
            }
            line.append((char) b);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
