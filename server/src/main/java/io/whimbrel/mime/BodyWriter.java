package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

/// Writes one body in another form as it streams by. Confined to one thread.
sealed interface BodyWriter extends ByteSink
        permits Base64Writer, MaskWriter, PlainWriter, QuotedPrintableWriter, RepairWriter {

    /// Once, behind the last octet.
    void finish();
}
