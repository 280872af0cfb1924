package io.whimbrel.reception;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.SessionState.Closed;
import io.whimbrel.reception.SessionState.Greeted;
import io.whimbrel.reception.SessionState.InChunks;
import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.reception.SessionState.Ready;
import io.whimbrel.reception.Step.Answer;
import io.whimbrel.reception.Step.Begin;
import io.whimbrel.reception.Step.SkipChunk;
import io.whimbrel.reception.Step.TakeChunk;
import io.whimbrel.reception.Step.TakeData;
import io.whimbrel.smtp.ChunkDecoder;
import io.whimbrel.smtp.DataDecoder;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpInput;
import io.whimbrel.smtp.SmtpReply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// One client's connection: reads commands, lets [SmtpSession] decide, reads messages, answers. Its
/// virtual thread runs [#run]; any thread may call [#drain], [#endOverdue] and [#close].
final class SmtpConnection {
    private static final Logger LOG = LoggerFactory.getLogger(SmtpConnection.class);

    /// A message too large is read to its end, for the sake of a clear answer, up to this many
    /// times the limit.
    private static final int OVERSIZE_FACTOR = 4;

    private static final int LINGER_BYTES = 256 << 10;
    private static final Duration LINGER = Duration.ofSeconds(5);

    private static final SmtpReply TIMED_OUT =
            SmtpReply.of(421, 4, 4, 2, "Waited too long for you; closing");
    private static final SmtpReply TOO_LONG =
            SmtpReply.of(421, 4, 4, 2, "This session has lasted too long; open another");
    private static final SmtpReply SHUTTING_DOWN =
            SmtpReply.of(421, 4, 3, 2, "Shutting down; try again later");
    private static final SmtpReply TOO_MANY_ERRORS =
            SmtpReply.of(421, 4, 7, 0, "Too many errors; closing");
    private static final SmtpReply BUG =
            SmtpReply.of(421, 4, 3, 0, "Internal error; try again later");

    private final TimedSocket socket;
    private final Client client;
    private final MessageIntake intake;
    private final Metrics metrics;
    private final SmtpSession session;
    private final SmtpInput input;
    private final ReplyWriter replies;
    private final ArrivingBodies.Claim claim;

    private SessionState state = new Greeted();

    /// Since the last message that was taken.
    private int errors;

    /// In the present transaction, of a client that may relay.
    private int refusedRecipients;

    /// Refusals that are no errors, for they follow from a MAIL that we put off.
    private int forgiven;

    /// The message that comes by BDAT; there while the state is `InChunks`.
    private Optional<Chunks> chunks = Optional.empty();

    private volatile boolean isDraining;

    /// The connection waits for a command, and no transaction is open.
    private volatile boolean isBetweenTransactions;

    private record Chunks(IncomingMail mail, ChunkDecoder decoder) {}

    SmtpConnection(TimedSocket socket, Client client, MessageIntake intake, Metrics metrics) {
        this.socket = socket;
        this.client = client;
        this.intake = intake;
        this.metrics = metrics;
        this.session = new SmtpSession(client);
        this.input = new SmtpInput(socket);
        this.replies = new ReplyWriter(socket);
        this.claim = intake.claim();
    }

    /// Serves the client until one of the two ends it.
    void run() {
        try {
            converse();
        } catch (IOException _) {
            // The client went away, or was cut off; what was not answered is its to send again.
        } catch (RuntimeException e) {
            metrics.bugs.inc();
            LOG.error("Session with {} ended by a bug", client.literal(), e);
            sayBug();
        } finally {
            forgetChunks();
            claim.end();
            socket.close();
        }
    }

    /// A refusal in place of the greeting.
    void refuse(SmtpReply reply) {
        try (socket) {
            end(reply);
        } catch (IOException _) {
            // It did not wait for the answer.
        }
    }

