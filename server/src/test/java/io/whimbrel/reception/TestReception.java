package io.whimbrel.reception;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Mechanism;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.header.HeaderRules;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.Quotas;
import io.whimbrel.reception.ListenSettings.Access;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Handling;
import io.whimbrel.verification.VerificationSettings;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// A running reception on a free loopback port, with mail in memory and a clock that stands still.
final class TestReception implements AutoCloseable {
    static final String HOST = "mx.example.com";
    static final List<Network> EVERYBODY = networks("127.0.0.0/8");
    static final long ARRIVING_BYTES = 64 << 20;
    static final List<Network> NOBODY = List.of();

    final MemoryMail mail = new MemoryMail();
    final Metrics metrics = new Metrics();
    final ManualClock clock = new ManualClock();
    final ArrivingBodies arriving;
    final Reception reception;
    private final DnsSettings dns;

    private TestReception(List<ListenSettings> settings, int connectionsMost) {
        this(
                ReceptionSettings.of(settings),
                DnsSettings.DEFAULT,
                new ArrivingBodies(ARRIVING_BYTES),
                connectionsMost);
    }

    private TestReception(
            ReceptionSettings settings,
            DnsSettings dns,
            ArrivingBodies arriving,
            int connectionsMost) {
        this.dns = dns;
        this.arriving = arriving;
        this.reception = new Reception(settings, desk(), metrics, clock);
        try {
            reception.start(connectionsMost);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What a reception of these parts is made of.
    Reception.Desk desk() {
        var resolver = new Resolver(dns, clock);
        return new Reception.Desk(mail, arriving, new Quotas(clock, metrics.door), resolver);
    }

    /// Terms of one listener that nobody listens on.
    static ListenTerms terms(ListenSettings settings) {
        var clock = new ManualClock();
        var metrics = new Metrics();
        try {
            return new Doorkeeper(new Quotas(clock, metrics.door), metrics, clock)
                    .terms(
                            ReceptionSettings.of(List.of(settings)),
                            new Resolver(DnsSettings.DEFAULT, clock))
                    .getFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static TestReception start() {
        return start(EVERYBODY, SessionLimits.DEFAULT);
    }

    static TestReception start(ListenSettings settings) {
        return new TestReception(List.of(settings), Integer.MAX_VALUE);
    }

    static TestReception start(ReceptionSettings settings) {
        return start(settings, DnsSettings.DEFAULT, new ArrivingBodies(ARRIVING_BYTES));
    }

    /// @param dns who is asked about names
    static TestReception start(
            ReceptionSettings settings, DnsSettings dns, ArrivingBodies arriving) {
        return new TestReception(settings, dns, arriving, Integer.MAX_VALUE);
    }

    static TestReception start(List<Network> relayFrom, SessionLimits limits) {
        return new TestReception(List.of(settings(relayFrom, limits)), Integer.MAX_VALUE);
    }

    /// Where the process may open so few files that only so many connections are possible.
    static TestReception startShortOfFiles(int connectionsMost, int listeners) {
        ListenSettings settings = settings(EVERYBODY, SessionLimits.DEFAULT);
        return new TestReception(Collections.nCopies(listeners, settings), connectionsMost);
    }

    static ListenSettings settings(List<Network> relayFrom, SessionLimits limits) {
        return new ListenSettings(
                HOST,
                Entrance.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
                Access.of(relayFrom),
                new Handling(
                        new MailStream("shop", "", PriorityClass.NORMAL),
                        Optional.of("X-Campaign"),
                        DsnPolicy.FULL,
                        HeaderRules.DEFAULT,
                        Offered.DEFAULT,
                        VerificationSettings.NONE),
                limits);
    }

    /// Logins by all mechanisms that rest on a users file.
    static AuthSettings auth(AuthSettings.Mode mode, Path users) {
        return new AuthSettings(
                mode,
                Optional.of(users),
                Optional.empty(),
                Mechanism.ALL,
                AuthSettings.Lockout.DEFAULT,
                Duration.ofMinutes(5));
    }

    static SessionLimits limits(long messageBytesMax, int recipientsMax, int errorsMax) {
        return new SessionLimits(
                messageBytesMax,
                recipientsMax,
                errorsMax,
                1_000,
                OptionalInt.empty(),
                SessionLimits.DEFAULT.commandTimeout(),
                SessionLimits.DEFAULT.dataTimeout(),
                SessionLimits.DEFAULT.sessionMost());
    }

    static SessionLimits connectionLimits(int connectionsMax, OptionalInt perClient) {
        return new SessionLimits(
                1 << 20,
                100,
                20,
                connectionsMax,
                perClient,
                SessionLimits.DEFAULT.commandTimeout(),
                SessionLimits.DEFAULT.dataTimeout(),
                SessionLimits.DEFAULT.sessionMost());
    }

    static List<Network> networks(String... texts) {
        return List.of(texts).stream().map(text -> Network.parse(text).orElseThrow()).toList();
    }

    void reload(List<ListenSettings> next) throws IOException {
        reload(ReceptionSettings.of(next));
    }

    void reload(ReceptionSettings next) throws IOException {
        reception.reload(next, new Resolver(dns, clock));
    }

    InetSocketAddress address() {
        return tcp(0);
    }

    /// Of the listener of this number.
    InetSocketAddress tcp(int index) {
        return (InetSocketAddress) reception.addresses().get(index);
    }

    SmtpTalk connect() throws IOException {
        return new SmtpTalk(address());
    }

    /// A connection that has said EHLO and has the answer.
    SmtpTalk greeted() throws IOException {
        SmtpTalk talk = connect();
        talk.expect("220");
        talk.command("EHLO client.example", "250");
        return talk;
    }

    /// The only message taken so far.
    MemoryMail.Stored onlyMessage() {
        if (mail.stored().size() != 1) {
            throw new AssertionError("expected one message, got " + mail.stored());
        }
        return mail.stored().getFirst();
    }

    @Override
    public void close() {
        try {
            reception.close(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
