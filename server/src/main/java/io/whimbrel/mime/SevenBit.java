package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

import java.nio.charset.StandardCharsets;

/// Writes a message as a host without 8BITMIME takes it (RFC 6152 §3), as it streams by a second
/// time: what a [Survey] has found is encoded, the field Content-Transfer-Encoding takes the place
/// of the one that was there, or is added at the end of its header; all else stays byte for byte.
/// Confined to one thread.
///
/// A message without MIME-Version gets one, for its new encoding would mean nothing else; and where
/// it says of no type, `text/plain` in `utf-8` where its body is that, else in `unknown-8bit` (RFC
/// 1428 §3).
///
/// The message must be the same, cut into pieces anywhere.
public final class SevenBit implements ByteSink {
    private static final byte[] LINE_END = {'\r', '\n'};

    private final Plan plan;
    private final ByteSink sink;
    private final Walker walker;
    private final MaskWriter mask;
    private BodyWriter writer;

    /// Whether the present header has its Content-Transfer-Encoding.
    private boolean isLabelled;

    /// Whether base64 was written last, which does not end its line.
    private boolean isLineOpen;

    public SevenBit(Findings findings, ByteSink sink) {
        this.plan = findings.plan();
        this.sink = sink;
        this.mask = new MaskWriter(sink);
        this.writer = mask;
        this.walker = new Walker(new Writing());
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        walker.write(bytes, from, length);
    }

    /// The end of the message. To be called once.
    public void finish() {
        walker.finish();
        if (isLineOpen) {
            sink.write(LINE_END, 0, LINE_END.length);
        }
    }

    private final class Writing implements Walker.Listener {

        @Override
        public void begin(Entity entity) {
            isLabelled = false;
        }

        @Override
        public void field(Entity entity, FieldName name, byte[] bytes, int length) {
            String label = plan.action(entity.number).label();
            if (name != FieldName.CONTENT_TRANSFER_ENCODING || label.isEmpty()) {
                sink.write(bytes, 0, length);
            } else if (!isLabelled) {
                writeLabel(label);
            }
        }

        @Override
        public void headerEnd(Entity entity, boolean isBlankNext) {
            Action action = plan.action(entity.number);
            boolean hasAdded = false;
            if (entity.isMessage && !entity.hasMimeVersion() && plan.isEncoded(entity.number)) {
                writeLine("MIME-Version: 1.0");
                hasAdded = true;
            }
            boolean isEncoded = action == Action.QUOTED_PRINTABLE || action == Action.BASE64;
            if (hasAdded && isEncoded && !entity.hasContentType()) {
                String charset = plan.isUtf8(entity.number) ? "utf-8" : "unknown-8bit";
                writeLine("Content-Type: text/plain; charset=" + charset);
            }
            if (!isLabelled && !action.label().isEmpty()) {
                writeLabel(action.label());
                hasAdded = true;
            }
            if (hasAdded && !isBlankNext) {
                sink.write(LINE_END, 0, LINE_END.length);
            }
            writer = writer(action);
        }

        @Override
        public void body(Entity entity, byte[] bytes, int from, int length) {
            writer.write(bytes, from, length);
        }

        @Override
        public void part(Entity entity) {}

        @Override
        public void structure(byte[] bytes, int from, int length) {
            isLineOpen = false;
            sink.write(bytes, from, length);
        }

        @Override
        public void epilogue(byte[] bytes, int from, int length) {
            mask.write(bytes, from, length);
        }

        @Override
        public void end(Entity entity) {
            writer.finish();
            isLineOpen |= writer instanceof Base64Writer base64 && base64.hasLines();
            writer = mask;
        }
    }

    private BodyWriter writer(Action action) {
        return switch (action) {
            case KEEP -> new PlainWriter(sink);
            case MASK, LABEL -> mask;
            case QUOTED_PRINTABLE -> new QuotedPrintableWriter(sink);
            case BASE64 -> new Base64Writer(sink);
            case REPAIR -> new RepairWriter(sink);
        };
    }

    private void writeLabel(String label) {
        writeLine("Content-Transfer-Encoding: " + label);
        isLabelled = true;
    }

    private void writeLine(String text) {
        byte[] line = (text + "\r\n").getBytes(StandardCharsets.US_ASCII);
        sink.write(line, 0, line.length);
    }
}
