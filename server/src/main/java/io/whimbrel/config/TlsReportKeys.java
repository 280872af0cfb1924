package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.egress.ClassSettings;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.tlsrpt.TlsReportSettings;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.transport.TlsReport;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The keys of `[tls-report]`. Stateless.
final class TlsReportKeys {
    private static final int TEXT_MAX = 200;

    static final Key<ForwardPath> FROM =
            new Key<>(
                    "from",
                    mailbox(),
                    new Presence.Unset<>("no reports are sent", "\"tls-reports@example.com\""),
                    RELOAD,
                    "The author of reports. Receivers want them signed for his domain, so"
                            + " it is to be one that mail of this node is signed for.");

    static final Key<String> ORGANIZATION =
            new Key<>(
                    "organization",
                    ValueKind.ofParsed(
                            "is no name of an organization",
                            "a name of 1 to " + TEXT_MAX + " characters",
                            TlsReportKeys::organization,
                            text -> text),
                    new Presence.Unset<>("`node.name`", "\"Example Ltd\""),
                    RELOAD,
                    "Who reports, for people.");

    static final Key<ForwardPath> CONTACT =
            new Key<>(
                    "contact",
                    mailbox(),
                    new Presence.Unset<>(
                            "`from`, or postmaster at `node.name`", "\"postmaster@example.com\""),
                    RELOAD,
                    "Whom receivers may ask about a report.");

    static final Key<ForwardPath> REVERSE_PATH =
            new Key<>(
                    "reverse-path",
                    mailbox(),
                    new Presence.Unset<>("nobody: the null path", "\"bounces@example.com\""),
                    RELOAD,
                    "Where bounces of reports go.");

    static final Key<String> TENANT =
            new Key<>(
                    "tenant",
                    Kinds.name(),
                    new Presence.Unset<>("mail of no tenant", "\"system\""),
                    RELOAD,
                    "Whose mail reports are.");

    static final Key<String> CLASS =
            Key.withDefault(
                    "class",
                    Kinds.name(),
                    Kinds.nameOf(PriorityClass.BULK),
                    RELOAD,
                    "What kind of mail reports are, as in `[pickup]`.");

    static final Key<Long> SIZE_MAX =
            Key.withDefault(
                    "max-size",
                    Kinds.size(1L << 10, 100L << 20),
                    TlsReportSettings.BYTES_MAX_DEFAULT,
                    RELOAD,
                    "A report that is larger, compressed, is not sent.");

    static final Key<Integer> SESSIONS_LEAST =
            Key.withDefault(
                    "min-sessions",
                    Kinds.integer(1, 1_000_000),
                    1,
                    RELOAD,
                    "Domains with fewer sessions on a day get no report of it.");

    static final Key<Duration> DELAY =
            Key.withDefault(
                    "delay",
                    Kinds.duration(Duration.ZERO, Duration.ofHours(12)),
                    TlsReportSettings.DELAY_MOST_DEFAULT,
                    RELOAD,
                    "Each report leaves at a random time between midnight (UTC) and then, so that"
                            + " receivers do not get those of all the world at once.");

    static final TableSpec TLS_REPORT =
            TableSpec.one(
                    "tls-report",
                    "Reports on TLS to domains that want them (RFC 8460), each day.",
                    List.of(
                            FROM,
                            ORGANIZATION,
                            CONTACT,
                            REVERSE_PATH,
                            TENANT,
                            CLASS,
                            SIZE_MAX,
                            SESSIONS_LEAST,
                            DELAY));

    private TlsReportKeys() {}

    static TlsReportSettings settings(TableValues table, MailClasses classes, String nodeName) {
        ClassSettings kind = classes.named(table.get(CLASS));
        Optional<ForwardPath> from = table.find(FROM);
        String contact =
                table.find(CONTACT)
                        .or(() -> from)
                        .map(ForwardPath::address)
                        .orElse("postmaster@" + nodeName);
        return new TlsReportSettings(
                from,
                new TlsReport.Sender(table.find(ORGANIZATION).orElse(nodeName), contact, nodeName),
                table.find(REVERSE_PATH)
                        .map(path -> new ReversePath(path.address()))
                        .orElse(ReversePath.NULL),
                new MailStream(table.find(TENANT).orElse(""), "", kind.priority(), kind.pool()),
                table.get(SIZE_MAX),
                table.get(SESSIONS_LEAST),
                table.get(DELAY));
    }

    static void check(TableValues table, Findings findings) {
        List<Key<?>> useless =
                List.of(REVERSE_PATH, TENANT, CLASS, SIZE_MAX, SESSIONS_LEAST, DELAY);
        for (Key<?> key : useless) {
            if (!table.isWritten(FROM) && table.isWritten(key)) {
                findings.warn(
                        table.placeOf(key),
                        key.name()
                                + ": without effect, for reports are sent only where from names"
                                + " their author");
            }
        }
    }

    private static ValueKind<ForwardPath> mailbox() {
        return ValueKind.ofParsed(
                "is no address",
                "an address in US-ASCII, such as \"reports@example.com\"",
                TlsReportSettings::mailbox,
                ForwardPath::address);
    }

    private static Optional<String> organization(String text) {
        boolean isPlain = text.chars().allMatch(c -> c >= ' ' && c != 0x7f);
        return !text.isBlank() && text.length() <= TEXT_MAX && isPlain
                ? Optional.of(text)
                : Optional.empty();
    }
}
