package io.whimbrel.submission;

import io.whimbrel.cli.Words;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/// A message as it lies in a file, lines ended as the system likes. Immutable.
final class MessageFile {
    /// Twice the largest message that a listener takes by default.
    static final int BYTES_MAX = 100 << 20;

    private final byte[] bytes;

    MessageFile(byte[] bytes) {
        this.bytes = bytes;
    }

    /// Reads a file, or standard input where `name` is `-`.
    ///
    /// @throws IOException where it cannot be read, is empty, or has more than 100 MiB
    static MessageFile read(String name, InputStream standardInput) throws IOException {
        byte[] bytes;
        try {
            bytes =
                    name.equals("-")
                            ? standardInput.readNBytes(BYTES_MAX + 1)
                            : readFile(Path.of(name));
        } catch (NoSuchFileException _) {
            throw new IOException("there is no file " + name);
        } catch (AccessDeniedException _) {
            throw new IOException(name + " may not be read by this user");
        } catch (IOException e) {
            throw new IOException(name + " cannot be read: " + e.getMessage(), e);
        }
        if (bytes.length == 0) {
            throw new IOException(name + " is empty");
        }
        if (bytes.length > BYTES_MAX) {
            throw new IOException(name + " is larger than " + Words.size(BYTES_MAX));
        }
        return new MessageFile(bytes);
    }

    private static byte[] readFile(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(BYTES_MAX + 1);
        }
    }

    /// Whether a next hop needs 8BITMIME for it (RFC 6152).
    boolean isEightBit() {
        for (byte b : bytes) {
            if (b < 0) {
                return true;
            }
        }
        return false;
    }

    /// Bytes once every line ends with CRLF, for SIZE (RFC 1870 §5).
    long wireSize() {
        long size = bytes.length;
        for (int i = 0; i < bytes.length; i++) {
            size += isBareLf(i) ? 1 : 0;
        }
        return endsWithLf() ? size : size + 2;
    }

    /// Writes it as DATA wants it: bare LF becomes CRLF, lines that begin with a dot get another
    /// (RFC 5321 §4.5.2), and the last line is followed by the lone dot.
    void writeTo(OutputStream out) throws IOException {
        boolean isLineStart = true;
        for (int i = 0; i < bytes.length; i++) {
            if (isLineStart && bytes[i] == '.') {
                out.write('.');
            }
            if (isBareLf(i)) {
                out.write('\r');
            }
            out.write(bytes[i]);
            isLineStart = bytes[i] == '\n';
        }
        String end = endsWithLf() ? ".\r\n" : "\r\n.\r\n";
        out.write(end.getBytes(StandardCharsets.US_ASCII));
    }

    /// The address of the first From field (RFC 5322 §3.6.2): what stands in angle brackets, or the
    /// whole value where there are none. Empty where no usable address is found.
    Optional<String> fromAddress() {
        String header = header();
        for (String field : header.split("\r?\n(?![ \t])")) {
            if (field.regionMatches(true, 0, "From:", 0, 5)) {
                String value = field.substring(5).strip();
                int open = value.lastIndexOf('<');
                int close = value.indexOf('>', open + 1);
                String address = open >= 0 && close > 0 ? value.substring(open + 1, close) : value;
                boolean isUsable =
                        address.indexOf('@') > 0
                                && address.chars().noneMatch(c -> c <= ' ' || c == '<' || c == ',');
                return isUsable ? Optional.of(address) : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /// The header section; at most 256 KiB of it.
    private String header() {
        int length = Math.min(bytes.length, 256 << 10);
        String start = new String(bytes, 0, length, StandardCharsets.UTF_8);
        int end = start.indexOf("\n\n");
        int crlfEnd = start.indexOf("\r\n\r\n");
        if (end < 0 || (crlfEnd >= 0 && crlfEnd < end)) {
            end = crlfEnd;
        }
        return end < 0 ? start : start.substring(0, end);
    }

    private boolean isBareLf(int index) {
        return bytes[index] == '\n' && (index == 0 || bytes[index - 1] != '\r');
    }

    private boolean endsWithLf() {
        return bytes.length > 0 && bytes[bytes.length - 1] == '\n';
    }
}
