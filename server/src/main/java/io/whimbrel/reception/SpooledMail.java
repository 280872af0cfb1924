package io.whimbrel.reception;

import io.whimbrel.budget.HeapWatch;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AcceptResult;
import io.whimbrel.spool.IncomingBody;
import io.whimbrel.spool.Spool;
import io.whimbrel.time.Pause;

import java.time.InstantSource;
import java.util.Optional;

/// The mail store of a running node: spool first, then schedule. Thread-safe.
record SpooledMail(Spool spool, Schedule schedule, HeapWatch heap, InstantSource clock)
        implements MailStore {

    @Override
    public Optional<SmtpReply> refusal() {
        return spool.refusal().or(heap::refusal);
    }

    @Override
    public Body begin() {
        return new SpooledBody(this, spool.newBody());
    }

    private record SpooledBody(SpooledMail store, IncomingBody body) implements Body {

        @Override
        public QueueId id() {
            return body.id();
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            body.write(bytes, from, length);
        }

        /// Where the disk fills, waits first: while nothing is durable yet, a client that loses
        /// patience makes no duplicate.
        @Override
        public SmtpReply accept(Envelope envelope, String origin) {
            Pause.of(store.spool.slowness());
            return switch (store.spool.accept(envelope, body, origin)) {
                case AcceptResult.Stored(var message) -> {
                    store.schedule.admit(message, store.clock.instant());
                    yield SmtpReply.of(250, 2, 0, 0, "queued as " + message.id());
                }
                case AcceptResult.Refused(SmtpReply reply) -> reply;
            };
        }

        @Override
        public void close() {
            body.close();
        }
    }
}
