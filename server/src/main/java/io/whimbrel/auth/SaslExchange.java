package io.whimbrel.auth;

import io.whimbrel.smtp.SmtpInput;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// One AUTH exchange of one session (RFC 4954 §4): a client's lines come in, steps go out. Confined
/// to one thread; it may block for some seconds, where passwords of others are checked first.
///
/// After [SaslStep.Granted] and [SaslStep.Refused] it is over, and so it is when the connection
/// breaks; nothing needs to be closed.
public final class SaslExchange {
    /// The longest line that a session must take during an exchange, without CRLF (RFC 4954 §4). A
    /// longer one gets 500 5.5.6, and the exchange is over.
    public static final int LINE_OCTETS_MAX = SmtpInput.AUTH_LINE_MAX;

    private static final Duration NO_DELAY = Duration.ZERO;

    private final Authenticator authenticator;
    private final AuthClient client;
    private final Beginning beginning;
    private Optional<SaslStep.Refused> pending = Optional.empty();
    private boolean isOver;

    /// How an exchange begins. Immutable.
    sealed interface Beginning {
        record Open(Mechanism mechanism, Dialogue dialogue) implements Beginning {}

        /// @param word of the mechanism, for metrics
        record Shut(String word, Failure reason, SmtpReply reply) implements Beginning {}
    }

    SaslExchange(Authenticator authenticator, AuthClient client, Beginning beginning) {
        this.authenticator = authenticator;
        this.client = client;
        this.beginning = beginning;
    }

    /// The first step.
    ///
    /// @param initialBase64 what stood behind the mechanism: `=` for an empty initial response;
    ///   empty where nothing stood there
    public SaslStep start(Optional<String> initialBase64) {
        return switch (beginning) {
            case Beginning.Shut(String word, Failure reason, SmtpReply reply) -> {
                isOver = true;
                authenticator.metrics().failure(word, reason.word());
                yield new SaslStep.Refused(reply, NO_DELAY);
            }
            case Beginning.Open open ->
                    initialBase64
                            .map(text -> receive(open, text.equals("=") ? "" : text))
                            .orElseGet(() -> follow(open, open.dialogue.begin()));
        };
    }

    /// The step after a line of the client, which came without its CRLF.
    public SaslStep next(String lineBase64) {
        if (isOver || !(beginning instanceof Beginning.Open open)) {
            throw new IllegalStateException("the exchange is over");
        }
        if (pending.isPresent()) {
            // The answer to a message about a bad token says nothing (RFC 7628 §3.2.3).
            return end(pending.get());
        }
        return lineBase64.equals("*")
                ? refused(open, Failure.CANCELLED, 501, "Authentication cancelled")
                : receive(open, lineBase64);
    }

    private SaslStep receive(Beginning.Open open, String base64) {
        if (base64.length() > LINE_OCTETS_MAX) {
            authenticator.metrics().failure(open.mechanism.word(), Failure.MALFORMED.word());
            return end(
                    new SaslStep.Refused(
                            SmtpReply.of(500, 5, 5, 6, "Authentication exchange line is too long"),
                            NO_DELAY));
        }
        Optional<String> message = SaslText.decode(base64).flatMap(SaslText::utf8);
        return message.isPresent()
                ? follow(open, open.dialogue.receive(message.get()))
                : malformed(open, "Cannot decode: strict base64 of UTF-8 is needed");
    }

    private SaslStep follow(Beginning.Open open, Turn turn) {
        return switch (turn) {
            case Turn.Ask(String message) -> new SaslStep.Challenge(SaslText.encode(message));
            case Turn.Malformed(String complaint) -> malformed(open, complaint);
            case Turn.Claimed(String user) -> claimed(open, user);
            case Turn.Proven(String user) -> proven(open, user);
            case Turn.Disproven(String user, Failure reason) -> failed(open, user, reason);
            case Turn.Password(String user, String password) -> password(open, user, password);
            case Turn.Token(Optional<String> user, String token) -> token(open, user, token);
        };
    }

    private SaslStep password(Beginning.Open open, String user, String password) {
        Optional<Duration> left = authenticator.locked(user, client);
        PasswordChecks.Verdict verdict =
                left.isPresent()
                        ? new PasswordChecks.Verdict.Locked(left.get())
                        : authenticator.check(user, password, client);
        return switch (verdict) {
            case PasswordChecks.Verdict.Right(UserEntry entry) -> granted(open, entry);
            case PasswordChecks.Verdict.Wrong() -> failed(open, user, Failure.CREDENTIALS);
            case PasswordChecks.Verdict.Busy() ->
                    refused(open, Failure.BUSY, 454, "Too many logins at once; try again later");
            case PasswordChecks.Verdict.Unavailable() -> unavailable(open);
            case PasswordChecks.Verdict.Locked(Duration locked) -> locked(open, user, locked);
        };
    }

