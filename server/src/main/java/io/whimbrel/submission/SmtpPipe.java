package io.whimbrel.submission;

import io.whimbrel.cli.Words;
import io.whimbrel.config.Config;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// `sendmail -bs`: SMTP on standard input and output, carried to the server's first listener and
/// back. It is the server that answers, and the listener's terms that hold. Confined to one thread.
///
/// @param config of the node
record SmtpPipe(Config config, Sendmail.Caller caller) {
    private static final int CONNECT_MOST_MILLIS = 10_000;

    SysExit run() {
        Optional<InetSocketAddress> first = config.reception().plainSmtp();
        if (first.isEmpty()) {
            say("421 4.3.5 No listener takes SMTP in plain text over TCP");
            return SysExit.CONFIG;
        }
        InetSocketAddress listener = first.get();
        InetAddress address =
                listener.getAddress().isAnyLocalAddress()
                        ? InetAddress.getLoopbackAddress()
                        : listener.getAddress();
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, listener.getPort()), CONNECT_MOST_MILLIS);
            Thread.ofVirtual()
                    .name("smtp-in")
                    .start(() -> {
                        try {
                            copy(caller.in(), socket.getOutputStream());
                            socket.shutdownOutput();
                        } catch (IOException _) {
                            // The server's last word is on its way to the caller, or never comes.
                        }
                    });
            copy(socket.getInputStream(), caller.out());
            return SysExit.OK;
        } catch (IOException e) {
            say("421 4.3.0 The server does not answer");
            caller.err().println("sendmail: " + Words.printable(String.valueOf(e.getMessage())));
            return SysExit.TEMPORARY_FAILURE;
        }
    }

    private void say(String line) {
        try {
            caller.out().write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
            caller.out().flush();
        } catch (IOException _) {
            // The exit code says it too.
        }
    }

    /// Each part at once: the other end waits for it.
    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] part = new byte[16 << 10];
        for (int count = in.read(part); count >= 0; count = in.read(part)) {
            out.write(part, 0, count);
            out.flush();
        }
    }
}
