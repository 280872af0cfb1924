package io.whimbrel.smtp;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// What a client sends, commands and data, through one buffer. Confined to one thread.
///
/// An idle connection holds 512 bytes. The buffer grows to 8 KiB for long lines and to 16 KiB while
/// a message or a long login arrives, and shrinks when the next command has to be waited for. Only
/// CRLF ends a command line: a bare CR, a bare LF or a NUL breaks the stream, so that one line
/// never becomes two commands.
public final class SmtpInput {
    /// RFC 5321 §4.5.3.1.4 asks for 512 octets, and the extensions for some 1,200 more.
    public static final int COMMAND_LINE_MAX = 4_096;

    /// Of AUTH and of what follows it (RFC 4954 §4): tokens are long.
    public static final int AUTH_LINE_MAX = 12_288;

    private static final int IDLE_BYTES = 512;
    private static final int COMMAND_BYTES = 8_192;
    private static final int DATA_BYTES = 16_384;
    private static final int SKIPPED_LINE_MAX = 64 << 10;
    private static final byte[] NOTHING = {};

    private static final SmtpCommand TOO_LONG =
            new SmtpCommand.Refused(
                    SmtpReply.of(500, 5, 5, 2, "Line longer than " + COMMAND_LINE_MAX + " octets"));
    private static final SmtpCommand AUTH_TOO_LONG =
            new SmtpCommand.Refused(
                    SmtpReply.of(500, 5, 5, 6, "Authentication exchange line is too long"));
    private static final SmtpCommand CHUNK_TOO_LONG =
            broken("A BDAT line longer than " + COMMAND_LINE_MAX + " octets; closing");
    private static final SmtpCommand MUCH_TOO_LONG = broken("Line far too long; closing");
    private static final SmtpCommand BARE_LF =
            broken("A line ends with CR and LF, not with LF alone; closing");
    private static final SmtpCommand BARE_CR = broken("A command line with a bare CR; closing");
    private static final SmtpCommand NUL = broken("A command line with a NUL; closing");

    /// How the reading of data ended.
    public enum DataEnd {
        COMPLETE,
        /// The client went away, or is cut off.
        GONE,
        /// More bytes than anybody should have to read and throw away.
        TOO_MUCH
    }

    private final InputStream in;
    private byte[] buffer = NOTHING;
    private int position;
    private int limit;

    public SmtpInput(InputStream in) {
        this.in = in;
    }

    /// Waits for the next command. Empty where the client has closed its side; half a line before
    /// that is dropped.
    public Optional<SmtpCommand> readCommand() throws IOException {
        int scanned = position;
        while (true) {
            int end = indexOfControl(scanned);
            boolean isCut = end < limit && buffer[end] == '\r' && end + 1 == limit;
            if (end < limit && !isCut) {
                return Optional.of(takeLine(end));
            }
            if (end - position > lineMax(position, end)) {
                return skipLongLine(tooLong(position, end));
            }
            int before = position;
            if (!fill(end - position > COMMAND_LINE_MAX ? DATA_BYTES : COMMAND_BYTES)) {
                return Optional.empty();
            }
            scanned = end - before + position;
        }
    }

    /// A line that is no command, as AUTH exchanges them.
    public sealed interface TextLine {

        /// @param text octets as characters, without the line end
        record Text(String text) implements TextLine {}

        /// It was read over.
        record TooLong() implements TextLine {}

        /// Nothing that follows can be told from commands; `last` is to be said.
        record Broken(SmtpReply last) implements TextLine {}

        /// The client has closed its side.
        record Gone() implements TextLine {}
    }

    /// Waits for the next line.
    ///
    /// @param octetsMax of the line; at most 16,000
    public TextLine readText(int octetsMax) throws IOException {
        int scanned = position;
        while (true) {
            int end = indexOfControl(scanned);
            boolean isCut = end < limit && buffer[end] == '\r' && end + 1 == limit;
            if (end < limit && !isCut) {
                return takeText(end, octetsMax);
            }
            if (end - position > octetsMax) {
                return skipLongText();
            }
            int before = position;
            if (!fill(DATA_BYTES)) {
                return new TextLine.Gone();
            }
            scanned = end - before + position;
        }
    }

    private TextLine takeText(int end, int octetsMax) {
        int start = position;
        boolean isGood = buffer[end] == '\r' && buffer[end + 1] == '\n';
        if (!isGood) {
            return takeLine(end) instanceof SmtpCommand.Broken(SmtpReply reply)
                    ? new TextLine.Broken(reply)
                    : new TextLine.Gone();
        }
        position = end + 2;
        return end - start > octetsMax
                ? new TextLine.TooLong()
                : new TextLine.Text(
                        new String(buffer, start, end - start, StandardCharsets.ISO_8859_1));
    }

    private TextLine skipLongText() throws IOException {
        Optional<SmtpCommand> skipped = skipLongLine(TOO_LONG);
        if (skipped.isEmpty()) {
            return new TextLine.Gone();
        }
        return skipped.get() instanceof SmtpCommand.Broken(SmtpReply reply)
                ? new TextLine.Broken(reply)
                : new TextLine.TooLong();
    }

    /// Whether a whole line is here already, so that its command can be read without waiting.
    public boolean hasCommand() {
        for (int i = position; i < limit; i++) {
            if (buffer[i] == '\n') {
                return true;
            }
        }
        return false;
    }

