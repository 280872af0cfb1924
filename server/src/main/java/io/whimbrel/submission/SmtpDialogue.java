package io.whimbrel.submission;

import io.whimbrel.admin.LineBytes;
import io.whimbrel.cli.Words;
import io.whimbrel.mail.IpText;
import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A conversation with an SMTP server, one command at a time, for `whimbrel send`: easy to follow
/// rather than fast. Confined to one thread. Every wait is bounded (RFC 5321 §4.5.3.2).
final class SmtpDialogue implements AutoCloseable {
    private static final int LINE_BYTES_MAX = 4 << 10;
    private static final int LINES_MAX = 200;
    private static final Duration CONNECT_MOST = Duration.ofSeconds(30);
    private static final Duration REPLY_MOST = Duration.ofMinutes(10);

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final Consumer<String> transcript;

    private SmtpDialogue(Socket socket, Consumer<String> transcript) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.out = new BufferedOutputStream(socket.getOutputStream(), 1 << 16);
        this.transcript = transcript;
    }

    /// Connects; the greeting is read by [#reply].
    ///
    /// @param transcript is told every line, `C: ` and `S: ` in front
    /// @throws IOException where there is no connection; the message names the server
    static SmtpDialogue connect(InetSocketAddress server, Consumer<String> transcript)
            throws IOException {
        if (server.isUnresolved()) {
            throw new IOException("there is no host " + server.getHostString());
        }
        var socket = new Socket();
        try {
            socket.connect(server, (int) CONNECT_MOST.toMillis());
            socket.setSoTimeout((int) REPLY_MOST.toMillis());
            return new SmtpDialogue(socket, transcript);
        } catch (IOException e) {
            socket.close();
            throw new IOException(
                    "no connection to "
                            + server.getHostString()
                            + ":"
                            + server.getPort()
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /// Sends a command and reads its reply.
    SmtpReply command(String command) throws IOException {
        transcript.accept("C: " + command);
        out.write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
        return reply();
    }

    /// Sends a message after 354 and reads the answer to end-of-data.
    SmtpReply data(MessageFile message) throws IOException {
        transcript.accept("C: (" + message.wireSize() + " bytes)");
        try {
            message.writeTo(out);
            out.flush();
        } catch (IOException e) {
            // A server that refuses in the middle may have said why before it hung up.
            try {
                return reply();
            } catch (IOException _) {
                throw e;
            }
        }
        return reply();
    }

    /// Reads one reply (RFC 5321 §4.2.1).
    ///
    /// @throws IOException where the connection ends, or what comes is no reply
    SmtpReply reply() throws IOException {
        var lines = new ArrayList<String>();
        Optional<EnhancedStatus> status = Optional.empty();
        while (lines.size() < LINES_MAX) {
            String line = readLine();
            transcript.accept("S: " + line);
            int code = code(line);
            String text = line.length() > 4 ? line.substring(4) : "";
            Optional<EnhancedStatus> ownStatus = EnhancedStatus.parsePrefix(text);
            if (ownStatus.isPresent()) {
                text = text.substring(ownStatus.get().toString().length()).stripLeading();
                status = ownStatus;
            }
            lines.add(text);
            if (line.length() == 3 || line.charAt(3) == ' ') {
                return new SmtpReply(code, status, lines);
            }
        }
        throw new IOException("the server's reply has more than " + LINES_MAX + " lines");
    }

    /// How this side names itself in EHLO: its address, as RFC 5321 §4.1.4 asks of clients without
    /// a name.
    String addressLiteral() {
        return IpText.literal(socket.getLocalAddress());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private static int code(String line) throws IOException {
        boolean isReply = line.length() >= 3 && (line.length() == 3 || isSeparator(line.charAt(3)));
        int code = 0;
        for (int i = 0; isReply && i < 3; i++) {
            char c = line.charAt(i);
            isReply = c >= '0' && c <= '9';
            code = code * 10 + (c - '0');
        }
        if (!isReply || code < 200 || code > 599) {
            throw new IOException("this is no SMTP server, it says: " + line);
        }
        return code;
    }

    private static boolean isSeparator(char c) {
        return c == ' ' || c == '-';
    }

    private String readLine() throws IOException {
        var line = new LineBytes(LINE_BYTES_MAX);
        try {
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    throw new IOException("the server closed the connection");
                }
                if (b != '\r' && !line.offer((byte) b)) {
                    throw new IOException("the server sends endless lines");
                }
            }
        } catch (SocketTimeoutException _) {
            throw new IOException("no reply within " + Words.duration(REPLY_MOST));
        }
        return line.text();
    }

    /// Keywords of an EHLO reply, without its first line.
    static List<String> extensions(SmtpReply ehlo) {
        return ehlo.lines().subList(1, ehlo.lines().size());
    }
}