    private SaslStep claimed(Beginning.Open open, String user) {
        Optional<Duration> left = authenticator.locked(user, client);
        if (left.isPresent()) {
            return locked(open, user, left.get());
        }
        Optional<Verifier.Scram> keys = authenticator.scramKeys(user);
        return keys.isPresent() && open.dialogue instanceof ScramDialogue scram
                ? follow(open, scram.with(keys.get()))
                : unavailable(open);
    }

    private SaslStep proven(Beginning.Open open, String user) {
        // Others may have guessed meanwhile, in other sessions.
        Optional<Duration> left = authenticator.locked(user, client);
        if (left.isPresent()) {
            return locked(open, user, left.get());
        }
        Optional<UserEntry> entry = authenticator.userWithKeys(user, open.dialogue);
        return entry.isPresent()
                ? granted(open, entry.get())
                : failed(open, user, Failure.CREDENTIALS);
    }

    private SaslStep token(Beginning.Open open, Optional<String> user, String token) {
        Optional<Duration> left = authenticator.locked(user.orElse(""), client);
        if (left.isPresent()) {
            return locked(open, user.orElse(""), left.get());
        }
        return switch (authenticator.check(user, token)) {
            case TokenChecks.Verdict.Good(String name, String tenant, var expires) -> {
                var identity = new Identity(name, tenant, open.mechanism.word(), false);
                yield granted(identity, () -> authenticator.isBefore(expires));
            }
            case TokenChecks.Verdict.Unavailable() -> unavailable(open);
            case TokenChecks.Verdict.Bad() -> {
                SaslStep.Refused refusal = failure(open, user.orElse(""), Failure.TOKEN);
                pending = Optional.of(refusal);
                yield new SaslStep.Challenge(
                        SaslText.encode(authenticator.tokenComplaint(open.mechanism)));
            }
        };
    }

    private SaslStep granted(Beginning.Open open, UserEntry entry) {
        var identity =
                new Identity(
                        entry.name(), entry.tenant(), open.mechanism.word(), entry.mayControl());
        return granted(identity, () -> authenticator.has(entry));
    }

    private SaslStep granted(Identity identity, BooleanSupplier standing) {
        authenticator.succeeded(identity, client);
        SmtpReply reply = SmtpReply.of(235, 2, 7, 0, "Authentication succeeded");
        return end(new SaslStep.Granted(identity, reply, standing));
    }

    private SaslStep malformed(Beginning.Open open, String complaint) {
        authenticator.metrics().failure(open.mechanism.word(), Failure.MALFORMED.word());
        return end(new SaslStep.Refused(SmtpReply.of(501, 5, 5, 2, complaint), NO_DELAY));
    }

    private SaslStep failed(Beginning.Open open, String user, Failure reason) {
        return end(failure(open, user, reason));
    }

    /// The same for users that exist and for others.
    private SaslStep.Refused failure(Beginning.Open open, String user, Failure reason) {
        authenticator.log(user, open.mechanism, client, reason);
        return new SaslStep.Refused(
                SmtpReply.of(535, 5, 7, 8, "Authentication credentials invalid"),
                authenticator.failed(user, client));
    }

    private SaslStep locked(Beginning.Open open, String user, Duration left) {
        authenticator.log(user, open.mechanism, client, Failure.LOCKED);
        long minutes = left.plusSeconds(59).toMinutes();
        String text = "Too many failed logins; try again in " + minutes + " min";
        // Or whoever pipelines AUTH would have the log grow as fast as he can send.
        return end(new SaslStep.Refused(SmtpReply.of(454, 4, 7, 0, text), LoginFailures.DELAY_MAX));
    }

    private SaslStep unavailable(Beginning.Open open) {
        return refused(
                open,
                Failure.UNAVAILABLE,
                454,
                "Temporary authentication failure; try again later");
    }

    /// @param code 454 or 501
    private SaslStep refused(Beginning.Open open, Failure reason, int code, String text) {
        authenticator.metrics().failure(open.mechanism.word(), reason.word());
        return end(new SaslStep.Refused(SmtpReply.of(code, code / 100, 7, 0, text), NO_DELAY));
    }

    private SaslStep end(SaslStep last) {
        isOver = true;
        return last;
    }
}
