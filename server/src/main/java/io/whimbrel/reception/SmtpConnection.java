package io.whimbrel.reception;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.SessionState.Closed;
import io.whimbrel.reception.SessionState.Greeted;
import io.whimbrel.reception.SessionState.InChunks;
import io.whimbrel.reception.SessionState.InTransaction;
import io.whimbrel.reception.SessionState.Ready;
import io.whimbrel.reception.Step.Admit;
import io.whimbrel.reception.Step.Answer;
import io.whimbrel.reception.Step.Authenticate;
import io.whimbrel.reception.Step.Begin;
import io.whimbrel.reception.Step.BeginTls;
import io.whimbrel.reception.Step.Introduce;
import io.whimbrel.reception.Step.SkipChunk;
import io.whimbrel.reception.Step.TakeChunk;
import io.whimbrel.reception.Step.TakeData;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpInput;
import io.whimbrel.smtp.SmtpReply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// One client's connection: reads commands, lets [SmtpSession] decide, reads messages, answers. Its
/// virtual thread runs [#run]; any thread may call [#drain].
final class SmtpConnection {
    private static final Logger LOG = LoggerFactory.getLogger(SmtpConnection.class);

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
    private final MessageIntake intake;
    private final Metrics metrics;
    private final SmtpInput input;
    private final ReplyWriter replies;
    private final ArrivingBodies.Claim claim;
    private final Transfer transfer;
    private final Patience patience;

    private Client client;
    private SmtpSession session;

    private SessionState state = new Greeted();

    private volatile boolean isDraining;

    /// The connection waits for a command, and no transaction is open.
    private volatile boolean isBetweenTransactions;

    SmtpConnection(TimedSocket socket, Client client, MessageIntake intake, Metrics metrics) {
        this.socket = socket;
        this.client = client;
        this.intake = intake;
        this.metrics = metrics;
        this.session = new SmtpSession(client);
        this.input = new SmtpInput(socket);
        this.replies = new ReplyWriter(socket);
        this.claim = intake.claim();
        var means = new Transfer.Means(socket, input, replies, intake, claim);
        this.transfer = new Transfer(means, client.terms().limits());
        this.patience = new Patience(client.terms().limits());
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
            transfer.forgetChunks();
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

    private void converse() throws IOException {
        replies.add(client.terms().greeting());
        while (!(state instanceof Closed)) {
            Optional<SmtpCommand> command = nextCommand();
            if (command.isEmpty()) {
                return;
            }
            carryOut(session.step(state, command.get()));
            if (!(state instanceof InChunks)) {
                transfer.forgetChunks();
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
            patience.transactionIsOver();
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
            case Admit(InTransaction transaction) -> admit(transaction);
            case BeginTls(SmtpReply reply) -> beginTls(reply);
            case Authenticate(SessionState next, SmtpCommand.Auth command) ->
                    authenticate(next, command);
            case Introduce(SmtpCommand.Xclient command) -> introduce(command);
            case TakeData(InTransaction transaction) ->
                    conclude(transfer.takeData(transaction, client));
            case TakeChunk chunk -> conclude(transfer.takeChunk(chunk, client));
            case SkipChunk chunk -> conclude(transfer.skipChunk(chunk));
        }
    }

    private void begin(InTransaction transaction, long size) throws IOException {
        Optional<SmtpReply> refusal = intake.open(claim, size);
        patience.mailBegins();
        if (refusal.isPresent()) {
            patience.mailWasPutOff();
            answer(new Ready(transaction.hello()), refusal.get());
        } else {
            answer(transaction, SmtpSession.SENDER_OK);
        }
    }

    private void admit(InTransaction transaction) throws IOException {
        answer(transaction, SmtpSession.RECIPIENT_OK);
    }

    private void beginTls(SmtpReply reply) throws IOException {
        replies.add(reply);
        replies.flush();
        throw new IOException("not yet");
    }

    private void authenticate(SessionState next, SmtpCommand.Auth command) throws IOException {
        answer(next, SmtpReply.of(502, 5, 5, 1, "not yet " + command.mechanism()));
    }

    /// The client behind a proxy is another one: all that was known of it is void.
    private void introduce(SmtpCommand.Xclient command) throws IOException {
        Optional<Client> introduced = Introduction.of(client, command);
        if (introduced.isEmpty()) {
            answer(state, Introduction.BAD);
            return;
        }
        become(introduced.get());
        state = new Greeted();
        replies.add(client.terms().greeting());
    }

    /// From here on the session is one with `next`.
    private void become(Client next) {
        client = next;
        session = new SmtpSession(next);
    }

    private void conclude(Transfer.Result result) throws IOException {
        switch (result) {
            case Transfer.Result.Ended(InTransaction transaction, SmtpReply reply) ->
                    answerMessage(transaction, reply);
            case Transfer.Result.Answered(SessionState next, SmtpReply reply) ->
                    answer(next, reply);
            case Transfer.Result.Broken(SmtpReply last) -> end(last);
            case Transfer.Result.Gone() -> endOfInput();
        }
    }

    private void answer(SessionState next, SmtpReply reply) throws IOException {
        boolean isOurSender = client.mayRelay() && state instanceof InTransaction;
        if (patience.isAtEnd(reply, isOurSender)) {
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

    /// LMTP has a reply for each recipient that was taken (RFC 2033 §4.2); they share the message,
    /// and so its fate.
    private void answerMessage(InTransaction transaction, SmtpReply reply) throws IOException {
        if (reply.isPositive()) {
            patience.messageWasTaken();
        }
        state = new Ready(transaction.hello());
        int count = client.terms().settings().isLmtp() ? transaction.recipients().size() : 1;
        for (int i = 0; i < count; i++) {
            replies.add(reply);
        }
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
