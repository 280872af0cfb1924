package io.whimbrel.reception;

import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.reception.SessionState.Ready;
import io.whimbrel.reception.Step.SkipChunk;
import io.whimbrel.reception.Step.TakeChunk;
import io.whimbrel.smtp.ChunkDecoder;
import io.whimbrel.smtp.DataDecoder;
import io.whimbrel.smtp.SmtpInput;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.socket.TimedSocket;

import java.io.IOException;
import java.util.Optional;

/// Reads the messages of one connection, by DATA and by BDAT. Confined to its thread.
final class Transfer {
    /// A message too large is read to its end, for the sake of a clear answer, up to this many
    /// times the limit.
    private static final int OVERSIZE_FACTOR = 4;

    private final TimedSocket socket;
    private final SmtpInput input;
    private final ReplyWriter replies;
    private final MessageIntake intake;
    private final SessionLimits limits;

    /// The message that comes by BDAT; there while the state is `InChunks`.
    private Optional<Chunks> chunks = Optional.empty();

    /// What came of it.
    sealed interface Result {

        /// The whole message has come, and this is the answer to it.
        record Ended(InTransaction transaction, SmtpReply reply) implements Result {}

        /// A chunk has come or was read over, and this is the answer.
        record Answered(SessionState next, SmtpReply reply) implements Result {}

        /// Nothing that follows can be told from commands, or is worth reading.
        record Broken(SmtpReply last) implements Result {}

        /// The client went away.
        record Gone() implements Result {}
    }

    private record Chunks(IncomingMail mail, ChunkDecoder decoder) {}

    /// The connection's parts that it works with.
    record Means(TimedSocket socket, SmtpInput input, ReplyWriter replies, MessageIntake intake) {}

    Transfer(Means means, SessionLimits limits) {
        this.socket = means.socket;
        this.input = means.input;
        this.replies = means.replies;
        this.intake = means.intake;
        this.limits = limits;
    }

    Result takeData(Arrival arrival) throws IOException {
        try (IncomingMail mail = intake.begin(arrival)) {
            replies.add(SmtpReply.START_MAIL_INPUT);
            replies.flush();
            var decoder = new DataDecoder(mail);
            socket.setReadTimeout(limits.dataTimeout());
            SmtpInput.DataEnd end = input.readData(decoder, readMost());
            socket.setReadTimeout(limits.commandTimeout());
            return switch (end) {
                case GONE -> new Result.Gone();
                case TOO_MUCH -> new Result.Broken(tooLarge(arrival));
                case COMPLETE ->
                        decoder.defect().isPresent()
                                ? new Result.Broken(decoder.defect().get().reply())
                                : new Result.Ended(
                                        arrival.transaction(),
                                        intake.accept(mail, decoder.isEightBit()));
            };
        }
    }

    Result takeChunk(TakeChunk chunk, Arrival arrival) throws IOException {
        InTransaction transaction = chunk.transaction();
        if (chunk.size() > readMost()) {
            return new Result.Broken(tooLarge(arrival));
        }
        Chunks open = chunks.orElseGet(() -> openChunks(arrival));
        chunks = Optional.of(open);
        flushBeforeWaiting(chunk.size());
        socket.setReadTimeout(limits.dataTimeout());
        boolean isComplete = input.readChunk(chunk.size(), open.decoder());
        socket.setReadTimeout(limits.commandTimeout());
        if (!isComplete) {
            return new Result.Gone();
        }
        if (chunk.isLast()) {
            open.decoder().end();
        }
        if (open.decoder().defect().isPresent()) {
            return new Result.Broken(open.decoder().defect().get().reply());
        }
        if (open.mail().isTooLarge()) {
            if (chunk.isLast()) {
                return new Result.Ended(transaction, tooLarge(arrival));
            }
            // Chunks that follow find no transaction, and are read over.
            return new Result.Answered(new Ready(transaction.hello()), tooLarge(arrival));
        }
        if (chunk.isLast()) {
            SmtpReply reply = intake.accept(open.mail(), open.decoder().isEightBit());
            return new Result.Ended(transaction, reply);
        }
        return new Result.Answered(
                new SessionState.InChunks(transaction),
                SmtpReply.of(250, 2, 0, 0, chunk.size() + " octets received"));
    }

    /// Reads over a chunk that is not wanted.
    Result skipChunk(SkipChunk chunk) throws IOException {
        flushBeforeWaiting(chunk.size());
        if (chunk.size() > readMost()) {
            return new Result.Broken(chunk.reply());
        }
        return input.skip(chunk.size())
                ? new Result.Answered(chunk.next(), chunk.reply())
                : new Result.Gone();
    }

    /// Drops what has come of a message by BDAT.
    void forgetChunks() {
        if (chunks.isPresent()) {
            chunks.get().mail().close();
            chunks = Optional.empty();
        }
    }

    private Chunks openChunks(Arrival arrival) {
        IncomingMail mail = intake.begin(arrival);
        return new Chunks(mail, new ChunkDecoder(mail));
    }

    private void flushBeforeWaiting(long size) throws IOException {
        if (!input.hasOctets(size)) {
            replies.flush();
        }
    }

    private long readMost() {
        return OVERSIZE_FACTOR * limits.messageBytesMax();
    }

    private static SmtpReply tooLarge(Arrival arrival) {
        return SmtpSession.tooLarge(arrival.client().messageBytesMax());
    }
}
