package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;
import static io.whimbrel.toml.Key.Change.RESTART;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.reception.SessionLimits;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.ValueKind;

import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The keys of `[node]` and `[[listen]]`: who we are and whose mail we take. Stateless.
final class ReceptionKeys {
    private static final int NETWORKS_MAX = 10_000;
    private static final int CONNECTIONS_MOST = 1_000_000;
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final SessionLimits LIMITS = SessionLimits.DEFAULT;

    static final Key<String> NODE_NAME =
            Key.required(
                    "name",
                    Kinds.hostName(),
                    "\"mx1.example.com\"",
                    RESTART,
                    "The name of this machine in the DNS: said in the greeting, in Received fields,"
                            + " in reports, and in EHLO where no `[[source]]` says otherwise.");

    static final Key<Path> NODE_DATA =
            Key.withDefault(
                    "data",
                    Kinds.dataFolder(),
                    Path.of("/var/lib/whimbrel"),
                    RESTART,
                    "The folder of everything that must survive: the spool in `spool`, the event"
                        + " log in `events`, the admin socket `admin.sock`. One server at a time.");

    static final Key<Duration> NODE_DRAIN =
            Key.withDefault(
                    "drain",
                    Kinds.duration(Duration.ZERO, HOUR),
                    Duration.ofSeconds(30),
                    RELOAD,
                    "On SIGTERM, how long transactions in flight may take to finish before they are"
                            + " cut off. Nothing that was accepted is lost either way.");

    static final TableSpec NODE =
            TableSpec.one("node", "This server.", List.of(NODE_NAME, NODE_DATA, NODE_DRAIN));

    static final Key<SocketAddress> ADDRESS =
            Key.required(
                    "address",
                    NetworkKinds.listenAddress(),
                    "\"127.0.0.1:2525\"",
                    RESTART,
                    "Where to listen. No two tables may share an address.");

    static final Key<List<Network>> RELAY_FROM =
            new Key<>(
                    "relay-from",
                    ValueKind.listOf(NetworkKinds.network(), "networks", NETWORKS_MAX),
                    new Presence.Default<>(List.of(), Optional.of("[\"127.0.0.0/8\", \"::1\"]")),
                    RELOAD,
                    "Networks whose clients may send mail to anybody. Nobody relays unless listed"
                        + " here. A network wide enough to make an open relay is refused, unless"
                        + " `open-relay` says that it is wanted.");

    static final Key<String> TENANT =
            new Key<>(
                    "tenant",
                    Kinds.name(),
                    new Presence.Unset<>("mail of no tenant", "\"shop\""),
                    RELOAD,
                    "Whose mail this is, for fairness, for events and for the verbs of"
                            + " `whimbrel queue`.");

    static final Key<String> CLASS =
            Key.withDefault(
                    "class",
                    Kinds.name(),
                    Kinds.nameOf(PriorityClass.NORMAL),
                    RELOAD,
                    "What kind of mail this is: the name of a `[[class]]`, or how urgent it is:"
                            + " `transactional`, `normal` or `bulk`. Urgent mail goes first, and"
                            + " bulk mail is never starved.");

    static final Key<String> CAMPAIGN_HEADER =
            new Key<>(
                    "campaign-header",
                    Kinds.fieldName(),
                    new Presence.Unset<>("mail of no campaign", "\"X-Campaign\""),
                    RELOAD,
                    "The header field whose value names the campaign a message belongs to.");

    static final Key<DsnPolicy> DSN =
            Key.withDefault(
                    "dsn",
                    Kinds.choice(List.of(DsnPolicy.values())),
                    DsnPolicy.FULL,
                    RELOAD,
                    "Which delivery status notifications senders get: all that RFC 3461 lets them"
                            + " ask for, only those of failure, or none, for applications that read"
                            + " the event log. Clients that may not relay, who reach the postmaster"
                            + " only, never get any.");

    static final Key<Long> MESSAGE_MAX =
            Key.withDefault(
                    "max-message",
                    Kinds.size(64L << 10, 1L << 30),
                    LIMITS.messageBytesMax(),
                    RELOAD,
                    "The largest message, announced by SIZE. A larger one gets 552.");

