package io.whimbrel.reception;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AcceptResult;
import io.whimbrel.spool.IncomingBody;
import io.whimbrel.spool.Spool;

import java.time.InstantSource;

/// The mail store of a running node: spool first, then schedule. Thread-safe.
record SpooledMail(Spool spool, Schedule schedule, InstantSource clock) implements MailStore {

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

        @Override
        public SmtpReply accept(Envelope envelope, String origin) {
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
