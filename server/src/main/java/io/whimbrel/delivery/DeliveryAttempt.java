package io.whimbrel.delivery;

import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.Protocol;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.DotStuffing;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.wire.Trouble;
import io.whimbrel.wire.Wire;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// One mail transaction for one queue entry on an open session (RFC 5321 §3.3, RFC 2033).
///
/// Reports what the host said to each recipient and stops. It does not retry, bounce, count,
/// throttle or log. Where the host offers PIPELINING, MAIL, every RCPT and DATA are one group (RFC
/// 2920 §3.1), and the text with its end is the next. Confined to one thread.
final class DeliveryAttempt {
    /// Stands where the host has not decided yet.
    private static final AttemptResult UNDECIDED =
            new NotTried(SmtpReply.of(451, 4, 3, 0, "No result; this is a defect of Whimbrel"));

    /// RFC 6531 §3.5.
    static final AttemptResult NO_UTF8 =
            new NotTried(
                    SmtpReply.of(550, 5, 6, 7, "Needs SMTPUTF8, which the host does not offer"));

    /// RFC 8689 §4.2.1. Whoever opened the session has looked at more than this.
    static final AttemptResult NO_REQUIRETLS =
            new NotTried(
                    SmtpReply.of(550, 5, 7, 30, "Needs REQUIRETLS, which the host does not offer"));

    /// How long a host that hangs up in the middle of the text may take to say why.
    private static final Duration LAST_WORDS_MOST = Duration.ofSeconds(1);

    private static final byte[] EMPTY_TEXT = {'.', '\r', '\n'};
    private static final int SERVICE_CLOSING = 421;

    private final RemoteSession session;
    private final Wire wire;
    private final QueueEntry entry;
    private final Leaving leaving;
    private final BodySource body;
    private final Departure departure;
    private final AttemptResult[] results;
    private final boolean[] accepted;
    private int acceptedCount;
    private Stage stage = Stage.MAIL;
    private Optional<Instant> mailAt = Optional.empty();

    /// When a mail transaction may begin. Immutable.
    ///
    /// @param clock tells the instant at which MAIL is written
    /// @param latest after it MAIL is not written: limits that let the message go have counted it
    ///   for the time until then
    record Departure(InstantSource clock, Instant latest) {

        /// For what no limit holds back.
        static Departure anyTime(InstantSource clock) {
            return new Departure(clock, Instant.MAX);
        }
    }

    /// What came of it.
    sealed interface Ending {

        /// Whether the host has seen MAIL, or may have.
        default boolean isMailWritten() {
            return switch (this) {
                case Tried(var _, Optional<Instant> mailAt) -> mailAt.isPresent();
                case SessionEnded _ -> true;
                case TooLate() -> false;
            };
        }

        /// Whether every recipient was taken.
        default boolean isDelivered() {
            return switch (this) {
                case Tried(List<AttemptResult> results, var _) -> Results.isAllAccepted(results);
                case SessionEnded _, TooLate _ -> false;
            };
        }

        /// The host, or we, decided about every recipient.
        ///
        /// @param mailAt when MAIL was written; empty where it was not
        record Tried(List<AttemptResult> results, Optional<Instant> mailAt) implements Ending {

            /// MAIL was not written.
            Tried(List<AttemptResult> results) {
                this(results, Optional.empty());
            }
        }

        /// It came too late for what limits let go: nothing was tried, they are to be asked again.
        record TooLate() implements Ending {}

        /// A session used before had ended unseen: nothing was tried, a new connection is needed.
        ///
        /// @param said what the host said to MAIL before; empty where it just hung up
        record SessionEnded(Optional<AttemptResult> said) implements Ending {}
    }

    private DeliveryAttempt(
            RemoteSession session, QueueEntry entry, Leaving leaving, Departure departure) {
        this.session = session;
        this.wire = session.wire();
        this.entry = entry;
        this.leaving = leaving;
        this.body = leaving.bodies().get();
        this.departure = departure;
        this.results = new AttemptResult[entry.recipients().size()];
        this.accepted = new boolean[results.length];
        Arrays.fill(results, UNDECIDED);
    }

