package io.whimbrel.pickup;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A message as somebody left it: its header taken apart, its body still to be read. Confined to
/// one thread.
///
/// @param header its fields in order
/// @param body what follows the empty line
public record RawMail(List<HeaderField> header, InputStream body) {
    /// A header of more bytes is bad; so memory is bounded.
    static final int HEADER_BYTES_MAX = 1 << 20;

    public RawMail {
        header = List.copyOf(header);
    }

    /// Reads the header. A first line `From ` of a mailbox file is dropped. A line that is no field
    /// ends the header without being lost: the body begins with it.
    ///
    /// @throws BadMessageException where the message can never be taken
    public static RawMail read(CrlfInput in) throws IOException {
        return new HeaderReader(in).read();
    }

    private static final class HeaderReader {
        private final CrlfInput in;
        private final List<HeaderField> fields = new ArrayList<>();
        private final StringBuilder field = new StringBuilder();
        private int left = HEADER_BYTES_MAX;
        private boolean isFirst = true;

        HeaderReader(CrlfInput in) {
            this.in = in;
        }

        RawMail read() throws IOException {
            while (true) {
                if (left == 0) {
                    throw tooLarge();
                }
                String line = readLine();
                boolean isWhole = line.endsWith("\r\n");
                String text = isWhole ? line.substring(0, line.length() - 2) : line;
                boolean isField = HeaderField.nameLength(text) > 0;
                boolean isMailboxLine = isFirst && isWhole && !isField && isMailboxLine(text);
                isFirst = false;
                boolean isContinued = !field.isEmpty() && isBlank(text);
                if (!isWhole && !line.isEmpty() && (isContinued || isField)) {
                    throw tooLarge();
                }
                if (isContinued) {
                    field.append("\r\n").append(text);
                } else if (isField) {
                    endField();
                    field.append(text);
                } else if (!isMailboxLine) {
                    endField();
                    return new RawMail(fields, body(text.isEmpty() ? "" : line));
                }
            }
        }

        private static BadMessageException tooLarge() {
            return new BadMessageException(
                    "the header has more than " + HEADER_BYTES_MAX + " bytes");
        }

        /// Where a body begins without an empty line before, what was read of it comes first.
        private InputStream body(String begun) {
            byte[] bytes = begun.getBytes(StandardCharsets.ISO_8859_1);
            return bytes.length == 0
                    ? in
                    : new SequenceInputStream(new ByteArrayInputStream(bytes), in);
        }

        private void endField() {
            if (!field.isEmpty()) {
                fields.add(HeaderField.of(field.toString()));
                field.setLength(0);
            }
        }

        private static boolean isBlank(String text) {
            return text.startsWith(" ") || text.startsWith("\t");
        }

        private static boolean isMailboxLine(String text) {
            return text.startsWith("From ") || text.startsWith(">From ");
        }

        /// Up to its CRLF, or to the end, or to where the header may have no more.
        private String readLine() throws IOException {
            var line = new StringBuilder();
            while (left > 0) {
                int b = in.read();
                if (b < 0) {
                    break;
                }
                left--;
                line.append((char) b);
                if (b == '\n') {
                    break;
                }
            }
            return line.toString();
        }
    }
}
