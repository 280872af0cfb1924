package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.BlocklistZone;
import io.whimbrel.policy.DoorCount;
import io.whimbrel.policy.DoorLimits;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.policy.InboundSettings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.RateKind;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The keys of `[[listen]]` that stop abuse at the door, and `[[inbound]]`. Stateless.
final class DoorKeys {
    private static final int NETWORKS_MAX = 10_000;
    private static final int ZONES_MAX = 16;
    private static final Duration DAY = Duration.ofDays(1);

    static final Key<Rate> CLIENT_CONNECTIONS =
            rate(
                    "client-connections",
                    "60/min",
                    "Connections of one client: an IPv4 address, or an IPv6 network of 64 bits,"
                            + " which one host may have. Beyond it clients get 421 and when to"
                            + " come again. Limits hold in every window of their length.");

    static final Key<Rate> CLIENT_MESSAGES =
            rate(
                    "client-messages",
                    "600/min",
                    "Messages that one client begins. Beyond it MAIL gets 421.");

    static final Key<Rate> CLIENT_RECIPIENTS =
            rate(
                    "client-recipients",
                    "5000/min",
                    "Recipients that one client names. Beyond it RCPT gets 450, and the client"
                            + " sends the message again for them.");

    static final Key<Rate> CLIENT_ERRORS =
            rate(
                    "client-errors",
                    "30/min",
                    "Refused commands of one client, recipients included. Beyond it the session"
                            + " ends with 421, and the client is banned (`ban`).");

    static final Key<Rate> CLIENT_REFUSED_RECIPIENTS =
            rate(
                    "client-refused-recipients",
                    "20/min",
                    "Recipients refused for good of one client, as somebody who guesses addresses"
                            + " has many. Beyond it as with `client-errors`.");

    static final Key<Rate> NETWORK_CONNECTIONS =
            rate(
                    "network-connections",
                    "600/min",
                    "Connections from one network: 24 bits of IPv4, or 48 of IPv6. As"
                            + " `client-connections`.");

    static final Key<Rate> NETWORK_MESSAGES =
            rate(
                    "network-messages",
                    "6000/min",
                    "Messages from one network. As `client-messages`.");

    static final Key<Rate> NETWORK_RECIPIENTS =
            rate(
                    "network-recipients",
                    "50000/min",
                    "Recipients from one network. As `client-recipients`.");

    static final Key<Rate> NETWORK_ERRORS =
            rate(
                    "network-errors",
                    "300/min",
                    "Refused commands from one network. Beyond it the whole network is banned.");

    static final Key<Rate> NETWORK_REFUSED_RECIPIENTS =
            rate(
                    "network-refused-recipients",
                    "200/min",
                    "Recipients refused for good from one network. Beyond it the whole network is"
                            + " banned.");

    static final Key<Rate> LISTENER_CONNECTIONS =
            rate(
                    "listener-connections",
                    "10000/min",
                    "Connections of all clients on this address. As `client-connections`.");

    static final Key<Rate> LISTENER_MESSAGES =
            rate(
                    "listener-messages",
                    "100000/min",
                    "Messages of all clients on this address. As `client-messages`.");

    static final Key<Rate> LISTENER_RECIPIENTS =
            rate(
                    "listener-recipients",
                    "1000000/min",
                    "Recipients of all clients on this address. As `client-recipients`.");

    static final Key<Duration> TARPIT =
            Key.withDefault(
                    "tarpit",
                    Kinds.duration(Duration.ZERO, Duration.ofMinutes(1)),
                    Duration.ZERO,
                    RELOAD,
                    "How long each refusal is held back once a client made more than three errors"
                            + " within a minute, or within the time that `client-errors` names.");

    static final Key<Duration> BAN =
            Key.withDefault(
                    "ban",
                    Kinds.duration(Duration.ZERO, DAY),
                    DoorLimits.NONE.ban(),
                    RELOAD,
                    "How long a client is banned, from all listeners, once it is beyond"
                            + " `client-errors` or `client-refused-recipients`. The next ban within"
                            + " a day is twice as long, up to a day. With `0s` only the session"
                            + " ends.");

    static final Key<Boolean> BAN_TRUSTED =
            Key.withDefault(
                    "ban-trusted",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether clients that may relay, by `relay-from` or because they authenticated,"
                            + " are slowed down and banned for errors like others.");

    static final Key<List<Network>> RATE_EXEMPT =
            new Key<>(
                    "rate-exempt",
                    ValueKind.listOf(NetworkKinds.network(), "networks", NETWORKS_MAX),
                    new Presence.Unset<>("nobody is exempt", "[\"192.0.2.0/24\"]"),
                    RELOAD,
                    "Networks whose clients none of these limits and bans apply to: monitoring,"
                            + " for example.");

    static final Key<List<BlocklistZone>> RBL =
            new Key<>(
                    "rbl",
                    ValueKind.listOf(PolicyKinds.blocklistZone(), "blocklists", ZONES_MAX),
                    new Presence.Unset<>("no list is asked", "[\"zen.spamhaus.org\"]"),
                    RELOAD,
                    "Lists in the DNS of addresses that send spam. Clients on one get 550 for each"
                            + " recipient unless they may relay. A list without an answer within 3"
                            + " seconds stops nobody. Ask through a resolver of your own: lists"
                            + " refuse public ones.");

