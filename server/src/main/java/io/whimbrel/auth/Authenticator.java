package io.whimbrel.auth;

import io.whimbrel.auth.SaslExchange.Beginning;
import io.whimbrel.mail.IpText;
import io.whimbrel.metrics.AuthMetrics;
import io.whimbrel.smtp.SmtpReply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// Lets clients log in on the terms of some settings; remembers who failed and who did not.
/// Thread-safe. Listeners with equal settings do best to share one, also over a reload: lock-outs
/// are of an authenticator.
///
/// Every failed login is a line of the logger `io.whimbrel.auth.Authenticator`, for people and for
/// fail2ban, in a form that does not change: `auth-failure ip=192.0.2.7 user=shop mech=PLAIN
/// listener=0.0.0.0:587 reason=credentials`.
public final class Authenticator {
    private static final int NONCE_OCTETS = 24;
    private static final Logger LOG = LoggerFactory.getLogger(Authenticator.class);

    private final AuthSettings settings;
    private final AuthMetrics metrics;
    private final InstantSource clock;
    private final LoginFailures failures;
    private final Optional<Users> users;
    private final Optional<PasswordChecks> passwords;
    private final Optional<TokenChecks> tokens;

    /// What is invented for users that do not exist comes from this, so that it stays the same as
    /// long as the process lives.
    private final byte[] secret = Hashes.random(Hashes.OCTETS);

    public Authenticator(AuthSettings settings, AuthMetrics metrics, InstantSource clock) {
        this.settings = settings;
        this.metrics = metrics;
        this.clock = clock;
        failures = new LoginFailures(settings.lockout(), metrics, clock);
        users = settings.users().map(path -> new Users(path, clock));
        int workers = PasswordChecks.workersOfThisMachine();
        passwords = users.map(all -> new PasswordChecks(all, settings.cache(), clock, workers));
        tokens = settings.oauth().map(oauth -> new TokenChecks(oauth, clock));
    }

    public AuthSettings settings() {
        return settings;
    }

    /// What to announce behind AUTH in the reply to EHLO; nothing without TLS.
    public List<String> mechanisms(AuthClient client) {
        return offered(client).stream().map(Mechanism::word).toList();
    }

    /// Begins an exchange. Whatever is wrong with it shows in its first step.
    ///
    /// @param mechanism the word behind AUTH, in any case
    public SaslExchange begin(String mechanism, AuthClient client) {
        failures.refresh();
        return new SaslExchange(this, client, beginning(mechanism, client));
    }

    private Beginning beginning(String word, AuthClient client) {
        Optional<Mechanism> mechanism = Mechanism.parse(word);
        String label = mechanism.map(Mechanism::word).orElse("other");
        if (mechanism.isPresent() && isServed(mechanism.get()) && !client.isTls()) {
            return new Beginning.Shut(
                    label,
                    Failure.PLAINTEXT,
                    SmtpReply.of(
                            538,
                            5,
                            7,
                            11,
                            "Encryption required for requested authentication mechanism"));
        }
        if (mechanism.isEmpty() || !offered(client).contains(mechanism.get())) {
            return new Beginning.Shut(
                    label,
                    Failure.MECHANISM,
                    SmtpReply.of(504, 5, 5, 4, "Unrecognized authentication type"));
        }
        return new Beginning.Open(mechanism.get(), dialogue(mechanism.get(), client));
    }

    private Dialogue dialogue(Mechanism mechanism, AuthClient client) {
        return switch (mechanism) {
            case PLAIN -> new PlainDialogue();
            case LOGIN -> new LoginDialogue();
            case OAUTHBEARER -> new BearerDialogue(true);
            case XOAUTH2 -> new BearerDialogue(false);
            case SCRAM_SHA_256, SCRAM_SHA_256_PLUS ->
                    new ScramDialogue(
                            new ScramDialogue.Offer(
                                    mechanism == Mechanism.SCRAM_SHA_256_PLUS,
                                    offered(client).contains(Mechanism.SCRAM_SHA_256_PLUS),
                                    client.bindings()),
                            SaslText.encode(Hashes.random(NONCE_OCTETS)));
        };
    }

    private List<Mechanism> offered(AuthClient client) {
        return Mechanism.ALL.stream()
                .filter(this::isServed)
                .filter(_ -> client.isTls())
                .filter(it -> it != Mechanism.SCRAM_SHA_256_PLUS || !client.bindings().isEmpty())
                .toList();
    }

    private boolean isServed(Mechanism mechanism) {
        return settings.mode() != AuthSettings.Mode.NONE
                && settings.mechanisms().contains(mechanism)
                && (mechanism.takesTokens() ? tokens.isPresent() : users.isPresent());
    }