    /// Tries `entry`; `session` is closed where it cannot be used any more.
    static Ending deliver(
            RemoteSession session, QueueEntry entry, Leaving leaving, Departure departure) {
        return new DeliveryAttempt(session, entry, leaving, departure).run();
    }

    private Ending run() {
        Optional<AttemptResult> ours = ownRefusal();
        if (ours.isPresent()) {
            return decided(ours.get());
        }
        boolean isReused = session.transactions() > 0;
        try {
            // Before MAIL, so that a body that is damaged costs the host nothing.
            byte[] firstPart = nextPart();
            if (lacksUtf8() && !AsciiForms.isHeader(firstPart)) {
                return decided(NO_UTF8);
            }
            if (session.needsReset() && !session.extensions().pipelining()) {
                reset();
            }
            if (!departs()) {
                return new Ending.TooLate();
            }
            session.transactionBegins();
            SmtpReply data = session.extensions().pipelining() ? group() : oneByOne();
            if (session.isOpen()) {
                text(data, firstPart);
            }
        } catch (BodyUnreadableException e) {
            hangUp();
            decide(new NotTried(SmtpReply.of(451, 4, 3, 0, Trouble.described(e))));
        } catch (IOException e) {
            session.lost();
            boolean isUnanswered = stage == Stage.MAIL && isUndecided(0);
            if (isReused && isUnanswered && !(e instanceof SocketTimeoutException)) {
                return new Ending.SessionEnded(Optional.empty());
            }
            decide(new ConnectionLost(session.peer(), stage, Trouble.described(e)));
        }
        return isReused && isTurnedAway()
                ? new Ending.SessionEnded(Optional.of(results[0]))
                : tried();
    }

    private Ending tried() {
        return new Ending.Tried(Arrays.asList(results), mailAt);
    }

    /// Whether MAIL may still be written; it is then, without waiting for anything.
    private boolean departs() {
        Instant now = departure.clock().instant();
        if (now.isAfter(departure.latest())) {
            return false;
        }
        mailAt = Optional.of(now);
        return true;
    }

    /// Many hosts end a session after so many messages by answering the next MAIL with 421: they
    /// have nothing against the message.
    private boolean isTurnedAway() {
        return results[0] instanceof Refused(var _, Stage at, SmtpReply reply)
                && at == Stage.MAIL
                && reply.code() == SERVICE_CLOSING;
    }

    /// What need not be tried, because the host has said that it cannot take it.
    private Optional<AttemptResult> ownRefusal() {
        Extensions offered = session.extensions();
        long size = leaving.size();
        if (offered.isTooLarge(size)) {
            String text = "Message of " + size + " bytes; the host takes " + offered.sizeMax();
            return Optional.of(new NotTried(SmtpReply.of(552, 5, 3, 4, text)));
        }
        Envelope envelope = entry.message().envelope();
        boolean isTlsRequired =
                envelope.parameters().tls() == TlsRequirement.REQUIRED
                        && !session.tls().facts().host().isThisMachine();
        if (isTlsRequired && (!offered.requireTls() || session.tls().isPlain())) {
            return Optional.of(NO_REQUIRETLS);
        }
        if (lacksUtf8() && !AsciiForms.has(envelope.reversePath().address())) {
            return Optional.of(NO_UTF8);
        }
        return refusalOfReturn(envelope);
    }

    /// RFC 2852 §4: what is to be returned after a time is not given to a host that would go on for
    /// longer. In LMTP there is none after it.
    private Optional<AttemptResult> refusalOfReturn(Envelope envelope) {
        Optional<DeliverBy> by = envelope.treatment().deliverBy();
        if (by.isEmpty()
                || by.get().mode() != DeliverBy.Mode.RETURN
                || session.protocol() == Protocol.LMTP) {
            return Optional.empty();
        }
        OptionalLong leastSeconds = session.extensions().deliverBy();
        if (leastSeconds.isEmpty()) {
            String text = "Wanted back where it is late, and the host does not offer DELIVERBY";
            return Optional.of(new NotTried(SmtpReply.of(554, 5, 4, 7, text)));
        }
        long left = Duration.between(departure.clock().instant(), by.get().deadline()).toSeconds();
        if (left < leastSeconds.getAsLong()) {
            String text =
                    "To be delivered within %d s, and the host takes %d s or more"
                            .formatted(left, leastSeconds.getAsLong());
            return Optional.of(new NotTried(SmtpReply.of(554, 5, 4, 7, text)));
        }
        return Optional.empty();
    }

