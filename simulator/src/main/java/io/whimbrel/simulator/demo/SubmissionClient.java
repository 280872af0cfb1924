package io.whimbrel.simulator.demo;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// A plain SMTP client, one command at a time: what an application's mail library does. Confined to
/// one thread.
final class SubmissionClient implements Closeable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int LINE_MAX = 4_096;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    /// @param text the last line of the reply, its code included
    record Answer(int code, String text) {
        boolean isPositive() {
            return code / 100 == 2;
        }
    }

    private SubmissionClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
    }

    /// Connects and says EHLO; fails where the server refuses either.
    static SubmissionClient connect(InetSocketAddress server, String name) throws IOException {
        var socket = new Socket();
        try {
            socket.setSoTimeout((int) TIMEOUT.toMillis());
            socket.setTcpNoDelay(true);
            socket.connect(server, (int) TIMEOUT.toMillis());
            var client = new SubmissionClient(socket);
            client.require(client.readAnswer());
            client.require(client.ask("EHLO " + name));
            return client;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /// Sends one message up to the answer to end-of-data, or to the first refusal.
    ///
    /// @param message lines ended with CRLF; dots are stuffed here
    Answer deliver(String sender, String recipient, byte[] message) throws IOException {
        String[] commands = {"MAIL FROM:<" + sender + ">", "RCPT TO:<" + recipient + ">"};
        for (String command : commands) {
            Answer answer = ask(command);
            if (!answer.isPositive()) {
                return refused(answer);
            }
        }
        Answer go = ask("DATA");
        if (go.code() != 354) {
            return refused(go);
        }
        writeStuffed(message);
        out.write('.');
        return ask("");
    }

    private Answer refused(Answer answer) throws IOException {
        if (answer.code() != 421) {
            require(ask("RSET"));
        }
        return answer;
    }

    private void writeStuffed(byte[] message) throws IOException {
        int start = 0;
        for (int i = 0; i < message.length; i++) {
            boolean startsLine = i == 0 || message[i - 1] == '\n';
            if (startsLine && message[i] == '.') {
                out.write(message, start, i - start);
                out.write('.');
                start = i;
            }
        }
        out.write(message, start, message.length - start);
    }

    private Answer ask(String command) throws IOException {
        out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
        return readAnswer();
    }

    private void require(Answer answer) throws IOException {
        if (!answer.isPositive()) {
            throw new IOException("refused: " + answer.text());
        }
    }

    private Answer readAnswer() throws IOException {
        while (true) {
            String line = readLine();
            if (line.length() < 3 || !line.chars().limit(3).allMatch(Character::isDigit)) {
                throw new IOException("not an SMTP reply: " + line);
            }
            if (line.length() == 3 || line.charAt(3) != '-') {
                return new Answer(Integer.parseInt(line.substring(0, 3)), line);
            }
        }
    }

    private String readLine() throws IOException {
        var line = new StringBuilder();
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
            if (octet < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (line.length() == LINE_MAX) {
                throw new IOException("a reply line exceeds " + LINE_MAX + " octets");
            }
            if (octet != '\r') {
                line.append((char) octet);
            }
        }
        return line.toString();
    }

    /// Says QUIT if it still can.
    @Override
    public void close() throws IOException {
        try (socket) {
            ask("QUIT");
        } catch (IOException _) {
            // All answers that matter have been read.
        }
    }
}
