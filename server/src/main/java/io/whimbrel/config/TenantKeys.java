package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.egress.ClassSettings;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.AddressPattern;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.policy.TenantSettings.Limits;
import io.whimbrel.policy.TenantSettings.TenantQuotas;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.RateKind;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// The keys of `[[tenant]]`: whose mail it is, and what they may do. Stateless.
final class TenantKeys {
    private static final int DOMAINS_MAX = 10_000;
    private static final int QUOTAS_MAX = 8;
    private static final int CONNECTIONS_MOST = 1_000_000;

    static final Key<String> NAME =
            Key.required(
                    "name",
                    Kinds.name(),
                    "\"shop\"",
                    RELOAD,
                    "As credentials, `[[listen]] tenant`, events and the verbs of `whimbrel queue`"
                            + " have it. A tenant without a table has no rules.");

    static final Key<List<DomainPattern>> FROM_DOMAINS =
            new Key<>(
                    "from-domains",
                    ValueKind.listOf(NetworkKinds.domainPattern(), "domains", DOMAINS_MAX),
                    new Presence.Unset<>("any domain", "[\"shop.example\", \"*.shop.example\"]"),
                    RELOAD,
                    "Whom its mail may come from: every address of the From field, and the"
                            + " reverse-path, must be at one of these domains. A message without a"
                            + " From field that can be read gets 550. The null reverse-path is"
                            + " always allowed.");

    static final Key<List<AddressPattern>> REVERSE_PATHS =
            new Key<>(
                    "reverse-paths",
                    ValueKind.listOf(PolicyKinds.addressPattern(), "addresses", DOMAINS_MAX),
                    new Presence.Unset<>(
                            "only those at from-domains", "[\"*@bounce.example.com\"]"),
                    RELOAD,
                    "Addresses that the reverse-path may be besides, such as a bounce address of"
                            + " yours: `\"bounce@example.com\"`, `\"bounce+*@example.com\"` for all"
                            + " that begin so, `\"*@example.com\"`.");

    static final Key<String> POOL =
            new Key<>(
                    "pool",
                    Kinds.name(),
                    new Presence.Unset<>("what the listener says", "\"transactional\""),
                    RELOAD,
                    "Whose source addresses its mail leaves from.");

    static final Key<List<Rate>> QUOTA =
            new Key<>(
                    "quota",
                    ValueKind.listOf(RateKind.rate(), "quotas", QUOTAS_MAX),
                    new Presence.Unset<>("no limit", "[\"100000/d\", \"20000/h\"]"),
                    RELOAD,
                    "How many messages are taken in how long. Each holds in every window of its"
                            + " length, wherever it begins. Beyond it MAIL gets 451 and the time"
                            + " when there is room. After a crash the last 5 seconds may count as"
                            + " unused.");

    static final Key<List<Rate>> RECIPIENT_QUOTA =
            new Key<>(
                    "recipient-quota",
                    ValueKind.listOf(RateKind.rate(), "quotas", QUOTAS_MAX),
                    new Presence.Unset<>("no limit", "[\"200000/d\"]"),
                    RELOAD,
                    "How many recipients are taken in how long. Beyond it RCPT gets 452.");

    static final Key<List<Rate>> SIZE_QUOTA =
            new Key<>(
                    "size-quota",
                    ValueKind.listOf(PolicyKinds.sizeRate(), "quotas", QUOTAS_MAX),
                    new Presence.Unset<>("no limit", "[\"10GiB/d\"]"),
                    RELOAD,
                    "How many bytes of messages are taken in how long. Beyond it MAIL with SIZE, or"
                            + " else the end of the data, gets 451.");

    static final Key<Long> MESSAGE_MAX =
            new Key<>(
                    "max-message",
                    Kinds.size(1L << 10, 1L << 30),
                    new Presence.Unset<>("what the listener says", "\"10MiB\""),
                    RELOAD,
                    "The largest message of this tenant, where the listener allows as much.");