    /// Then only what can do without SMTPUTF8 goes (RFC 6531 §3.2).
    private boolean lacksUtf8() {
        return entry.message().envelope().parameters().smtpUtf8()
                && !session.extensions().smtpUtf8();
    }

    /// MAIL, RCPT and DATA in one write.
    ///
    /// @return the answer to DATA
    private SmtpReply group() throws IOException {
        boolean isReset = session.needsReset();
        if (isReset) {
            wire.line("RSET");
        }
        wire.line(mailLine());
        for (int i = 0; i < results.length; i++) {
            wire.line(rcptLine(i));
        }
        wire.line("DATA");
        wire.flush();
        if (isReset) {
            readReset();
        }
        boolean isOpen = takeMail(completion());
        for (int i = 0; isOpen && i < results.length; i++) {
            isOpen = takeRcpt(i, completion());
        }
        return isOpen ? readDataAnswer() : SmtpReply.CLOSING;
    }

    /// For hosts without PIPELINING: each command waits for the answer to the one before.
    ///
    /// @return the answer to DATA
    private SmtpReply oneByOne() throws IOException {
        wire.line(mailLine());
        wire.flush();
        boolean isOpen = takeMail(completion());
        if (stage == Stage.MAIL) {
            return SmtpReply.BAD_SEQUENCE;
        }
        for (int i = 0; isOpen && i < results.length; i++) {
            wire.line(rcptLine(i));
            wire.flush();
            isOpen = takeRcpt(i, completion());
        }
        if (!isOpen || acceptedCount == 0) {
            return SmtpReply.BAD_SEQUENCE;
        }
        wire.line("DATA");
        wire.flush();
        return readDataAnswer();
    }

    private void reset() throws IOException {
        wire.line("RSET");
        wire.flush();
        readReset();
    }

    private void readReset() throws IOException {
        completion();
        session.needsReset(false);
    }

    /// @return whether the session goes on
    private boolean takeMail(SmtpReply reply) {
        if (reply.isPositive()) {
            stage = Stage.RCPT;
            return true;
        }
        decide(new Refused(session.peer(), Stage.MAIL, reply));
        return goesOn(reply);
    }

    /// @return whether the session goes on
    private boolean takeRcpt(int index, SmtpReply reply) {
        if (!isUndecided(index)) {
            return goesOn(reply);
        }
        if (reply.isPositive()) {
            accepted[index] = true;
            acceptedCount++;
            return true;
        }
        results[index] = new Refused(session.peer(), Stage.RCPT, reply);
        return goesOn(reply);
    }

    private SmtpReply readDataAnswer() throws IOException {
        if (acceptedCount > 0) {
            stage = Stage.DATA;
        }
        SmtpReply reply = wire.reply(session.timeouts().dataInitiation());
        if (reply.code() < 300) {
            throw unexpected(reply);
        }
        goesOn(reply);
        return reply;
    }

    private void text(SmtpReply data, byte[] firstPart) throws IOException {
        if (data.isPositive() && acceptedCount == 0) {
            // RFC 2920 §3.1: a host that says 354 although it took nobody gets an empty text.
            wire.output().write(EMPTY_TEXT);
            wire.flush();
            wire.reply(session.timeouts().dataTermination());
        } else if (data.isPositive()) {
            sendText(firstPart);
            readEndOfData();
        } else {
            decide(new Refused(session.peer(), Stage.DATA, data));
            session.needsReset(true);
        }
    }