    static final Key<Integer> RECIPIENTS_MAX =
            Key.withDefault(
                    "max-recipients",
                    Kinds.integer(1, 100_000),
                    LIMITS.recipientsMax(),
                    RELOAD,
                    "Recipients of one message. Those beyond it get 452, and clients send the"
                            + " message again for them. RFC 5321, 4.5.3.1.8 asks for 100 or more.");

    static final Key<Integer> ERRORS_MAX =
            Key.withDefault(
                    "max-errors",
                    Kinds.integer(1, 10_000),
                    LIMITS.errorsMax(),
                    RELOAD,
                    "Refused commands in one session, counted from the last message that was taken,"
                            + " before it ends with 421. Within a transaction of a client in"
                            + " relay-from as many as max-recipients.");

    static final Key<Integer> CONNECTIONS_MAX =
            Key.withDefault(
                    "max-connections",
                    Kinds.integer(1, CONNECTIONS_MOST),
                    LIMITS.connectionsMax(),
                    RESTART,
                    "Connections at once on this address. Beyond it clients get 421 or wait. Where"
                            + " the limit of open files is too low for it, the server says so and"
                            + " serves fewer.");

    static final Key<Integer> CONNECTIONS_PER_CLIENT_MAX =
            new Key<>(
                    "max-connections-per-client",
                    Kinds.integer(1, CONNECTIONS_MOST),
                    new Presence.Unset<>(
                            "no limit for clients in `relay-from`, 500 where `auth` is required, 50"
                                    + " for others",
                            "50"),
                    RELOAD,
                    "Connections at once from one client address. Beyond it the client gets 421.");

    static final Key<Duration> COMMAND_TIMEOUT =
            Key.withDefault(
                    "command-timeout",
                    Kinds.duration(SECOND, HOUR),
                    LIMITS.commandTimeout(),
                    RELOAD,
                    "How long to wait for a command (RFC 5321, 4.5.3.2.7 asks for 5 minutes).");

    static final Key<Duration> DATA_TIMEOUT =
            Key.withDefault(
                    "data-timeout",
                    Kinds.duration(SECOND, HOUR),
                    LIMITS.dataTimeout(),
                    RELOAD,
                    "How long to wait for the next block of a message (RFC 5321, 4.5.3.2.5 gives 3"
                            + " minutes).");

    static final Key<Duration> SESSION_TIMEOUT =
            Key.withDefault(
                    "session-timeout",
                    Kinds.duration(SECOND, Duration.ofDays(1)),
                    LIMITS.sessionMost(),
                    RELOAD,
                    "How long one session may last before no other transaction begins and it ends"
                            + " with 421; one that is under way then goes on, for as long again at"
                            + " most.");

    static final TableSpec LISTEN =
            new TableSpec(
                    "listen",
                    true,
                    true,
                    Optional.of(ADDRESS),
                    "An address that takes mail by SMTP, and on which terms. At least one.",
                    listenKeys());

    private static List<Key<?>> listenKeys() {
        var keys =
                new ArrayList<Key<?>>(
                        List.of(
                                ADDRESS,
                                ListenKeys.PROTOCOL,
                                ListenKeys.SOCKET_MODE,
                                RELAY_FROM,
                                ListenKeys.OPEN_RELAY,
                                ListenKeys.PROXY_PROTOCOL_FROM,
                                ListenKeys.XCLIENT_FROM));
        keys.addAll(TlsKeys.LISTEN_KEYS);
        keys.addAll(AuthKeys.KEYS);
        keys.addAll(
                List.of(
                        TENANT,
                        CLASS,
                        CAMPAIGN_HEADER,
                        ListenKeys.FROM_DOMAINS,
                        ListenKeys.TENANT_HEADER,
                        ListenKeys.CONTROL_HEADERS,
                        ListenKeys.SUBMISSION,
                        DSN,
                        MESSAGE_MAX,
                        ListenKeys.HEADER_MAX,
                        RECIPIENTS_MAX,
                        ERRORS_MAX,
                        CONNECTIONS_MAX,
                        CONNECTIONS_PER_CLIENT_MAX,
                        COMMAND_TIMEOUT,
                        DATA_TIMEOUT,
                        SESSION_TIMEOUT));
        keys.addAll(ExtensionKeys.ALL);
        keys.addAll(DoorKeys.KEYS);
        keys.addAll(VerificationKeys.ALL);
        return List.copyOf(keys);
    }

    private ReceptionKeys() {}
}