    static final Key<Integer> RECIPIENTS_MAX =
            new Key<>(
                    "max-recipients",
                    Kinds.integer(1, 100_000),
                    new Presence.Unset<>("what the listener says", "100"),
                    RELOAD,
                    "Recipients of one message, where the listener allows as many.");

    static final Key<Integer> CONNECTIONS_MAX =
            new Key<>(
                    "max-connections",
                    Kinds.integer(1, CONNECTIONS_MOST),
                    new Presence.Unset<>("no limit but the listener's", "50"),
                    RELOAD,
                    "Connections at once of this tenant, over all listeners. Beyond it clients get"
                            + " 421.");

    static final Key<String> CLASS =
            new Key<>(
                    "class",
                    Kinds.name(),
                    new Presence.Unset<>("what the listener says", "\"transactional\""),
                    RELOAD,
                    "What kind of mail it sends where a message does not say: the name of a"
                            + " `[[class]]`, whose pool is taken where `pool` is not set, or how"
                            + " urgent it is: `transactional`, `normal` or `bulk`.");

    static final Key<List<PriorityClass>> CLASSES =
            new Key<>(
                    "classes",
                    ValueKind.listOf(
                            Kinds.choice(List.of(PriorityClass.values())),
                            "classes",
                            PriorityClass.values().length),
                    new Presence.Unset<>("all of them", "[\"transactional\", \"normal\"]"),
                    RELOAD,
                    "Which classes its messages may ask for; one that asks for another is sent as"
                            + " `class`.");

    static final Key<String> CAMPAIGN_HEADER =
            new Key<>(
                    "campaign-header",
                    Kinds.fieldName(),
                    new Presence.Unset<>("what the listener says", "\"X-Campaign\""),
                    RELOAD,
                    "The header field whose value names the campaign a message belongs to.");

    static final Key<DsnPolicy> DSN =
            new Key<>(
                    "dsn",
                    Kinds.choice(List.of(DsnPolicy.values())),
                    new Presence.Unset<>("what the listener says", "\"failure\""),
                    RELOAD,
                    "Which delivery status notifications its senders get: as in `[[listen]]`.");

    static final Key<Boolean> CONTROL_HEADERS =
            Key.withDefault(
                    "control-headers",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether header fields of its messages are obeyed that choose pool, campaign,"
                            + " schedule, expiry and priority. They are removed before delivery.");

    static final Key<List<Network>> NETWORKS =
            new Key<>(
                    "networks",
                    ValueKind.listOf(NetworkKinds.network(), "networks", DOMAINS_MAX),
                    new Presence.Unset<>("no client by its address", "[\"192.0.2.0/24\"]"),
                    RELOAD,
                    "Clients from here are this tenant, unless they authenticate as another. The"
                            + " longest prefix of all tenants wins. This alone lets nobody relay:"
                            + " that is `relay-from`.");

    static final Key<List<String>> CERTIFICATES =
            new Key<>(
                    "certificates",
                    ValueKind.listOf(PolicyKinds.certificate(), "certificates", DOMAINS_MAX),
                    new Presence.Unset<>("no client by its certificate", "[\"app.shop.example\"]"),
                    RELOAD,
                    "Clients with such a certificate are this tenant: a name in it, or the SHA-256"
                            + " of the whole.");

    static final Key<Duration> EXPIRE =
            new Key<>(
                    "expire",
                    Kinds.duration(Duration.ofMinutes(1), Duration.ofDays(30)),
                    new Presence.Unset<>("what `[retry]` says", "\"2d\""),
                    RELOAD,
                    "How long its messages are tried before they are returned.");

