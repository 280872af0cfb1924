package io.whimbrel.transport;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// The text that a web server answers one request with, on a connection that ends then (RFC 9112).
/// Every other answer is an error: no redirects, no compression. Confined to one thread, used once.
final class HttpText {
    private static final int HEAD_BYTES_MAX = 16 * 1024;
    private static final int CHUNK_DIGITS_MAX = 6;

    private final InputStream in;
    private final int bytesMax;
    private int headBytes;
    private long length = -1;
    private boolean isChunked;
    private String type = "";

    private HttpText(InputStream in, int bytesMax) {
        this.in = in;
        this.bytesMax = bytesMax;
    }

    /// @param bytesMax a text that is longer is an error
    /// @throws IOException where there is no such text; the message says why, in one line
    static String read(InputStream in, int bytesMax) throws IOException {
        return new HttpText(in, bytesMax).read();
    }

    private String read() throws IOException {
        String status = line();
        if (!status.startsWith("HTTP/1.") || status.length() < "HTTP/1.1 200".length()) {
            throw new IOException("no answer of HTTP");
        }
        String code = status.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length());
        if (!code.equals("200")) {
            throw new IOException("HTTP status " + printable(code));
        }
        for (String line = line(); !line.isEmpty(); line = line()) {
            field(line);
        }
        int end = type.indexOf(';');
        String bare = (end < 0 ? type : type.substring(0, end)).strip();
        if (!bare.equals("text/plain")) {
            throw new IOException("content type " + printable(bare) + ", not text/plain");
        }
        byte[] body = isChunked ? chunked() : length >= 0 ? exactly(length) : toEnd();
        return new String(body, StandardCharsets.UTF_8);
    }

    private void field(String line) throws IOException {
        int colon = line.indexOf(':');
        String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
        String value = line.substring(colon + 1).strip().toLowerCase(Locale.ROOT);
        switch (name) {
            case "content-type" -> type = value;
            case "content-length" -> length = number(value, 10);
            case "transfer-encoding" -> {
                if (!value.equals("chunked")) {
                    throw new IOException("unknown transfer encoding");
                }
                isChunked = true;
            }
            case "content-encoding" -> {
                if (!value.equals("identity")) {
                    throw new IOException("unknown content encoding");
                }
            }
            default -> {}
        }
    }

    private byte[] chunked() throws IOException {
        var body = new ByteArrayOutputStream();
        while (true) {
            String line = line();
            int end = line.indexOf(';');
            long size = number((end < 0 ? line : line.substring(0, end)).strip(), 16);
            if (size == 0) {
                return body.toByteArray();
            }
            if (body.size() + size > bytesMax) {
                throw tooLong();
            }
            body.write(exactly(size));
            if (!line().isEmpty()) {
                throw new IOException("damaged chunks");
            }
        }
    }

    private byte[] exactly(long size) throws IOException {
        if (size > bytesMax) {
            throw tooLong();
        }
        byte[] bytes = in.readNBytes((int) size);
        if (bytes.length < size) {
            throw new IOException("the answer ends too early");
        }
        return bytes;
    }

    private byte[] toEnd() throws IOException {
        byte[] bytes = in.readNBytes(bytesMax + 1);
        if (bytes.length > bytesMax) {
            throw tooLong();
        }
        return bytes;
    }

    private IOException tooLong() {
        return new IOException("more than " + bytesMax + " bytes");
    }

    private static long number(String text, int radix) throws IOException {
        if (text.isEmpty() || text.length() > CHUNK_DIGITS_MAX) {
            throw new IOException("a length that is none, or too long");
        }
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = Character.digit(text.charAt(i), radix);
            if (digit < 0 || text.charAt(i) > 'z') {
                throw new IOException("a length that is none");
            }
            number = number * radix + digit;
        }
        return number;
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("the answer ends too early");
            }
            headBytes++;
            if (headBytes > HEAD_BYTES_MAX) {
                throw new IOException("header fields without end");
            }
            line.append((char) b);
        }
        int length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
            line.setLength(length - 1);
        }
        return line.toString();
    }

    private static String printable(String text) {
        var shown = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), 40); i++) {
            char c = text.charAt(i);
            shown.append(c > ' ' && c < 0x7f ? c : '?');
        }
        return shown.isEmpty() ? "unknown" : shown.toString();
    }
}