    private void sendText(byte[] firstPart) throws IOException {
        var stuffing = new DotStuffing(wire.output());
        try {
            stuffing.write(leaving.front());
            for (byte[] part = firstPart; part.length > 0; part = nextPart()) {
                stuffing.write(part);
            }
        } catch (SocketTimeoutException | BodyUnreadableException e) {
            throw e;
        } catch (IOException e) {
            hearLastWords(e);
        }
        stuffing.end();
        // From here until the final reply a broken connection means we do not know whether the host
        // took the message; retrying may duplicate it, giving up may lose it. It is retried (RFC
        // 5321 §4.5.4.1), and the stage tells the operator why a duplicate can exist.
        stage = Stage.END_OF_DATA;
        wire.flush();
    }

    /// The host hung up in the middle of the text, perhaps behind an answer that says why.
    private void hearLastWords(IOException broken) throws IOException {
        SmtpReply reply;
        try {
            reply = wire.reply(LAST_WORDS_MOST);
        } catch (IOException e) {
            broken.addSuppressed(e);
            throw broken;
        }
        if (reply.isPositive()) {
            throw broken;
        }
        decide(new Refused(session.peer(), Stage.DATA, reply));
        throw broken;
    }

    private void readEndOfData() throws IOException {
        switch (session.protocol()) {
            case SMTP -> {
                SmtpReply reply = endReply();
                decide(taken(reply));
                goesOn(reply);
            }
            case LMTP -> {
                boolean isOpen = true;
                for (int i = 0; isOpen && i < results.length; i++) {
                    if (accepted[i]) {
                        SmtpReply reply = endReply();
                        results[i] = taken(reply);
                        isOpen = goesOn(reply);
                    }
                }
            }
        }
    }

    private SmtpReply endReply() throws IOException {
        SmtpReply reply = wire.reply(session.timeouts().dataTermination());
        if (reply.isPositive() && reply.code() >= 300) {
            throw unexpected(reply);
        }
        return reply;
    }

    private AttemptResult taken(SmtpReply reply) {
        return reply.isPositive()
                ? new Accepted(session.peer(), reply)
                : new Refused(session.peer(), Stage.END_OF_DATA, reply);
    }

    /// An answer to RSET, MAIL or RCPT.
    private SmtpReply completion() throws IOException {
        SmtpReply reply = wire.reply(session.timeouts().command());
        if (reply.code() >= 300 && reply.isPositive()) {
            throw unexpected(reply);
        }
        return reply;
    }

    /// RFC 5321 §3.8: 421 ends the session, whatever it answers. All that is undecided is decided
    /// by it.
    private boolean goesOn(SmtpReply reply) {
        if (reply.code() != SERVICE_CLOSING) {
            return true;
        }
        decide(new Refused(session.peer(), stage, reply));
        session.lost();
        return false;
    }

    /// Half a text must not be ended, or the host would take it for the whole.
    private void hangUp() {
        if (stage != Stage.MAIL) {
            session.lost();
        }
    }

    private byte[] nextPart() throws IOException {
        try {
            return body.nextPart();
        } catch (IOException e) {
            throw new BodyUnreadableException(e);
        }
    }

    private Ending decided(AttemptResult result) {
        decide(result);
        return tried();
    }

    private void decide(AttemptResult result) {
        for (int i = 0; i < results.length; i++) {
            if (isUndecided(i)) {
                results[i] = result;
            }
        }
    }

    private boolean isUndecided(int index) {
        return UNDECIDED.equals(results[index]);
    }

    private String mailLine() {
        Envelope envelope = entry.message().envelope();
        return TransactionCommands.mail(
                envelope,
                leaving.size(),
                session.extensions(),
                mailAt.orElseGet(() -> departure.clock().instant()));
    }

    private String rcptLine(int index) {
        var recipients = entry.message().envelope().recipients();
        return TransactionCommands.rcpt(
                recipients.get(entry.recipients().get(index)), session.extensions());
    }

    private static ProtocolException unexpected(SmtpReply reply) {
        return new ProtocolException("unexpected answer: " + reply);
    }

    private static final class BodyUnreadableException extends IOException {
        BodyUnreadableException(IOException cause) {
            super("the body cannot be read: " + Trouble.described(cause), cause);
        }
    }
}