    /// The node is to stop: an open transaction may finish, then the session ends with 421.
    void drain() {
        isDraining = true;
        if (isBetweenTransactions) {
            socket.stopReading();
        }
    }

    void endOverdue(long nowMillis) {
        socket.endOverdue(nowMillis);
    }

    /// Breaks off whatever goes on.
    void close() {
        socket.close();
    }

    private void converse() throws IOException {
        replies.add(client.terms().greeting());
        while (!(state instanceof Closed)) {
            Optional<SmtpCommand> command = nextCommand();
            if (command.isEmpty()) {
                return;
            }
            carryOut(session.step(state, command.get()));
            if (!(state instanceof InChunks)) {
                forgetChunks();
            }
            if (!isTransactionOpen()) {
                claim.end();
            }
        }
    }

    private Optional<SmtpCommand> nextCommand() throws IOException {
        isBetweenTransactions = !isTransactionOpen();
        socket.setBetweenTransactions(isBetweenTransactions);
        if (isBetweenTransactions) {
            refusedRecipients = 0;
            if (isDraining) {
                end(SHUTTING_DOWN);
                return Optional.empty();
            }
            if (socket.isOld()) {
                end(TOO_LONG);
                return Optional.empty();
            }
        }
        if (!input.hasCommand()) {
            replies.flush();
        }
        Optional<SmtpCommand> command = input.readCommand();
        isBetweenTransactions = false;
        if (command.isEmpty()) {
            endOfInput();
        }
        return command;
    }

    private boolean isTransactionOpen() {
        return state instanceof InTransaction || state instanceof InChunks;
    }

    private void carryOut(Step step) throws IOException {
        switch (step) {
            case Answer(SessionState next, SmtpReply reply) -> answer(next, reply);
            case Begin(InTransaction transaction, long size) -> begin(transaction, size);
            case TakeData(InTransaction transaction) -> takeData(transaction);
            case TakeChunk chunk -> takeChunk(chunk);
            case SkipChunk(SessionState next, long size, SmtpReply reply) ->
                    skipChunk(next, size, reply);
        }
    }

    private void begin(InTransaction transaction, long size) throws IOException {
        Optional<SmtpReply> refusal = intake.open(claim, size);
        forgiven = 0;
        if (refusal.isPresent()) {
            // RCPT for each recipient, and DATA, may be on their way already.
            forgiven = client.terms().limits().recipientsMax() + 1;
            answer(new Ready(transaction.hello()), refusal.get());
        } else {
            answer(transaction, SmtpSession.SENDER_OK);
        }
    }

    private void answer(SessionState next, SmtpReply reply) throws IOException {
        if (isOneTooMany(reply)) {
            end(TOO_MANY_ERRORS);
        } else if (next instanceof Closed && !reply.equals(SmtpReply.CLOSING)) {
            end(reply);
        } else {
            state = next;
            replies.add(reply);
            if (next instanceof Closed) {
                replies.flush();
            }
        }
    }

    /// Counts refusals. 452 after too many recipients is none: the client sends the rest another
    /// time.
    ///
    /// An application sends a list with bad addresses in it as one message, and would never get the
    /// others out: within its transactions it may have as many refused as taken.
    private boolean isOneTooMany(SmtpReply reply) {
        SessionLimits limits = client.terms().limits();
        if (!reply.isPermanent()) {
            return false;
        }
        if (forgiven-- > 0) {
            return false;
        }
        if (client.mayRelay() && state instanceof InTransaction) {
            return ++refusedRecipients > limits.recipientsMax();
        }
        return ++errors >= limits.errorsMax();
    }

    private void answerMessage(InTransaction transaction, SmtpReply reply) throws IOException {
        if (reply.isPositive()) {
            // Applications keep one session open for an hour: a few bad addresses among thousands
            // of messages must not end it.
            errors = 0;
        }
        state = new Ready(transaction.hello());
        replies.add(reply);
    }

