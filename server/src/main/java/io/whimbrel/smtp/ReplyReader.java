package io.whimbrel.smtp;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads replies from a peer's bytes (RFC 5321 §4.2). Confined to one thread.
///
/// Lenient where real hosts are: a line may end in LF alone, the text and its space may be missing,
/// the code of the last line counts. Strict where a peer could hurt us: a reply is at most
/// [#REPLY_BYTES_MAX] on the wire and [#LINES_MAX] lines; text beyond [#TEXT_BYTES_MAX] of a line
/// is dropped, control characters become spaces, bytes that are not UTF-8 become U+FFFD. At a
/// limit, and for anything that is no reply, [#read] throws [ProtocolException].
public final class ReplyReader {
    public static final int REPLY_BYTES_MAX = 64 * 1024;
    public static final int LINES_MAX = 100;
    public static final int TEXT_BYTES_MAX = 1_000;

    private static final int SHOWN_MAX = 60;

    private final InputStream in;
    private final byte[] buffer = new byte[2 * 1024];
    private int position;
    private int limit;

    /// The line read last, without its ending and cut to what is kept.
    private final byte[] line = new byte[4 + TEXT_BYTES_MAX];

    private int lineLength;
    private int replyBytes;

    public ReplyReader(InputStream in) {
        this.in = in;
    }

    /// Whether bytes have been received that no reply read so far used. Behind the reply to
    /// STARTTLS there must be none: they would be plain text taken for protected (RFC 3207 §4.2).
    public boolean hasBuffered() {
        return position < limit;
    }

    /// The next reply; waits for it.
    ///
    /// @throws EOFException where the peer closed the connection
    /// @throws ProtocolException where what came is no reply, or too long
    public SmtpReply read() throws IOException {
        replyBytes = 0;
        readLine();
        if (isLast()) {
            return reply(List.of(text()));
        }
        List<String> lines = new ArrayList<>();
        lines.add(text());
        do {
            if (lines.size() == LINES_MAX) {
                throw new ProtocolException("a reply of more than " + LINES_MAX + " lines");
            }
            readLine();
            lines.add(text());
        } while (!isLast());
        return reply(lines);
    }

    private SmtpReply reply(List<String> lines) {
        int code = code();
        Optional<EnhancedStatus> status = EnhancedStatus.parsePrefix(lines.getFirst());
        if (status.isEmpty()) {
            return new SmtpReply(code, status, lines);
        }
        String prefix = status.get().toString();
        if (lines.size() == 1) {
            return new SmtpReply(code, status, List.of(without(prefix, lines.getFirst())));
        }
        List<String> texts = new ArrayList<>(lines.size());
        for (String text : lines) {
            texts.add(without(prefix, text));
        }
        return new SmtpReply(code, status, texts);
    }

    /// Hosts repeat the status on each line, or give it on the first only.
    private static String without(String prefix, String text) {
        if (!text.startsWith(prefix)) {
            return text;
        }
        if (text.length() == prefix.length()) {
            return "";
        }
        return text.charAt(prefix.length()) == ' ' ? text.substring(prefix.length() + 1) : text;
    }

    private int code() {
        return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    }

    private boolean isLast() {
        return lineLength == 3 || line[3] != '-';
    }

    private String text() {
        if (lineLength <= 4) {
            return "";
        }
        for (int i = 4; i < lineLength; i++) {
            if ((line[i] >= 0 && line[i] < ' ') || line[i] == 0x7f) {
                line[i] = ' ';
            }
        }
        return new String(line, 4, lineLength - 4, StandardCharsets.UTF_8);
    }

    private void readLine() throws IOException {
        lineLength = 0;
        while (true) {
            if (position == limit) {
                fill();
            }
            int from = position;
            int end = from;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            keep(from, end - from);
            boolean isComplete = end < limit;
            position = isComplete ? end + 1 : end;
            replyBytes += position - from;
            if (replyBytes > REPLY_BYTES_MAX) {
                throw new ProtocolException("a reply of more than " + REPLY_BYTES_MAX + " bytes");
            }
            if (isComplete) {
                checkLine();
                return;
            }
        }
    }

    private void fill() throws IOException {
        int count = in.read(buffer, 0, buffer.length);
        if (count < 0) {
            throw new EOFException("the peer closed the connection");
        }
        position = 0;
        limit = count;
    }

    private void keep(int from, int length) {
        int kept = Math.min(length, line.length - lineLength);
        System.arraycopy(buffer, from, line, lineLength, kept);
        lineLength += kept;
    }

    private void checkLine() throws ProtocolException {
        if (lineLength > 0 && line[lineLength - 1] == '\r') {
            lineLength--;
        }
        boolean isReply =
                lineLength >= 3
                        && line[0] >= '2'
                        && line[0] <= '5'
                        && isDigit(line[1])
                        && isDigit(line[2])
                        && (lineLength == 3 || line[3] == ' ' || line[3] == '-');
        if (!isReply) {
            throw new ProtocolException("not an SMTP reply: \"" + shown() + "\"");
        }
    }

    /// The start of the line, safe for a log.
    private String shown() {
        var shown = new StringBuilder();
        for (int i = 0; i < Math.min(lineLength, SHOWN_MAX); i++) {
            shown.append(line[i] >= ' ' && line[i] < 0x7f ? (char) line[i] : '?');
        }
        return lineLength > SHOWN_MAX ? shown + "..." : shown.toString();
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }
}
