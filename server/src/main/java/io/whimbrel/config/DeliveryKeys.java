package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;
import static io.whimbrel.toml.Key.Change.RESTART;

import io.whimbrel.delivery.DeliverySettings;
import io.whimbrel.mail.Network;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.schedule.ScheduleSettings;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.ValueKind;

import java.time.Duration;
import java.util.List;

/// The keys of `[delivery]` and `[retry]`: how mail leaves. Stateless.
final class DeliveryKeys {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final DeliverySettings DEFAULT = DeliverySettings.DEFAULT;
    private static final DeliverySettings.Timeouts TIMEOUTS = DEFAULT.timeouts();
    private static final RetrySchedule RETRY_DEFAULT = RetrySchedule.DEFAULT;

    static final Key<Integer> PORT =
            Key.withDefault(
                    "port",
                    Kinds.integer(1, AddressText.PORT_MAX),
                    DEFAULT.port(),
                    RELOAD,
                    "The port of MX hosts. Only simulators use another than 25.");

    static final Key<List<Network>> ALLOW_PRIVATE =
            Key.withDefault(
                    "allow-private",
                    ValueKind.listOf(NetworkKinds.network(), "networks", 1_000),
                    DEFAULT.allowPrivate(),
                    RELOAD,
                    "Networks that mail may be sent to although they are private or loopback. An MX"
                        + " host elsewhere in such networks is never connected to, because anybody"
                        + " can point an MX record at your own machines.");

    static final Key<Integer> CONNECTIONS =
            Key.withDefault(
                    "connections",
                    Kinds.integer(1, 10_000),
                    DEFAULT.connectionsPerPathMax(),
                    RELOAD,
                    "Connections at once to one site (the domains that share their MX hosts) by one"
                        + " pool, over all its sources. A `[[limit]]` can only lower it: raise it"
                        + " where limits of sources allow more in sum.");

    static final Key<Integer> CONNECTIONS_MAX =
            Key.withDefault(
                    "max-connections",
                    Kinds.integer(1, 100_000),
                    DEFAULT.connectionsMax(),
                    RELOAD,
                    "Connections at once in all. At the limit, sites take turns. Where the limit of"
                            + " open files is too low for it, the server says so and opens"
                            + " fewer.");

    static final Key<Integer> MESSAGES_PER_CONNECTION =
            Key.withDefault(
                    "messages-per-connection",
                    Kinds.integer(1, 100_000),
                    DEFAULT.messagesPerConnectionMax(),
                    RELOAD,
                    "Mail transactions on one connection before QUIT.");

    static final Key<Integer> RECIPIENTS_PER_TRANSACTION =
            Key.withDefault(
                    "recipients-per-transaction",
                    Kinds.integer(1, 1_000),
                    ScheduleSettings.DEFAULT.recipientsPerTransaction(),
                    RESTART,
                    "Recipients of one message that share a mail transaction. RFC 5321, 4.5.3.1.8"
                            + " obliges every host to take 100.");

    static final Key<Duration> IDLE =
            timeout(
                    "idle",
                    Duration.ofMinutes(5),
                    DEFAULT.idleMost(),
                    "How long an open connection waits for the next message before QUIT.");

    static final Key<Duration> CONNECT_TIMEOUT =
            timeout(
                    "connect-timeout",
                    HOUR,
                    TIMEOUTS.connect(),
                    "How long a TCP connect may take.");

    static final Key<Duration> GREETING_TIMEOUT =
            timeout(
                    "greeting-timeout",
                    HOUR,
                    TIMEOUTS.greeting(),
                    "How long to wait for the 220 (RFC 5321, 4.5.3.2.1).");

    static final Key<Duration> COMMAND_TIMEOUT =
            timeout(
                    "command-timeout",
                    HOUR,
                    TIMEOUTS.command(),
                    "How long to wait for the answer to EHLO, STARTTLS, MAIL and RCPT (RFC 5321"
                            + " 4.5.3.2.2 and 4.5.3.2.3).");

    static final Key<Duration> DATA_COMMAND_TIMEOUT =
            timeout(
                    "data-command-timeout",
                    HOUR,
                    TIMEOUTS.dataInitiation(),
                    "How long to wait for the 354 (RFC 5321, 4.5.3.2.4).");

    static final Key<Duration> DATA_TIMEOUT =
            timeout(
                    "data-timeout",
                    HOUR,
                    TIMEOUTS.dataBlock(),
                    "How long the peer may take to receive a block of a message (RFC 5321,"
                            + " 4.5.3.2.5).");

    static final Key<Duration> END_OF_DATA_TIMEOUT =
            timeout(
                    "end-of-data-timeout",
                    HOUR,
                    TIMEOUTS.dataTermination(),
                    "How long to wait for the answer to a whole message (RFC 5321, 4.5.3.2.6). A"
                            + " shorter one makes duplicates.");

    static final TableSpec DELIVERY =
            TableSpec.one(
                    "delivery",
                    "How mail is sent.",
                    List.of(
                            EgressKeys.DEFAULT_POOL,
                            PORT,
                            ALLOW_PRIVATE,
                            RouteKeys.IP,
                            RouteKeys.SKIP_HOSTS,
                            RouteKeys.DELIVERY_FALLBACK,
                            CONNECTIONS,
                            CONNECTIONS_MAX,
                            MESSAGES_PER_CONNECTION,
                            RECIPIENTS_PER_TRANSACTION,
                            IDLE,
                            CONNECT_TIMEOUT,
                            GREETING_TIMEOUT,
                            COMMAND_TIMEOUT,
                            DATA_COMMAND_TIMEOUT,
                            DATA_TIMEOUT,
                            END_OF_DATA_TIMEOUT));

    static final Key<Duration> FIRST =
            retry(
                    "first",
                    Duration.ofDays(1),
                    RETRY_DEFAULT.first(),
                    "How long after the first attempt comes the second.");

    static final Key<Double> FACTOR =
            Key.withDefault(
                    "factor",
                    Kinds.number(1, 10),
                    RETRY_DEFAULT.factor(),
                    RELOAD,
                    "Each further delay is this many times the one before.");

    static final Key<Duration> MOST =
            retry("most", Duration.ofDays(7), RETRY_DEFAULT.most(), "The longest delay.");

    static final Key<Duration> EXPIRE =
            retry(
                    "expire",
                    Duration.ofDays(60),
                    RETRY_DEFAULT.expire(),
                    "How long after its acceptance a recipient is given up and the sender told. RFC"
                            + " 5321, 4.5.4.1 asks for 4 to 5 days.");

    static final Key<Duration> DELAY_NOTICE =
            retry(
                    "delay-notice",
                    Duration.ofDays(60),
                    RETRY_DEFAULT.delayNotice(),
                    "How long after its acceptance the sender of a message still queued is told,"
                            + " once. Longer than `expire` means never.");

    static final TableSpec RETRY =
            TableSpec.one(
                    "retry",
                    "When a deferred recipient is tried again.",
                    List.of(FIRST, FACTOR, MOST, EXPIRE, DELAY_NOTICE));

    private DeliveryKeys() {}

    private static Key<Duration> timeout(
            String name, Duration most, Duration value, String meaning) {
        ValueKind<Duration> kind = Kinds.duration(Duration.ofMillis(100), most);
        return Key.withDefault(name, kind, value, RELOAD, meaning);
    }

    private static Key<Duration> retry(String name, Duration most, Duration value, String meaning) {
        ValueKind<Duration> kind = Kinds.duration(Duration.ofMillis(10), most);
        return Key.withDefault(name, kind, value, RELOAD, meaning);
    }
}
