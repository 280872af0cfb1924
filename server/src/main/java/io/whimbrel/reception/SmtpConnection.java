package io.whimbrel.reception;

import io.whimbrel.auth.SaslExchange;
import io.whimbrel.auth.SaslStep;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.DoorConsequence;
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
import io.whimbrel.smtp.SmtpInput.TextLine;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.socket.TimedSocket;
import io.whimbrel.time.Pause;
import io.whimbrel.tls.TlsFacts;

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
    private static final SmtpReply LOGIN_IS_VOID =
            SmtpReply.of(421, 4, 7, 0, "This login holds no longer; connect and log in again");
    private static final SmtpReply AUTH_LINE_TOO_LONG =
            SmtpReply.of(500, 5, 5, 6, "Authentication exchange line is too long");
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

    private final Visit visit;

    private Client client;
    private SmtpSession session;

    private SessionState state = new Greeted();

    /// The command at hand is RCPT.
    private boolean isRecipient;

    private volatile boolean isDraining;

    /// A TLS handshake is under way.
    private volatile boolean isShakingHands;

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
        var means = new Transfer.Means(socket, input, replies, intake);
        this.transfer = new Transfer(means, client.terms().limits());
        this.patience = new Patience(client.terms().limits());
        this.visit = new Visit(client);
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
            visit.end();
            socket.close();
        }
    }

    /// A refusal in place of the greeting; where TLS comes first, the end without a word.
    ///
    /// @param mayLinger whether to wait until the client can have heard it
    void refuse(SmtpReply reply, boolean mayLinger) {
        try (socket) {
            if (client.terms().isTlsImplicit()) {
                return;
            }
            if (mayLinger) {
                end(reply);
            } else {
                replies.add(reply);
                replies.flush();
            }
        } catch (IOException _) {
            // It did not wait for the answer.
        }
    }

    /// The node is to stop: an open transaction may finish, then the session ends with 421.
    void drain() {
        isDraining = true;
        if (isBetweenTransactions || isShakingHands) {
            socket.stopReading();
        }
    }

    private void converse() throws IOException {
        Optional<SmtpReply> refusal = visit.begin();
        if (refusal.isPresent()) {
            refuse(refusal.get(), false);
            return;
        }
        if (client.terms().isTlsImplicit()) {
            shakeHands();
        }
        replies.add(client.terms().greeting());
        while (!(state instanceof Closed)) {
            Optional<SmtpCommand> command = nextCommand();
            if (command.isEmpty()) {
                return;
            }
            isRecipient = command.get() instanceof SmtpCommand.Rcpt;
            carryOut(session.step(state, command.get(), intake.now()));
            if (!(state instanceof InChunks)) {
                transfer.forgetChunks();
            }
            if (!isTransactionOpen()) {
                claim.end();
                visit.transactionIsOver();
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
            case Begin(InTransaction transaction, SmtpPath path, long size) ->
                    begin(transaction, path, size);
            case Admit admit -> admit(admit);
            case BeginTls(SmtpReply reply) -> beginTls(reply);
            case Authenticate(SessionState next, SmtpCommand.Auth command) ->
                    authenticate(next, command);
            case Introduce(SmtpCommand.Xclient command) -> introduce(command);
            case TakeData(InTransaction transaction) ->
                    conclude(transfer.takeData(arrival(transaction)));
            case TakeChunk chunk ->
                    conclude(transfer.takeChunk(chunk, arrival(chunk.transaction())));
            case SkipChunk chunk -> conclude(transfer.skipChunk(chunk));
        }
    }

    private void begin(InTransaction transaction, SmtpPath path, long size) throws IOException {
        patience.mailBegins();
        Optional<SmtpReply> refusal =
                refusalOfLogin()
                        .or(() -> visit.mail(path, size))
                        .or(() -> intake.open(claim, size));
        if (refusal.isPresent()) {
            if (!refusal.get().isPermanent()) {
                patience.mailWasPutOff();
            }
            visit.transactionIsOver();
            answer(new Ready(transaction.hello()), refusal.get());
        } else {
            answer(transaction, SmtpSession.SENDER_OK);
        }
    }

    /// A user who was changed or removed since sends nothing more.
    private Optional<SmtpReply> refusalOfLogin() {
        if (client.login().isEmpty() || client.login().get().standing().getAsBoolean()) {
            return Optional.empty();
        }
        Optional<SmtpReply> refusal = become(client.with(Optional.empty()));
        return refusal.isPresent() ? refusal : Optional.of(LOGIN_IS_VOID);
    }

    private void admit(Admit step) throws IOException {
        Optional<SmtpReply> refusal =
                visit.recipient(step.recipient().path().domain(), step.isPostmaster());
        InTransaction before = step.transaction();
        answer(
                refusal.isPresent() ? before : before.with(step.recipient()),
                refusal.orElse(SmtpSession.RECIPIENT_OK));
    }

    /// What came in plain text behind STARTTLS is nobody's: whoever put it there could not have put
    /// it into TLS (RFC 3207 §6, CVE-2011-0411).
    private void beginTls(SmtpReply reply) throws IOException {
        replies.add(reply);
        replies.flush();
        if (input.discardBuffered()) {
            LOG.warn("{} sent plain text behind STARTTLS; discarded", client.literal());
        }
        state = new Greeted();
        shakeHands();
    }

    private void shakeHands() throws IOException {
        isShakingHands = true;
        try {
            TlsFacts facts = socket.startTls(client.terms().tls().orElseThrow());
            metrics.tlsSessions.inc();
            endIfRefused(become(client.with(facts)));
        } catch (IOException e) {
            metrics.tlsFailures.inc();
            LOG.debug("{}: TLS handshake: {}", client.literal(), e.getMessage());
            throw e;
        } finally {
            isShakingHands = false;
        }
    }

    private void authenticate(SessionState next, SmtpCommand.Auth command) throws IOException {
        SaslExchange exchange =
                client.terms().authenticator().begin(command.mechanism(), client.authClient());
        SaslStep step = exchange.start(command.initialResponse());
        while (step instanceof SaslStep.Challenge(String base64)) {
            replies.add(SmtpReply.plain(334, base64));
            replies.flush();
            switch (input.readText(SmtpInput.AUTH_LINE_MAX)) {
                case TextLine.Text(String line) -> step = exchange.next(line);
                case TextLine.TooLong() -> {
                    answer(next, AUTH_LINE_TOO_LONG);
                    return;
                }
                case TextLine.Broken(SmtpReply last) -> {
                    end(last);
                    return;
                }
                case TextLine.Gone() -> {
                    endOfInput();
                    return;
                }
            }
        }
        conclude(next, step);
    }

    private void conclude(SessionState next, SaslStep step) throws IOException {
        switch (step) {
            case SaslStep.Granted granted -> {
                if (!endIfRefused(become(client.with(Optional.of(granted))))) {
                    answer(next, granted.reply());
                }
            }
            case SaslStep.Refused(SmtpReply reply, Duration delay) -> {
                Pause.of(delay);
                answer(next, reply);
            }
            case SaslStep.Challenge _ -> throw new IllegalStateException("the exchange goes on");
        }
    }

    /// The client behind a proxy is another one: all that was known of it is void.
    private void introduce(SmtpCommand.Xclient command) throws IOException {
        switch (Introduction.of(client, command)) {
            case Introduction.Of(Client behind) -> {
                if (!endIfRefused(become(behind))) {
                    state = new Greeted();
                    replies.add(client.terms().greeting());
                }
            }
            case Introduction.Bad(SmtpReply reply) -> answer(state, reply);
        }
    }

    private boolean endIfRefused(Optional<SmtpReply> refusal) throws IOException {
        if (refusal.isPresent()) {
            end(refusal.get());
        }
        return refusal.isPresent();
    }

    /// From here on the session is one with `next`.
    ///
    /// @return why it may not go on
    private Optional<SmtpReply> become(Client next) {
        client = next;
        session = new SmtpSession(next);
        return visit.becomes(next);
    }

    private Arrival arrival(InTransaction transaction) {
        return new Arrival(transaction, client, visit, claim);
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
        switch (patience.count(reply, isOurSender)) {
            case AT_END -> end(TOO_MANY_ERRORS);
            case REFUSED -> {
                switch (visit.refused(isRecipient)) {
                    case DoorConsequence.Delay(Duration delay) -> {
                        Pause.of(delay);
                        say(next, reply);
                    }
                    case DoorConsequence.Ended(SmtpReply last) -> end(last);
                }
            }
            case FINE -> say(next, reply);
        }
    }

    private void say(SessionState next, SmtpReply reply) throws IOException {
        boolean isLast = next instanceof Closed || reply.code() == 421;
        if (isLast && !reply.equals(SmtpReply.CLOSING)) {
            end(reply);
            return;
        }
        state = next;
        replies.add(reply);
        if (isLast) {
            replies.flush();
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
