package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// The folder where people find what the spool cannot use.
final class Quarantine {
    private Quarantine() {}

    /// What fills a file in quarantine.
    interface Filling {
        void into(SpoolFiles.SpoolFile file) throws IOException;
    }

    /// Makes a file in quarantine, durably. A disk that is full must not stop the caller.
    ///
    /// @return why there is none; empty where there is
    static Optional<String> keep(SpoolFiles files, String name, Filling filling) {
        try (SpoolFiles.SpoolFile file = files.create(name)) {
            filling.into(file);
            file.sync();
            return Optional.empty();
        } catch (IOException e) {
            try {
                files.delete(name);
            } catch (IOException _) {
                // Then a piece of it stays; the finding says what to think of it.
            }
            return Optional.of("could not be copied to " + name + " (" + e.getMessage() + ")");
        }
    }

    /// What is left of a damaged message: envelope, an empty line, the good parts of its body.
    ///
    /// @param body places of its parts; those that cannot be read are left out
    record Remains(
            QueueId id, long size, Optional<Envelope> envelope, List<SpoolSegment.Place> body) {

        void write(SpoolFiles.SpoolFile file) throws IOException {
            var text = new StringBuilder("id " + id + "\nsize " + size + "\n");
            envelope.ifPresent(known -> describe(known, text));
            text.append('\n');
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
            long at = bytes.remaining();
            file.write(bytes, 0);
            for (SpoolSegment.Place place : body) {
                at += copy(place, file, at);
            }
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
}
