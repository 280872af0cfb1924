package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Keeps what is left of a damaged message, for people: envelope, an empty line, the good parts of
/// its body. Thread-safe.
final class Quarantine {
    private Quarantine() {}

    /// @param body places of its parts; those that cannot be read are left out
    /// @return the name of the file that it is in
    static String keep(
            SpoolFiles files,
            QueueId id,
            long size,
            Optional<Envelope> envelope,
            List<SpoolSegment.Place> body)
            throws IOException {
        String name = SpoolFiles.QUARANTINE + id + ".message";
        var text = new StringBuilder("id " + id + "\nsize " + size + "\n");
        envelope.ifPresent(known -> describe(known, text));
        text.append('\n');
        try (SpoolFiles.SpoolFile file = files.create(name)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
            long at = bytes.remaining();
            file.write(bytes, 0);
            for (SpoolSegment.Place place : body) {
                at += copy(place, file, at);
            }
            file.sync();
        }
        return name;
    }

    private static int copy(SpoolSegment.Place place, SpoolFiles.SpoolFile file, long at)
            throws IOException {
        ByteBuffer part;
        try {
            part = place.read();
        } catch (IOException _) {
            return 0;
        }
        // Leaves the position behind id and index.
        RecordCodec.decode(part.get(LogFormat.TYPE_AT), part);
        int length = part.remaining();
        file.write(part, at);
        return length;
    }

    private static void describe(Envelope envelope, StringBuilder text) {
        text.append("from ").append(envelope.reversePath()).append('\n');
        for (Recipient recipient : envelope.recipients()) {
            text.append("to ").append(recipient.path()).append('\n');
        }
    }
}