    static final TableSpec TENANT =
            new TableSpec(
                    "tenant",
                    true,
                    false,
                    Optional.of(NAME),
                    "A sender with rules of its own: whom it may send as, how much, how urgently.",
                    List.of(
                            NAME,
                            FROM_DOMAINS,
                            REVERSE_PATHS,
                            POOL,
                            QUOTA,
                            RECIPIENT_QUOTA,
                            SIZE_QUOTA,
                            MESSAGE_MAX,
                            RECIPIENTS_MAX,
                            CONNECTIONS_MAX,
                            CLASS,
                            CLASSES,
                            CAMPAIGN_HEADER,
                            DSN,
                            CONTROL_HEADERS,
                            NETWORKS,
                            CERTIFICATES,
                            EXPIRE));

    private TenantKeys() {}

    /// Of one `[[tenant]]`.
    static TenantSettings settings(TableValues table, MailClasses classes) {
        Optional<ClassSettings> kind = table.find(CLASS).map(classes::named);
        Optional<Long> bytes = table.find(MESSAGE_MAX);
        var limits =
                new Limits(
                        bytes.map(OptionalLong::of).orElse(OptionalLong.empty()),
                        optional(table.find(RECIPIENTS_MAX)),
                        optional(table.find(CONNECTIONS_MAX)));
        return new TenantSettings(
                table.get(NAME),
                table.find(FROM_DOMAINS).orElse(List.of()),
                table.find(REVERSE_PATHS).orElse(List.of()),
                table.find(POOL)
                        .or(() -> kind.map(ClassSettings::pool).filter(it -> !it.isEmpty())),
                new TenantQuotas(
                        table.find(QUOTA).orElse(List.of()),
                        table.find(RECIPIENT_QUOTA).orElse(List.of()),
                        table.find(SIZE_QUOTA).orElse(List.of())),
                limits,
                kind.map(ClassSettings::priority),
                table.find(CLASSES).orElse(List.of()),
                table.find(CAMPAIGN_HEADER),
                table.find(DSN),
                table.get(CONTROL_HEADERS),
                table.find(NETWORKS).orElse(List.of()),
                table.find(CERTIFICATES).orElse(List.of()),
                table.find(EXPIRE));
    }

    private static OptionalInt optional(Optional<Integer> value) {
        return value.map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    /// What no single key shows. Called by [ConfigChecks].
    static void check(List<TableValues> tenants, MailClasses classes, Findings findings) {
        Map<Object, TableValues> owners = new HashMap<>();
        for (TableValues tenant : tenants) {
            checkOwner(tenant, NETWORKS, owners, findings);
            checkOwner(tenant, CERTIFICATES, owners, findings);
            checkClass(tenant, classes, findings);
            if (tenant.isWritten(REVERSE_PATHS) && !tenant.isWritten(FROM_DOMAINS)) {
                findings.warn(
                        tenant.placeOf(REVERSE_PATHS),
                        "reverse-paths: without from-domains any reverse-path is allowed already");
            }
        }
    }

    /// A network or certificate of two tenants would be the one's or the other's by chance.
    private static <T> void checkOwner(
            TableValues tenant,
            Key<List<T>> key,
            Map<Object, TableValues> owners,
            Findings findings) {
        for (T value : tenant.find(key).orElse(List.of())) {
            TableValues owner = owners.putIfAbsent(value, tenant);
            if (owner != null && owner != tenant) {
                findings.error(
                        tenant.placeOf(key),
                        key.name()
                                + ": "
                                + key.render(List.of(value))
                                + " stands in the [[tenant]] of line "
                                + owner.place().line()
                                + " already");
            }
        }
    }

    private static void checkClass(TableValues tenant, MailClasses classes, Findings findings) {
        Optional<PriorityClass> byDefault =
                tenant.find(CLASS).map(classes::named).map(ClassSettings::priority);
        List<PriorityClass> allowed = tenant.find(CLASSES).orElse(List.of());
        boolean isBad =
                byDefault.isPresent() && !allowed.isEmpty() && !allowed.contains(byDefault.get());
        if (isBad) {
            findings.error(
                    tenant.placeOf(CLASS),
                    "class: " + tenant.rendered(CLASS) + " is not in classes",
                    tenant.rendered(CLASSES),
                    Optional.empty());
        }
    }
}
