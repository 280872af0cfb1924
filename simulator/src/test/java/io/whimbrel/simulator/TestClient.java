package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/// A client that says exactly what a test tells it to.
final class TestClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 20_000;

    private Socket socket;
    private InputStream in;

    TestClient(SimulatedInternet internet, String provider) throws IOException {
        this(internet, provider, "127.0.0.1");
    }

    TestClient(SimulatedInternet internet, String provider, String from) throws IOException {
        InetAddress to = internet.provider(provider).addresses().getFirst();
        this.socket = new Socket();
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
        socket.connect(new InetSocketAddress(to, internet.smtpPort()));
        socket.setSoTimeout(TIMEOUT_MILLIS);
        this.in = socket.getInputStream();
    }

    /// A client that was greeted and has said EHLO.
    static TestClient ready(SimulatedInternet internet, String provider) throws IOException {
        var client = new TestClient(internet, provider);
        client.expect("220");
        client.send("EHLO client.test\r\n").expect("250");
        return client;
    }

    Socket socket() {
        return socket;
    }

    void upgrade(Socket secured) throws IOException {
        socket = secured;
        in = secured.getInputStream();
    }

    /// Sends octets as they are: CRLF is up to the caller.
    TestClient send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /// A message to one recipient, up to the answer, which it returns; the first refusal ends it.
    String deliver(String recipient) throws IOException {
        String answer = send("MAIL FROM:<sender@client.test>\r\n").reply();
        if (!answer.startsWith("250")) {
            return answer;
        }
        answer = send("RCPT TO:<" + recipient + ">\r\n").reply();
        if (answer.startsWith("421")) {
            return answer;
        }
        if (!answer.startsWith("250")) {
            send("RSET\r\n").expect("250");
            return answer;
        }
        send("DATA\r\n").expect("354");
        return send("Subject: x\r\n\r\nHello\r\n.\r\n").reply();
    }

    /// A whole reply, its lines joined by LF; empty if the connection is closed.
    String reply() throws IOException {
        var lines = new StringBuilder();
        while (true) {
            String line = line();
            lines.append(line);
            if (line.length() < 4 || line.charAt(3) != '-') {
                return lines.toString();
            }
            lines.append('\n');
        }
    }

    String expect(String start) throws IOException {
        String reply = reply();
        assertThat(reply).startsWith(start);
        return reply;
    }

    void expectClosed() throws IOException {
        assertThat(reply()).isEmpty();
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        while (true) {
            int octet;
            try {
                octet = in.read();
            } catch (SocketException _) {
                // Reset by the peer, which is one way to be closed.
                octet = -1;
            }
            if (octet < 0) {
                return line.toString(StandardCharsets.UTF_8);
            }
            if (octet == '\n') {
                String text = line.toString(StandardCharsets.UTF_8);
                assertThat(text).endsWith("\r");
                return text.substring(0, text.length() - 1);
            }
            line.write(octet);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
