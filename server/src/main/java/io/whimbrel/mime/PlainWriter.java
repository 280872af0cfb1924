package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

/// Writes a body as it is. Confined to one thread.
record PlainWriter(ByteSink sink) implements BodyWriter {

    @Override
    public void write(byte[] bytes, int from, int length) {
        sink.write(bytes, from, length);
    }

    @Override
    public void finish() {}
}
