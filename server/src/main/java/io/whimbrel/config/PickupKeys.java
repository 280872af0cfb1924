package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;
import static io.whimbrel.toml.Key.Change.RESTART;

import io.whimbrel.egress.ClassSettings;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.pickup.LocalAlias;
import io.whimbrel.pickup.PickupSettings;
import io.whimbrel.pickup.PickupSettings.Access;
import io.whimbrel.pickup.SendmailSettings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.nio.file.Path;
import java.util.List;

/// The keys of `[pickup]` and `[sendmail]`: mail of this machine's own programs. Stateless.
final class PickupKeys {
    private static final int ALIASES_MAX = 1_000;

    static final Key<Path> FOLDER =
            new Key<>(
                    "folder",
                    Kinds.file(),
                    new Presence.Unset<>("`<data>/pickup`", "\"/var/spool/whimbrel/pickup\""),
                    RESTART,
                    "Where files become mail: those that are renamed into `new` below it. What"
                            + " cannot be taken is put into `bad`, with the reason. One file"
                            + " system; the server makes the folders.");

    static final Key<Access> OPEN_TO =
            Key.withDefault(
                    "open-to",
                    Kinds.choice(List.of(Access.values())),
                    Access.OWNER,
                    RESTART,
                    "Who may leave mail: the server's own user (and root), or every user of this"
                        + " machine, to anybody and under any name. For the latter `folder` must"
                        + " lie where everyone may go, not in `node.data`.");

    static final Key<Long> MESSAGE_MAX =
            Key.withDefault(
                    "max-message",
                    Kinds.size(64L << 10, 1L << 30),
                    PickupSettings.MESSAGE_BYTES_MAX_DEFAULT,
                    RELOAD,
                    "The largest message. `whimbrel sendmail` refuses a larger one, and a larger"
                            + " file is put into `bad`.");

    static final Key<String> TENANT =
            new Key<>(
                    "tenant",
                    Kinds.name(),
                    new Presence.Unset<>("mail of no tenant", "\"system\""),
                    RELOAD,
                    "Whose mail this is.");

    static final Key<String> CLASS =
            Key.withDefault(
                    "class",
                    Kinds.name(),
                    Kinds.nameOf(PriorityClass.NORMAL),
                    RELOAD,
                    "What kind of mail this is: the name of a `[[class]]`, or how urgent it is:"
                            + " `transactional`, `normal` or `bulk`.");

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
                    "Which delivery status notifications senders get, as in `[[listen]]`.");

    static final TableSpec PICKUP =
            TableSpec.one(
                    "pickup",
                    "Mail that comes as files in a folder, from `whimbrel sendmail` too.",
                    List.of(FOLDER, OPEN_TO, MESSAGE_MAX, TENANT, CLASS, CAMPAIGN_HEADER, DSN));

    static final Key<String> DEFAULT_DOMAIN =
            new Key<>(
                    "default-domain",
                    Kinds.hostName(),
                    new Presence.Unset<>("`node.name`", "\"example.com\""),
                    RELOAD,
                    "The domain of recipients that have none, such as `root`.");

    static final Key<String> SENDER_DOMAIN =
            new Key<>(
                    "sender-domain",
                    Kinds.hostName(),
                    new Presence.Unset<>("`default-domain`", "\"example.com\""),
                    RELOAD,
                    "The domain of senders and authors that have none.");

    static final Key<List<LocalAlias>> ALIASES =
            Key.withDefault(
                    "aliases",
                    ValueKind.listOf(aliasKind(), "aliases", ALIASES_MAX),
                    List.of(),
                    RELOAD,
                    "Who gets the mail of local names, such as `\"root: ops@example.com\"`; several"
                            + " addresses with commas between.");

    static final TableSpec SENDMAIL =
            TableSpec.one(
                    "sendmail",
                    "What names without a domain mean, in `whimbrel sendmail` and `[pickup]`.",
                    List.of(DEFAULT_DOMAIN, SENDER_DOMAIN, ALIASES));

    private PickupKeys() {}

    static PickupSettings pickup(TableValues table, MailClasses classes, Path dataFolder) {
        ClassSettings kind = classes.named(table.get(CLASS));
        return new PickupSettings(
                table.find(FOLDER).orElse(dataFolder.resolve("pickup")),
                table.get(OPEN_TO),
                table.get(MESSAGE_MAX),
                new MailStream(table.find(TENANT).orElse(""), "", kind.priority(), kind.pool()),
                table.find(CAMPAIGN_HEADER),
                table.get(DSN));
    }

    static SendmailSettings sendmail(TableValues table, String nodeName) {
        String defaultDomain = table.find(DEFAULT_DOMAIN).orElse(nodeName);
        return new SendmailSettings(
                defaultDomain, table.find(SENDER_DOMAIN).orElse(defaultDomain), table.get(ALIASES));
    }

    private static ValueKind<LocalAlias> aliasKind() {
        return ValueKind.ofParsed(
                "is no alias",
                "such as \"root: ops@example.com\"",
                LocalAlias::parse,
                LocalAlias::toString);
    }
}
