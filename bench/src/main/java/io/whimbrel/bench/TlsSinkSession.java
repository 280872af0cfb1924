package io.whimbrel.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.TlsStream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Locale;

/// One connection to [TlsSink]. Commands may be pipelined; replies to what came at once leave at
/// once. Confined to one thread.
final class TlsSinkSession {
    private static final int BUFFER_BYTES = 32 << 10;
    private static final byte[] END = "\r\n.\r\n".getBytes(ISO_8859_1);

    private final ServerTls tls;
    private final Socket plain;
    private final Keeper keeper;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final ByteArrayOutputStream replies = new ByteArrayOutputStream();
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private InputStream in = InputStream.nullInputStream();
    private OutputStream out = OutputStream.nullOutputStream();
    private int at;
    private int limit;
    private boolean isSecure;
    private boolean isFirst = true;
    private boolean isKept = true;

    /// Told of each message.
    interface Keeper {
        /// @param message as it came, or nothing where it was not wanted
        /// @return whether the next one is wanted
        boolean keep(byte[] message, boolean isFirst) throws IOException;
    }

    TlsSinkSession(ServerTls tls, Socket plain, Keeper keeper) {
        this.tls = tls;
        this.plain = plain;
        this.keeper = keeper;
    }

    /// Until the client leaves.
    void run() throws IOException {
        in = plain.getInputStream();
        out = plain.getOutputStream();
        say("220 sink.example ESMTP");
        String command = command();
        while (!command.equals("STARTTLS") && obey(command)) {
            command = command();
        }
        if (!command.equals("STARTTLS")) {
            return;
        }
        say("220 Go ahead");
        flush();
        TlsStream stream = tls.handshake(in, out);
        try {
            in = stream.input();
            out = stream.output();
            isSecure = true;
            at = limit;
            while (obey(command())) {
                // The next one.
            }
            stream.endOutput();
        } finally {
            stream.release();
        }
    }

    /// @return false where that was the last
    private boolean obey(String command) throws IOException {
        switch (command) {
            case "EHLO" -> greet();
            case "MAIL", "RCPT", "RSET", "NOOP" -> say(isSecure ? "250 Ok" : "530 TLS first");
            case "DATA" -> take();
            case "QUIT" -> {
                say("221 Bye");
                flush();
                return false;
            }
            case "" -> {
                return false;
            }
            default -> say("500 What?");
        }
        return true;
    }

    private void greet() {
        say("250-sink.example");
        say("250-PIPELINING");
        say("250-8BITMIME");
        if (!isSecure) {
            say("250-STARTTLS");
        }
        say("250 ENHANCEDSTATUSCODES");
    }

    private void take() throws IOException {
        say("354 Go on");
        message.reset();
        // The end of the command's own line may be that of a message without a line.
        int matched = 2;
        while (matched < END.length) {
            if (at == limit && !fill()) {
                throw new IOException("cut off");
            }
            int from = at;
            while (at < limit && matched < END.length) {
                byte octet = buffer[at++];
                matched = octet == END[matched] ? matched + 1 : octet == '\r' ? 1 : 0;
            }
            if (isKept) {
                message.write(buffer, from, at - from);
            }
        }
        isKept = keeper.keep(message.toByteArray(), isFirst);
        isFirst = false;
        say("250 Taken");
    }

    /// The first word of the next line; `""` at the end.
    private String command() throws IOException {
        var line = new StringBuilder();
        while (true) {
            if (at == limit && !fill()) {
                return "";
            }
            char octet = (char) (buffer[at++] & 0xff);
            if (octet == '\n') {
                return line.toString().strip().split(" ", 2)[0].toUpperCase(Locale.ROOT);
            }
            line.append(octet);
        }
    }

    /// Replies leave before anything is waited for.
    private boolean fill() throws IOException {
        flush();
        at = 0;
        limit = Math.max(0, in.read(buffer, 0, buffer.length));
        return limit > 0;
    }

    private void say(String reply) {
        replies.writeBytes((reply + "\r\n").getBytes(ISO_8859_1));
    }

    private void flush() throws IOException {
        if (replies.size() > 0) {
            out.write(replies.toByteArray());
            out.flush();
            replies.reset();
        }
    }
}
