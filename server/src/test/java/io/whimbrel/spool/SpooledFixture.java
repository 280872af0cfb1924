package io.whimbrel.spool;

import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// Spooled messages without a spool, for tests of other rooms. Their bodies cannot be read.
public final class SpooledFixture {
    private static final SpoolSegment NOWHERE = new SpoolSegment(1, 1, new NoFile(), 0);

    private SpooledFixture() {}

    public static SpooledMessage message(long id, Envelope envelope, long size) {
        var states = RecipientStates.accepted(envelope.recipients().size(), envelope.lifeBegins());
        var place = new SpoolSegment.Place(NOWHERE, 0, 0);
        var location = new SpooledMessage.Location(List.of(), List.of(), place);
        return new SpooledMessage(new QueueId(id), envelope, size, states, location);
    }

    /// As the spool does when the record of a move is durable.
    public static void relabel(SpooledMessage message, MailStream stream) {
        synchronized (message) {
            message.relabel(stream);
        }
    }

    /// A file that fails whatever is asked of it.
    private static final class NoFile implements SpoolFiles.SpoolFile {
        private static IOException failure() {
            return new IOException("a fixture has no file");
        }

        @Override
        public void write(ByteBuffer bytes, long position) throws IOException {
            throw failure();
        }

        @Override
        public void read(ByteBuffer bytes, long position) throws IOException {
            throw failure();
        }

        @Override
        public void sync() throws IOException {
            throw failure();
        }

        @Override
        public long size() throws IOException {
            throw failure();
        }

        @Override
        public void close() {}
    }
}