    static final Key<Boolean> CHECK_SENDER_DOMAIN =
            Key.withDefault(
                    "check-sender-domain",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether the domain of the reverse-path must be in the DNS with an MX or an"
                            + " address, and take mail. Where the DNS fails, MAIL gets 451.");

    static final Key<Boolean> CHECK_RECIPIENT_DOMAIN =
            Key.withDefault(
                    "check-recipient-domain",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether the domain of each recipient must be in the DNS with an MX or an"
                            + " address, and take mail. A typing error is then refused at once"
                            + " instead of being reported later.");

    private static final Map<DoorCount, Key<Rate>> PER_CLIENT =
            Map.of(
                    DoorCount.CONNECTIONS, CLIENT_CONNECTIONS,
                    DoorCount.MESSAGES, CLIENT_MESSAGES,
                    DoorCount.RECIPIENTS, CLIENT_RECIPIENTS,
                    DoorCount.ERRORS, CLIENT_ERRORS,
                    DoorCount.REFUSED_RECIPIENTS, CLIENT_REFUSED_RECIPIENTS);

    private static final Map<DoorCount, Key<Rate>> PER_NETWORK =
            Map.of(
                    DoorCount.CONNECTIONS, NETWORK_CONNECTIONS,
                    DoorCount.MESSAGES, NETWORK_MESSAGES,
                    DoorCount.RECIPIENTS, NETWORK_RECIPIENTS,
                    DoorCount.ERRORS, NETWORK_ERRORS,
                    DoorCount.REFUSED_RECIPIENTS, NETWORK_REFUSED_RECIPIENTS);

    private static final Map<DoorCount, Key<Rate>> PER_LISTENER =
            Map.of(
                    DoorCount.CONNECTIONS, LISTENER_CONNECTIONS,
                    DoorCount.MESSAGES, LISTENER_MESSAGES,
                    DoorCount.RECIPIENTS, LISTENER_RECIPIENTS);

    /// To stand in `[[listen]]`, in this order.
    static final List<Key<?>> KEYS =
            List.of(
                    CLIENT_CONNECTIONS,
                    CLIENT_MESSAGES,
                    CLIENT_RECIPIENTS,
                    CLIENT_ERRORS,
                    CLIENT_REFUSED_RECIPIENTS,
                    NETWORK_CONNECTIONS,
                    NETWORK_MESSAGES,
                    NETWORK_RECIPIENTS,
                    NETWORK_ERRORS,
                    NETWORK_REFUSED_RECIPIENTS,
                    LISTENER_CONNECTIONS,
                    LISTENER_MESSAGES,
                    LISTENER_RECIPIENTS,
                    TARPIT,
                    BAN,
                    BAN_TRUSTED,
                    RATE_EXEMPT,
                    RBL,
                    CHECK_SENDER_DOMAIN,
                    CHECK_RECIPIENT_DOMAIN);

    static final Key<DomainPattern> INBOUND_DOMAIN =
            Key.required(
                    "domain",
                    PolicyKinds.inboundDomain(),
                    "\"bounce.example.com\"",
                    RELOAD,
                    "Mail for it is taken from anybody; `\"*.example.com\"` is every domain below"
                            + " `example.com`. The domain itself comes before one with an"
                            + " asterisk, and the longest of those first.");

    static final TableSpec INBOUND =
            new TableSpec(
                    "inbound",
                    true,
                    false,
                    Optional.of(INBOUND_DOMAIN),
                    "A domain of ours: bounces, complaints and replies come to it, from clients"
                            + " that may not relay. All other mail of theirs gets 550 5.7.1.",
                    List.of(INBOUND_DOMAIN));

    private DoorKeys() {}

    /// Of one `[[listen]]`.
    static DoorSettings settings(TableValues listen) {
        var limits =
                new DoorLimits(
                        rates(listen, PER_CLIENT),
                        rates(listen, PER_NETWORK),
                        rates(listen, PER_LISTENER),
                        listen.get(TARPIT),
                        listen.get(BAN),
                        listen.get(BAN_TRUSTED),
                        listen.find(RATE_EXEMPT).orElse(List.of()));
        return new DoorSettings(
                limits,
                listen.find(RBL).orElse(List.of()),
                listen.get(CHECK_SENDER_DOMAIN),
                listen.get(CHECK_RECIPIENT_DOMAIN));
    }

    /// Of all `[[inbound]]`.
    static List<InboundSettings> inbound(List<TableValues> tables) {
        List<InboundSettings> all = new ArrayList<>();
        for (TableValues table : tables) {
            all.add(new InboundSettings(table.get(INBOUND_DOMAIN)));
        }
        return all;
    }

    private static Map<DoorCount, Rate> rates(TableValues listen, Map<DoorCount, Key<Rate>> keys) {
        var rates = new EnumMap<DoorCount, Rate>(DoorCount.class);
        keys.forEach((count, key) -> listen.find(key).ifPresent(rate -> rates.put(count, rate)));
        return rates;
    }

    private static Key<Rate> rate(String name, String example, String meaning) {
        return new Key<>(
                name,
                RateKind.rate(),
                new Presence.Unset<>("no limit", TomlText.quote(example)),
                RELOAD,
                meaning);
    }
}