    private void takeData(InTransaction transaction) throws IOException {
        try (IncomingMail mail = intake.begin(transaction, client, claim)) {
            replies.add(SmtpReply.START_MAIL_INPUT);
            replies.flush();
            var decoder = new DataDecoder(mail);
            socket.setReadTimeout(client.terms().limits().dataTimeout());
            SmtpInput.DataEnd end = input.readData(decoder, readMost());
            socket.setReadTimeout(client.terms().limits().commandTimeout());
            switch (end) {
                case GONE -> endOfInput();
                case TOO_MUCH -> end(tooLarge());
                case COMPLETE -> {
                    if (decoder.defect().isPresent()) {
                        end(decoder.defect().get().reply());
                    } else {
                        answerMessage(transaction, intake.accept(mail, decoder.isEightBit()));
                    }
                }
            }
        }
    }

    private void takeChunk(TakeChunk chunk) throws IOException {
        InTransaction transaction = chunk.transaction();
        if (chunk.size() > readMost()) {
            end(tooLarge());
            return;
        }
        Chunks open = chunks.orElseGet(() -> openChunks(transaction));
        chunks = Optional.of(open);
        flushBeforeWaiting(chunk.size());
        socket.setReadTimeout(client.terms().limits().dataTimeout());
        boolean isComplete = input.readChunk(chunk.size(), open.decoder());
        socket.setReadTimeout(client.terms().limits().commandTimeout());
        if (!isComplete) {
            endOfInput();
            return;
        }
        if (chunk.isLast()) {
            open.decoder().end();
        }
        if (open.decoder().defect().isPresent()) {
            end(open.decoder().defect().get().reply());
        } else if (open.mail().isTooLarge()) {
            // Chunks that follow find no transaction, and are read over.
            answer(new Ready(transaction.hello()), tooLarge());
        } else if (chunk.isLast()) {
            answerMessage(transaction, intake.accept(open.mail(), open.decoder().isEightBit()));
        } else {
            state = new InChunks(transaction);
            replies.add(SmtpReply.of(250, 2, 0, 0, chunk.size() + " octets received"));
        }
    }

    private Chunks openChunks(InTransaction transaction) {
        IncomingMail mail = intake.begin(transaction, client, claim);
        return new Chunks(mail, new ChunkDecoder(mail));
    }

    private void skipChunk(SessionState next, long size, SmtpReply reply) throws IOException {
        flushBeforeWaiting(size);
        if (size > readMost()) {
            end(reply);
        } else if (input.skip(size)) {
            answer(next, reply);
        } else {
            endOfInput();
        }
    }

    private void flushBeforeWaiting(long size) throws IOException {
        if (!input.hasOctets(size)) {
            replies.flush();
        }
    }

    private void forgetChunks() {
        if (chunks.isPresent()) {
            chunks.get().mail().close();
            chunks = Optional.empty();
        }
    }

    private long readMost() {
        return OVERSIZE_FACTOR * client.terms().limits().messageBytesMax();
    }

    private SmtpReply tooLarge() {
        return SmtpSession.tooLarge(client.terms().limits().messageBytesMax());
    }

    /// The client closed its side, or we stopped reading: then it is told why.
    private void endOfInput() throws IOException {
        state = new Closed();
        if (socket.isOverdue()) {
            end(socket.isOld() ? TOO_LONG : TIMED_OUT);
        } else if (isDraining) {
            end(SHUTTING_DOWN);
        } else {
            replies.flush();
        }
    }

    /// Says the last reply and sees that it can arrive; only a stop of the node is not to wait for
    /// that.
    private void end(SmtpReply reply) throws IOException {
        state = new Closed();
        replies.add(reply);
        replies.flush();
        if (!isDraining) {
            socket.linger(LINGER_BYTES, LINGER);
        }
    }

    private void sayBug() {
        try {
            end(BUG);
        } catch (IOException _) {
            // The client is gone as well.
        }
    }
}