    /// The lock-outs in force.
    public List<LockoutView> lockouts() {
        return failures.lockouts();
    }

    /// Ends lock-outs, and forgets the failures that led to them.
    ///
    /// @return those it ended
    public List<LockoutView> lift(Predicate<LockoutView> which) {
        return failures.lift(which);
    }

    AuthMetrics metrics() {
        return metrics;
    }

    Optional<Duration> locked(String user, AuthClient client) {
        return failures.locked(counted(user), client.address());
    }

    Duration failed(String user, AuthClient client) {
        return failures.failed(counted(user), client.address());
    }

    void succeeded(Identity identity, AuthClient client) {
        metrics.success(identity.mechanism());
        failures.succeeded(identity.user(), client.address());
    }

    /// Names that no user can have are not kept: they may be long.
    private static String counted(String user) {
        return SaslText.isName(user) ? user : "";
    }

    void log(String user, Mechanism mechanism, AuthClient client, Failure reason) {
        metrics.failure(mechanism.word(), reason.word());
        LOG.info(
                "auth-failure ip={} user={} mech={} listener={} reason={}",
                IpText.of(client.address()),
                SaslText.logged(user),
                mechanism.word(),
                client.listener(),
                reason.word());
    }

    PasswordChecks.Verdict check(String user, String password, AuthClient client) {
        return passwords
                .map(it -> it.check(user, password, () -> locked(user, client)))
                .orElseGet(PasswordChecks.Verdict.Unavailable::new);
    }

    TokenChecks.Verdict check(Optional<String> user, String token) {
        return tokens.map(it -> it.check(user, token))
                .orElseGet(TokenChecks.Verdict.Unavailable::new);
    }

    String tokenComplaint(Mechanism mechanism) {
        return tokens.map(it -> it.complaint(mechanism == Mechanism.OAUTHBEARER)).orElse("{}");
    }

    boolean isBefore(Instant expires) {
        return clock.instant().isBefore(expires);
    }

    /// The login of a user whom a trusted proxy has seen log in; empty where there is none of that
    /// name.
    public Optional<SaslStep.Granted> vouched(String user) {
        return users.flatMap(Users::roll)
                .flatMap(roll -> roll.find(user))
                .map(entry ->
                        new SaslStep.Granted(
                                new Identity(
                                        entry.name(),
                                        entry.tenant(),
                                        "XCLIENT",
                                        entry.mayControl()),
                                SmtpReply.of(235, 2, 7, 0, "Authentication succeeded"),
                                () -> has(entry)));
    }

    boolean has(UserEntry entry) {
        return users.filter(it -> it.has(entry)).isPresent();
    }

    /// The keys of a user for SCRAM. For a user that has none, or does not exist, they are invented
    /// so that they look like those of others, and no password fits them. Empty where the users
    /// file cannot be used.
    Optional<Verifier.Scram> scramKeys(String user) {
        return users.flatMap(Users::roll)
                .map(roll -> {
                    // Made for everybody, so that it takes as long for everybody.
                    Verifier.Scram invented = invented(user, roll.scramDecoy());
                    return roll.find(user)
                            .map(UserEntry::verifier)
                            .filter(Verifier.Scram.class::isInstance)
                            .map(Verifier.Scram.class::cast)
                            .orElse(invented);
                });
    }

    private Verifier.Scram invented(String user, Optional<Verifier.Scram> decoy) {
        int iterations =
                decoy.map(Verifier.Scram::iterations).orElse(Verifier.Scram.ITERATIONS_DEFAULT);
        int octets =
                Math.min(
                        Hashes.OCTETS,
                        decoy.map(it -> it.saltBytes().length).orElse(Verifier.Scram.SALT_OCTETS));
        byte[] salt = java.util.Arrays.copyOf(Hashes.hmac(secret, "salt " + user), octets);
        return new Verifier.Scram(
                iterations,
                SaslText.encode(salt),
                SaslText.encode(Hashes.hmac(secret, "stored key " + user)),
                SaslText.encode(Hashes.hmac(secret, "server key " + user)));
    }

    /// The user whose keys a finished dialogue rested on; empty where the file has changed since.
    Optional<UserEntry> userWithKeys(String user, Dialogue dialogue) {
        return dialogue instanceof ScramDialogue scram
                ? users.flatMap(Users::roll)
                        .flatMap(it -> it.find(user))
                        .filter(entry -> scram.keys().filter(entry.verifier()::equals).isPresent())
                : Optional.empty();
    }
}
