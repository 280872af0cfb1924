package io.whimbrel.delivery;

import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.wire.Wire;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// Logs in at a smart host (RFC 4954), behind EHLO and STARTTLS. Immutable and thread-safe; blocks
/// while the host answers.
///
/// The strongest mechanism that the host offers is used, and only where the connection is
/// encrypted, the host is this machine, or the route allows it: from a proof that is heard in plain
/// text (CRAM-MD5, SCRAM) passwords can be guessed at leisure. Whom an encrypted connection leads
/// to was seen to before ([TlsWish#forLogin]). A refusal says nothing about the mail, so it defers.
/// What is secret is in no text: where a host repeats what we said, its words are left out.
final class ClientAuth {
    private static final int ACCEPTED = 235;
    private static final int CONTINUE = 334;
    private static final int UNKNOWN_MECHANISM = 504;
    private static final int NONCE_BYTES = 18;

    /// RFC 4954 §4: an initial response that would make the line too long comes in its own.
    private static final int COMMAND_MAX = 510;

    /// RFC 4954 §4 allows lines of so many octets.
    private static final int SECRET_MAX = 8_000;

    private static final List<String> PASSWORD_MECHANISMS =
            List.of("SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN");
    private static final List<String> TOKEN_MECHANISMS = List.of("OAUTHBEARER", "XOAUTH2");

    private final Duration most;
    private final SecureRandom random = new SecureRandom();

    /// @param most for each answer
    ClientAuth(Duration most) {
        this.most = most;
    }

    /// Logs in.
    ///
    /// @param tls what was agreed; `""` in plain text
    /// @return why the session is of no use; empty where the host knows us now
    /// @throws IOException where the connection breaks, or what the host says makes no sense
    Optional<AttemptResult> login(
            Wire wire, Extensions offered, HostAddress host, Credentials credentials, String tls)
            throws IOException {
        boolean isSafe =
                !tls.isEmpty()
                        || host.address().isLoopbackAddress()
                        || credentials.mayGoInPlainText();
        List<String> usable =
                mechanisms(credentials.kind()).stream().filter(offered.auth()::contains).toList();
        if (usable.isEmpty() || !isSafe) {
            return notTried(454, 7, 0, noMechanism(host, offered, isSafe));
        }
        Optional<String> secret = read(credentials.file());
        if (secret.isEmpty()) {
            return notTried(
                    451,
                    3,
                    5,
                    credentials.file() + " has no secret for the login that can be read");
        }
        var exchange = new Exchange(wire, credentials.user(), secret.get());
        SmtpReply reply = exchange.run(usable.getFirst());
        for (int i = 1; i < usable.size() && reply.code() == UNKNOWN_MECHANISM; i++) {
            reply = exchange.run(usable.get(i));
        }
        return reply.code() == ACCEPTED
                ? Optional.empty()
                : Optional.of(refused(host, credentials, tls, exchange.withoutSecrets(reply)));
    }

    private static List<String> mechanisms(Credentials.Kind kind) {
        return switch (kind) {
            case PASSWORD -> PASSWORD_MECHANISMS;
            case TOKEN -> TOKEN_MECHANISMS;
        };
    }

    private static String noMechanism(HostAddress host, Extensions offered, boolean isSafe) {
        String offers = offered.auth().isEmpty() ? "no AUTH" : String.join(" ", offered.auth());
        String where = isSafe ? "" : " without TLS";
        String remedy =
                isSafe || offered.auth().isEmpty() ? "" : "; auth-without-tls can allow more";
        return host.described()
                + " offers "
                + offers
                + where
                + ", so there is no way to log in"
                + remedy;
    }

    private static Optional<AttemptResult> notTried(
            int code, int subject, int detail, String text) {
        return Optional.of(new NotTried(SmtpReply.of(code, 4, subject, detail, text)));
    }

    /// A refusal for good is one of our login, not of the mail.
    private static AttemptResult refused(
            HostAddress host, Credentials credentials, String tls, String said) {
        String text =
                host.described() + " refuses the login of " + credentials.user() + ": " + said;
        var peer = new Peer(host.described(), tls, false);
        return new Refused(peer, Stage.EHLO, SmtpReply.of(454, 4, 7, 8, text));
    }