    /// Whether the next `size` octets are here already.
    public boolean hasOctets(long size) {
        return limit - position >= size;
    }

    /// Forgets what is here already, behind STARTTLS: it came in plain text, perhaps from somebody
    /// else, and must not count as said under TLS (RFC 3207 §4.2, CVE-2011-0411).
    ///
    /// @return whether there was anything, which no honest client sends
    public boolean discardBuffered() {
        boolean wasThere = position < limit;
        buffer = NOTHING;
        position = 0;
        limit = 0;
        return wasThere;
    }

    /// Feeds `decoder` up to the end of data, and reads at most about `bytesMax`.
    public DataEnd readData(DataDecoder decoder, long bytesMax) throws IOException {
        long total = 0;
        while (true) {
            total += limit - position;
            position = decoder.decode(buffer, position, limit);
            if (decoder.isComplete()) {
                return DataEnd.COMPLETE;
            }
            if (total > bytesMax) {
                return DataEnd.TOO_MUCH;
            }
            if (!fill(DATA_BYTES)) {
                return DataEnd.GONE;
            }
        }
    }

    /// Feeds `decoder` with the next `size` octets.
    ///
    /// @return false where the client went away before
    public boolean readChunk(long size, ChunkDecoder decoder) throws IOException {
        long rest = size;
        while (true) {
            int length = (int) Math.min(rest, limit - position);
            decoder.decode(buffer, position, position + length);
            position += length;
            rest -= length;
            if (rest == 0) {
                return true;
            }
            if (!fill(DATA_BYTES)) {
                return false;
            }
        }
    }

    /// Reads over the next `size` octets.
    ///
    /// @return false where the client went away before
    public boolean skip(long size) throws IOException {
        long rest = size;
        while (true) {
            int length = (int) Math.min(rest, limit - position);
            position += length;
            rest -= length;
            if (rest == 0) {
                return true;
            }
            if (!fill(DATA_BYTES)) {
                return false;
            }
        }
    }

    /// The first CR, LF or NUL at or behind `from`, or `limit`.
    private int indexOfControl(int from) {
        int i = from;
        while (i < limit && (buffer[i] > '\r' || !isControl(buffer[i]))) {
            i++;
        }
        return i;
    }

    private static boolean isControl(byte b) {
        return b == '\r' || b == '\n' || b == 0;
    }

    /// The command of the line that ends, or breaks, at `end`.
    private SmtpCommand takeLine(int end) {
        int start = position;
        if (buffer[end] != '\r') {
            return buffer[end] == '\n' ? BARE_LF : NUL;
        }
        if (buffer[end + 1] != '\n') {
            return BARE_CR;
        }
        position = end + 2;
        return end - start > lineMax(start, end)
                ? tooLong(start, end)
                : CommandParser.parse(buffer, start, end);
    }

    private int lineMax(int start, int end) {
        return end - start > COMMAND_LINE_MAX && CommandParser.authenticates(buffer, start, end)
                ? AUTH_LINE_MAX
                : COMMAND_LINE_MAX;
    }

    private SmtpCommand tooLong(int start, int end) {
        if (CommandParser.authenticates(buffer, start, end)) {
            return AUTH_TOO_LONG;
        }
        return CommandParser.announcesChunk(buffer, start, end) ? CHUNK_TOO_LONG : TOO_LONG;
    }

    private Optional<SmtpCommand> skipLongLine(SmtpCommand tooLong) throws IOException {
        int skipped = 0;
        while (skipped < SKIPPED_LINE_MAX) {
            int end = indexOfControl(position);
            skipped += end - position;
            position = end;
            if (end + 1 < limit) {
                SmtpCommand rest = takeLine(end);
                return Optional.of(rest instanceof SmtpCommand.Broken ? rest : tooLong);
            }
            if (end < limit && buffer[end] != '\r') {
                return Optional.of(takeLine(end));
            }
            if (!fill(COMMAND_BYTES)) {
                return Optional.empty();
            }
        }
        return Optional.of(MUCH_TOO_LONG);
    }

    /// Waits for more bytes behind those that are not used yet.
    ///
    /// @param capacityMost how far the buffer may grow; greater than what is not used yet
    /// @return false at the end of the stream
    private boolean fill(int capacityMost) throws IOException {
        makeRoom(capacityMost);
        int count = in.read(buffer, limit, buffer.length - limit);
        if (count <= 0) {
            return false;
        }
        limit += count;
        return true;
    }

    private void makeRoom(int capacityMost) {
        int unused = limit - position;
        int wanted = buffer.length;
        if (capacityMost == DATA_BYTES) {
            wanted = DATA_BYTES;
        } else if (unused == 0) {
            wanted = IDLE_BYTES;
        } else if (unused == buffer.length) {
            wanted = capacityMost;
        }
        if (wanted < unused || wanted == buffer.length) {
            System.arraycopy(buffer, position, buffer, 0, unused);
        } else {
            byte[] next = new byte[wanted];
            System.arraycopy(buffer, position, next, 0, unused);
            buffer = next;
        }
        position = 0;
        limit = unused;
    }

    private static SmtpCommand broken(String text) {
        return new SmtpCommand.Broken(SmtpReply.of(500, 5, 5, 2, text));
    }
}
