package io.whimbrel.reception;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.smtp.SmtpReply;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// A mail store in memory, for tests. Thread-safe.
final class MemoryMail implements MailStore {

    /// @param bytes as they would lie in the spool
    record Stored(QueueId id, Envelope envelope, String origin, byte[] bytes) {

        String text() {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }

        /// The message without our Received field.
        String sent() {
            String text = text();
            int end = text.indexOf("\r\n");
            while (text.startsWith("\t", end + 2)) {
                end = text.indexOf("\r\n", end + 2);
            }
            return text.substring(end + 2);
        }
    }

    private final List<Stored> stored = new CopyOnWriteArrayList<>();
    private final AtomicLong nextId = new AtomicLong(1);
    private final AtomicInteger open = new AtomicInteger();
    private volatile Optional<SmtpReply> refusal = Optional.empty();
    private volatile Optional<SmtpReply> mailRefusal = Optional.empty();
    private volatile Runnable beforeAccept = () -> {};

    List<Stored> stored() {
        return stored;
    }

    /// Bodies begun and not closed.
    int open() {
        return open.get();
    }

    void refuseWith(SmtpReply reply) {
        refusal = Optional.of(reply);
    }

    void beforeAccept(Runnable action) {
        beforeAccept = action;
    }

    /// What MAIL is answered from now on.
    void refuseMailWith(Optional<SmtpReply> reply) {
        mailRefusal = reply;
    }

    @Override
    public Optional<SmtpReply> refusal() {
        return mailRefusal;
    }

    @Override
    public Body begin() {
        open.incrementAndGet();
        return new MemoryBody(new QueueId(nextId.getAndIncrement()));
    }

    private final class MemoryBody implements Body {
        private final QueueId id;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        MemoryBody(QueueId id) {
            this.id = id;
        }

        @Override
        public QueueId id() {
            return id;
        }

        @Override
        public void write(byte[] part, int from, int length) {
            bytes.write(part, from, length);
        }

        @Override
        public SmtpReply accept(Envelope envelope, String origin) {
            beforeAccept.run();
            if (refusal.isPresent()) {
                return refusal.get();
            }
            stored.add(new Stored(id, envelope, origin, bytes.toByteArray()));
            return SmtpReply.of(250, 2, 0, 0, "queued as " + id);
        }

        @Override
        public void close() {
            open.decrementAndGet();
        }
    }
}
