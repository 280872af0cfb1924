package io.whimbrel.reception;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;
import io.whimbrel.policy.RecipientPolicy;
import io.whimbrel.reception.SessionState.Closed;
import io.whimbrel.reception.SessionState.Greeted;
import io.whimbrel.reception.SessionState.Hello;
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
import io.whimbrel.smtp.EsmtpParameter;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpCommand.Auth;
import io.whimbrel.smtp.SmtpCommand.Bdat;
import io.whimbrel.smtp.SmtpCommand.Broken;
import io.whimbrel.smtp.SmtpCommand.Data;
import io.whimbrel.smtp.SmtpCommand.Ehlo;
import io.whimbrel.smtp.SmtpCommand.Helo;
import io.whimbrel.smtp.SmtpCommand.Help;
import io.whimbrel.smtp.SmtpCommand.Lhlo;
import io.whimbrel.smtp.SmtpCommand.Mail;
import io.whimbrel.smtp.SmtpCommand.Noop;
import io.whimbrel.smtp.SmtpCommand.Quit;
import io.whimbrel.smtp.SmtpCommand.Rcpt;
import io.whimbrel.smtp.SmtpCommand.Refused;
import io.whimbrel.smtp.SmtpCommand.Rset;
import io.whimbrel.smtp.SmtpCommand.StartTls;
import io.whimbrel.smtp.SmtpCommand.Vrfy;
import io.whimbrel.smtp.SmtpCommand.Xclient;
import io.whimbrel.smtp.SmtpPath;
import io.whimbrel.smtp.SmtpReply;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The command rules of an SMTP session (RFC 5321 §4.1.4) as a pure function: no sockets, no clock,
/// no storage. Immutable.
final class SmtpSession {
    static final SmtpReply SENDER_OK = SmtpReply.of(250, 2, 1, 0, "Ok");
    static final SmtpReply RECIPIENT_OK = SmtpReply.of(250, 2, 1, 5, "Ok");
    private static final SmtpReply HELP =
            SmtpReply.of(
                    214,
                    2,
                    0,
                    0,
                    "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
    private static final SmtpReply CANNOT_VERIFY =
            SmtpReply.of(252, 2, 0, 0, "Cannot verify, but will take mail and try to deliver it");
    private static final SmtpReply EHLO_FIRST = badSequence("Send EHLO or HELO first");
    private static final SmtpReply MAIL_FIRST = badSequence("Send MAIL first");
    private static final SmtpReply SECOND_MAIL = badSequence("MAIL was given already");
    private static final SmtpReply CHUNKS_OPEN =
            badSequence("The message has begun with BDAT; send the rest with BDAT, or RSET");
    private static final SmtpReply NO_RECIPIENTS =
            SmtpReply.of(554, 5, 5, 1, "No valid recipients");
    private static final SmtpReply TOO_MANY_RECIPIENTS =
            SmtpReply.of(452, 4, 5, 3, "Too many recipients; send the rest in a new transaction");
    private static final SmtpReply NEEDS_EHLO =
            SmtpReply.of(555, 5, 5, 4, "Parameters are for clients that say EHLO");
    private static final SmtpReply NEEDS_SMTPUTF8 =
            SmtpReply.of(553, 5, 6, 7, "The address needs parameter SMTPUTF8 of MAIL");

    private static final SmtpReply NOT_IMPLEMENTED =
            SmtpReply.of(502, 5, 5, 1, "Command not implemented");
    private static final SmtpReply NOT_LMTP =
            SmtpReply.of(500, 5, 5, 1, "This is SMTP, not LMTP; send EHLO");
    private static final SmtpReply NOT_SMTP =
            SmtpReply.of(500, 5, 5, 1, "This is LMTP, not SMTP; send LHLO");
    private static final SmtpReply READY_FOR_TLS = SmtpReply.of(220, 2, 0, 0, "Ready to start TLS");
    private static final SmtpReply TLS_FIRST =
            SmtpReply.of(530, 5, 7, 0, "Must issue a STARTTLS command first");
    private static final SmtpReply AUTHENTICATE_FIRST =
            SmtpReply.of(530, 5, 7, 0, "Authentication required");
    private static final SmtpReply IN_TRANSACTION =
            badSequence("Not within a mail transaction; send RSET first");
    private static final SmtpReply NO_XCLIENT =
            SmtpReply.of(550, 5, 7, 0, "XCLIENT is for the proxies in xclient-from only");

    private static final Recipients NO_RECIPIENTS_YET = new Recipients.None();

    private final Client client;

    SmtpSession(Client client) {
        this.client = client;
    }

    /// @param now when the command came
    Step step(SessionState state, SmtpCommand command, Instant now) {
        return needsTls(command) ? withoutTls(state, command) : carryOut(state, command, now);
    }

    private Step carryOut(SessionState state, SmtpCommand command, Instant now) {
        return switch (command) {
            case Ehlo(String name) -> ehlo(state, name, false, now);
            case Helo(String name) -> helo(state, name);
            case Lhlo(String name) -> ehlo(state, name, true, now);
            case StartTls() -> startTls(state);
            case Auth auth -> authenticate(state, auth);
            case Xclient xclient -> introduce(state, xclient);
            case Mail(SmtpPath path, List<EsmtpParameter> parameters) ->
                    mail(state, path, parameters, now);
            case Rcpt(SmtpPath path, List<EsmtpParameter> parameters) ->
                    rcpt(state, path, parameters);
            case Data() -> data(state);
            case Bdat bdat -> bdat(state, bdat);
            case Rset() -> new Answer(afterReset(state), SmtpReply.OK);
            case Noop() -> new Answer(state, SmtpReply.OK);
            case Vrfy _ -> new Answer(state, CANNOT_VERIFY);
            case Help() -> new Answer(state, HELP);
            case Quit() -> new Answer(new Closed(), SmtpReply.CLOSING);
            case Refused(SmtpReply reply) -> new Answer(state, reply);
            case Broken(SmtpReply reply) -> new Answer(new Closed(), reply);
        };
    }

    /// RFC 3207 §4: before TLS nothing but what leads to it.
    private boolean needsTls(SmtpCommand command) {
        return client.terms().requiresTls()
                && client.tls().isEmpty()
                && switch (command) {
                    case Mail _, Rcpt _, Data _, Bdat _, Vrfy _, Auth _ -> true;
                    case Ehlo _,
                            Helo _,
                            Lhlo _,
                            StartTls _,
                            Xclient _,
                            Rset _,
                            Noop _,
                            Help _,
                            Quit _,
                            Refused _,
                            Broken _ ->
                            false;
                };
    }

    private static Step withoutTls(SessionState state, SmtpCommand command) {
        return command instanceof Bdat bdat
                ? new SkipChunk(state, bdat.size(), TLS_FIRST)
                : new Answer(state, TLS_FIRST);
    }

    /// RFC 5321 §4.1.4: within a transaction EHLO and HELO end it like RSET. RFC 2033 §4.1: LMTP
    /// has LHLO in their place.
    private Step ehlo(SessionState state, String name, boolean isLmtp, Instant now) {
        return isLmtp == client.terms().settings().isLmtp()
                ? greeted(name, true, client.terms().ehloReply(client, now))
                : new Answer(state, isLmtp ? NOT_LMTP : NOT_SMTP);
    }

    private Step helo(SessionState state, String name) {
        return client.terms().settings().isLmtp()
                ? new Answer(state, NOT_SMTP)
                : greeted(name, false, SmtpReply.plain(250, client.terms().settings().hostName()));
    }

    private Step greeted(String name, boolean isExtended, SmtpReply reply) {
        String helloName = client.proxiedName().orElse(name);
        return new Answer(new Ready(new Hello(helloName, isExtended)), reply);
    }

    private Step startTls(SessionState state) {
        if (!client.terms().offersStartTls()) {
            return new Answer(state, NOT_IMPLEMENTED);
        }
        if (client.tls().isPresent()) {
            return new Answer(state, badSequence("TLS is on already"));
        }
        return switch (state) {
            case Ready _, Greeted _ -> new BeginTls(READY_FOR_TLS);
            case InTransaction _, InChunks _, Closed _ -> new Answer(state, IN_TRANSACTION);
        };
    }

    private Step authenticate(SessionState state, Auth auth) {
        if (!client.terms().offersAuth()) {
            return new Answer(state, NOT_IMPLEMENTED);
        }
        if (client.login().isPresent()) {
            // RFC 4954 §4: once in a session.
            return new Answer(state, badSequence("You have authenticated already"));
        }
        return switch (state) {
            case Ready _ -> new Authenticate(state, auth);
            case Greeted _ -> new Answer(state, EHLO_FIRST);
            case InTransaction _, InChunks _, Closed _ -> new Answer(state, IN_TRANSACTION);
        };
    }

    private Step introduce(SessionState state, Xclient xclient) {
        if (!client.isTrustedProxy()) {
            return new Answer(state, NO_XCLIENT);
        }
        return switch (state) {
            case Ready _, Greeted _ -> new Introduce(xclient);
            case InTransaction _, InChunks _, Closed _ -> new Answer(state, IN_TRANSACTION);
        };
    }

    private Step mail(
            SessionState state, SmtpPath path, List<EsmtpParameter> parameters, Instant now) {
        return switch (state) {
            case Ready(Hello hello) ->
                    client.mustAuthenticate()
                            ? new Answer(state, loginDemand())
                            : mail(hello, path, parameters, now);
            // RFC 5321 §4.1.4: a second MAIL inside a transaction is refused and changes nothing.
            case InTransaction _ -> new Answer(state, SECOND_MAIL);
            case InChunks _ -> new Answer(state, CHUNKS_OPEN);
            case Greeted _, Closed _ -> new Answer(state, EHLO_FIRST);
        };
    }

    /// AUTH is not offered without TLS.
    private SmtpReply loginDemand() {
        boolean needsTls = client.tls().isEmpty() && client.terms().offersStartTls();
        return needsTls ? TLS_FIRST : AUTHENTICATE_FIRST;
    }

    private Step mail(Hello hello, SmtpPath path, List<EsmtpParameter> parameters, Instant now) {
        var refusedState = new Ready(hello);
        if (!hello.isExtended() && !parameters.isEmpty()) {
            return new Answer(refusedState, NEEDS_EHLO);
        }
        return switch (MailOptions.read(parameters, client.offered(), now)) {
            case MailOptions.Refused(SmtpReply reply) -> new Answer(refusedState, reply);
            case MailOptions.Given(MailParameters given, long size, Treatment treatment) -> {
                Optional<SmtpReply> refusal = refusalOfSender(path, given, size);
                yield refusal.isPresent()
                        ? new Answer(refusedState, refusal.get())
                        : new Begin(
                                new InTransaction(
                                        hello,
                                        new ReversePath(path.address()),
                                        given,
                                        treatment,
                                        NO_RECIPIENTS_YET),
                                path,
                                // A stranger could announce much and never send it.
                                client.mayRelay() ? size : 0);
            }
        };
    }

    private Optional<SmtpReply> refusalOfSender(SmtpPath path, MailParameters given, long size) {
        long sizeMax = client.messageBytesMax();
        if (size > sizeMax) {
            return Optional.of(tooLarge(sizeMax));
        }
        if (path.isNull()) {
            return Optional.empty();
        }
        if (path.domain().isEmpty()) {
            return Optional.of(SmtpReply.of(553, 5, 1, 7, "The sender address needs a domain"));
        }
        if (path.isInternational() && !given.smtpUtf8()) {
            return Optional.of(NEEDS_SMTPUTF8);
        }
        return DomainName.parse(path.domain()).isPresent()
                ? Optional.empty()
                : Optional.of(
                        SmtpReply.of(501, 5, 1, 7, "The sender's domain is not a domain name"));
    }

    private Step rcpt(SessionState state, SmtpPath path, List<EsmtpParameter> parameters) {
        return switch (state) {
            case InTransaction transaction -> rcpt(transaction, path, parameters);
            case InChunks _ -> new Answer(state, CHUNKS_OPEN);
            case Ready _ -> new Answer(state, MAIL_FIRST);
            case Greeted _, Closed _ -> new Answer(state, EHLO_FIRST);
        };
    }

    private Step rcpt(InTransaction transaction, SmtpPath path, List<EsmtpParameter> parameters) {
        if (transaction.recipients().size() >= client.recipientsMax()) {
            // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in a new transaction.
            return new Answer(transaction, TOO_MANY_RECIPIENTS);
        }
        if (!transaction.hello().isExtended() && !parameters.isEmpty()) {
            return new Answer(transaction, NEEDS_EHLO);
        }
        boolean smtpUtf8 = transaction.parameters().smtpUtf8();
        if (path.isInternational() && !smtpUtf8) {
            return new Answer(transaction, NEEDS_SMTPUTF8);
        }
        return switch (RcptOptions.read(parameters, smtpUtf8)) {
            case RcptOptions.Refused(SmtpReply reply) -> new Answer(transaction, reply);
            case RcptOptions.Given given -> admit(transaction, path, given);
        };
    }

    private Step admit(InTransaction transaction, SmtpPath path, RcptOptions.Given given) {
        DomainName hostDomain = client.terms().hostDomain();
        if (path.domain().isEmpty()) {
            if (!path.isPostmaster()) {
                return new Answer(
                        transaction,
                        SmtpReply.of(553, 5, 1, 3, "The recipient address needs a domain"));
            }
            String address = path.address() + "@" + hostDomain;
            return admit(transaction, new ForwardPath(address, hostDomain), given, true);
        }
        Optional<DomainName> domain = DomainName.parse(path.domain());
        if (domain.isEmpty()) {
            return new Answer(
                    transaction,
                    SmtpReply.of(501, 5, 1, 3, "The recipient's domain is not a domain name"));
        }
        var decision =
                client.terms()
                        .door()
                        .recipients()
                        .decide(client.address(), client.mayRelay(), path, domain.get());
        return switch (decision) {
            case RecipientPolicy.Decision.Relay() ->
                    admit(transaction, new ForwardPath(path.address(), domain.get()), given, false);
            case RecipientPolicy.Decision.Inbound _ ->
                    admit(transaction, new ForwardPath(path.address(), domain.get()), given, false);
            case RecipientPolicy.Decision.Postmaster() ->
                    admit(transaction, new ForwardPath(path.address(), domain.get()), given, true);
            case RecipientPolicy.Decision.Refused(SmtpReply reply) ->
                    new Answer(transaction, reply);
        };
    }

    private static Step admit(
            InTransaction transaction,
            ForwardPath path,
            RcptOptions.Given given,
            boolean isPostmaster) {
        var recipient = new Recipient(path, given.notice(), given.originalRecipient());
        return new Admit(transaction, recipient, isPostmaster);
    }

    private static Step data(SessionState state) {
        return switch (state) {
            case InTransaction transaction ->
                    transaction.recipients().size() > 0
                            ? new TakeData(transaction)
                            : new Answer(state, NO_RECIPIENTS);
            case InChunks _ -> new Answer(state, CHUNKS_OPEN);
            case Ready _ -> new Answer(state, MAIL_FIRST);
            case Greeted _, Closed _ -> new Answer(state, EHLO_FIRST);
        };
    }

    /// The chunk follows its command whatever the answer, so it is read over where it is refused
    /// (RFC 3030 §2).
    private static Step bdat(SessionState state, Bdat bdat) {
        return switch (state) {
            case InTransaction transaction ->
                    transaction.recipients().size() > 0
                            ? new TakeChunk(transaction, bdat.size(), bdat.isLast())
                            : new SkipChunk(state, bdat.size(), NO_RECIPIENTS);
            case InChunks(InTransaction transaction) ->
                    new TakeChunk(transaction, bdat.size(), bdat.isLast());
            case Ready _ -> new SkipChunk(state, bdat.size(), MAIL_FIRST);
            case Greeted _, Closed _ -> new SkipChunk(state, bdat.size(), EHLO_FIRST);
        };
    }

    private static SessionState afterReset(SessionState state) {
        return switch (state) {
            case InTransaction transaction -> new Ready(transaction.hello());
            case InChunks(InTransaction transaction) -> new Ready(transaction.hello());
            case Greeted _, Ready _, Closed _ -> state;
        };
    }

    /// The message is over the limit that SIZE announces.
    static SmtpReply tooLarge(long sizeMax) {
        return SmtpReply.of(
                552, 5, 3, 4, "The message is larger than the " + sizeMax + " octets we take");
    }

    private static SmtpReply badSequence(String text) {
        return SmtpReply.of(503, 5, 5, 1, text);
    }
}