    /// The first line of a file; empty where there is none of a sane length.
    static Optional<String> read(Path file) {
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            var line = new StringBuilder();
            int c = reader.read();
            while (c >= 0 && c != '\n' && c != '\r' && line.length() <= SECRET_MAX) {
                line.append((char) c);
                c = reader.read();
            }
            boolean isSane = !line.isEmpty() && line.length() <= SECRET_MAX;
            return isSane ? Optional.of(line.toString()) : Optional.empty();
        } catch (IOException _) {
            // Said with the name of the file.
            return Optional.empty();
        }
    }

    /// One login on one connection.
    private final class Exchange {
        private final Wire wire;
        private final String user;
        private final String secret;

        Exchange(Wire wire, String user, String secret) {
            this.wire = wire;
            this.user = user;
            this.secret = secret;
        }

        /// @return the final answer
        SmtpReply run(String mechanism) throws IOException {
            return switch (mechanism) {
                case "SCRAM-SHA-256" -> scram();
                case "CRAM-MD5" -> cram();
                case "PLAIN" -> initial("PLAIN", "\0" + user + "\0" + secret);
                case "LOGIN" -> login();
                case "XOAUTH2" ->
                        token("XOAUTH2", "user=" + user + "\1auth=Bearer " + secret + "\1\1", "");
                case "OAUTHBEARER" ->
                        token(
                                "OAUTHBEARER",
                                "n,a=" + user + ",\1auth=Bearer " + secret + "\1\1",
                                "AQ==");
                default -> throw new IllegalArgumentException(mechanism);
            };
        }

        private SmtpReply initial(String mechanism, String response) throws IOException {
            String encoded = encoded(response);
            String command = "AUTH " + mechanism + " " + encoded;
            if (command.length() <= COMMAND_MAX) {
                return wire.exchange(command, most);
            }
            SmtpReply reply = wire.exchange("AUTH " + mechanism, most);
            return reply.code() == CONTINUE ? wire.exchange(encoded, most) : reply;
        }

        /// A refused token comes as a challenge, which wants an answer (RFC 7628 §3.2.3).
        private SmtpReply token(String mechanism, String response, String toError)
                throws IOException {
            SmtpReply reply = initial(mechanism, response);
            return reply.code() == CONTINUE ? wire.exchange(toError, most) : reply;
        }

        private SmtpReply login() throws IOException {
            SmtpReply reply = wire.exchange("AUTH LOGIN", most);
            if (reply.code() == CONTINUE) {
                reply = wire.exchange(encoded(user), most);
            }
            return reply.code() == CONTINUE ? wire.exchange(encoded(secret), most) : reply;
        }

        private SmtpReply cram() throws IOException {
            SmtpReply reply = wire.exchange("AUTH CRAM-MD5", most);
            if (reply.code() != CONTINUE) {
                return reply;
            }
            byte[] digest =
                    ScramClient.hmac(
                            "HmacMD5", secret.getBytes(StandardCharsets.UTF_8), challenge(reply));
            return wire.exchange(encoded(user + " " + HexFormat.of().formatHex(digest)), most);
        }

        private SmtpReply scram() throws IOException {
            byte[] nonce = new byte[NONCE_BYTES];
            random.nextBytes(nonce);
            var client = new ScramClient(user, secret, Base64.getEncoder().encodeToString(nonce));
            SmtpReply reply = initial("SCRAM-SHA-256", client.first());
            if (reply.code() != CONTINUE) {
                return reply;
            }
            String last =
                    client.last(text(challenge(reply)))
                            .orElseThrow(() -> new ProtocolException("bad SCRAM challenge"));
            reply = wire.exchange(encoded(last), most);
            if (reply.code() == CONTINUE) {
                if (!client.isProof(text(challenge(reply)))) {
                    throw new ProtocolException("the host does not know the password itself");
                }
                return wire.exchange("", most);
            }
            if (reply.code() == ACCEPTED) {
                throw new ProtocolException("the host has not shown that it knows the password");
            }
            return reply;
        }

        private static byte[] challenge(SmtpReply reply) throws ProtocolException {
            return ScramClient.decoded(reply.text().strip())
                    .orElseThrow(() -> new ProtocolException("a challenge that is no base64"));
        }

        private static String text(byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private static String encoded(String text) {
            return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        }

        /// What the host answered, unless there is something of ours in it.
        String withoutSecrets(SmtpReply reply) {
            String text = reply.toString();
            boolean isRepeated =
                    text.contains(secret)
                            || text.contains(encoded(secret))
                            || text.contains(encoded("\0" + user + "\0" + secret));
            return isRepeated ? reply.code() + " (its text repeats the password)" : text;
        }
    }
}
