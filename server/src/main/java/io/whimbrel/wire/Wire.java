package io.whimbrel.wire;

import io.whimbrel.smtp.ReplyReader;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ClientSession;
import io.whimbrel.tls.ClientTls;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;

/// The bytes between us and a peer: replies in, commands and text out, each step with a deadline.
/// Confined to one thread, apart from [#cut].
///
/// A deadline is for a whole reply or a whole write, however the peer drips. When it passes, the
/// watchdog closes the socket, and the step fails with [SocketTimeoutException].
public final class Wire {
    private final Socket plain;
    private final Watchdog.Watch watch;
    private Socket socket;
    private ReplyReader replies;
    private WireOutput output;
    private Duration writeMost;

    /// @param plain connected
    /// @param writeMost for one write of at most 64 KiB
    public Wire(Socket plain, Watchdog watchdog, Duration writeMost) throws IOException {
        this.plain = plain;
        this.socket = plain;
        this.writeMost = writeMost;
        this.replies = new ReplyReader(plain.getInputStream());
        this.output = new WireOutput(new TimedOutput(plain.getOutputStream()));
        this.watch = watchdog.watch(this::cut);
    }

    /// What is written here goes to the peer with the next [#flush] at the latest.
    public WireOutput output() {
        return output;
    }

    public void line(String command) throws IOException {
        output.line(command);
    }

    public void flush() throws IOException {
        output.flush();
    }

    /// The next reply. What was written must have been flushed.
    public SmtpReply reply(Duration most) throws IOException {
        watch.arm(most);
        try {
            return replies.read();
        } catch (IOException e) {
            throw explained(e, most);
        } finally {
            watch.disarm();
        }
    }

    /// Sends one command and waits for its reply.
    public SmtpReply exchange(String command, Duration most) throws IOException {
        line(command);
        flush();
        return reply(most);
    }

    /// Goes on in TLS. Behind the reply to STARTTLS nothing may have come.
    ///
    /// @param own our certificate, where the host asks for one
    public ClientSession startTls(
            ClientTls tls, String host, Optional<CertificateFiles> own, Duration most)
            throws IOException {
        if (replies.hasBuffered()) {
            throw new IOException("bytes behind the answer to STARTTLS");
        }
        watch.arm(most);
        try {
            ClientSession session = tls.handshake(plain, host, own);
            socket = session.socket();
            replies = new ReplyReader(socket.getInputStream());
            output = new WireOutput(new TimedOutput(socket.getOutputStream()));
            return session;
        } catch (IOException e) {
            throw explained(e, most);
        } finally {
            watch.disarm();
        }
    }

    /// Says QUIT where that needs no patience, and closes.
    public void quit(Duration most) {
        try {
            writeMost = most;
            exchange("QUIT", most);
        } catch (IOException _) {
            // The session is over either way; whether the peer heard us changes nothing.
        }
        close();
    }

    public void close() {
        watch.arm(writeMost);
        try {
            socket.close();
        } catch (IOException _) {
            // Nothing is left to lose.
        }
        watch.close();
        cut();
    }

    /// Ends every step, at once, from any thread.
    public void cut() {
        try {
            plain.close();
        } catch (IOException _) {
            // Nothing is left to lose.
        }
    }

    private IOException explained(IOException e, Duration most) {
        if (!watch.hasExpired()) {
            return e;
        }
        var timeout = new SocketTimeoutException("timed out after " + described(most));
        timeout.initCause(e);
        return timeout;
    }

    private static String described(Duration duration) {
        return duration.toMillis() < 1_000
                ? duration.toMillis() + " ms"
                : duration.toSeconds() + " s";
    }

    /// The socket's output, each write with a deadline.
    private final class TimedOutput extends OutputStream {
        private final OutputStream out;

        public TimedOutput(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            watch.arm(writeMost);
            try {
                out.write(bytes, from, length);
            } catch (IOException e) {
                throw explained(e, writeMost);
            } finally {
                watch.disarm();
            }
        }
    }
}
