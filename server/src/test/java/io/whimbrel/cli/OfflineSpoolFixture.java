package io.whimbrel.cli;

import io.whimbrel.log.Position;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.AcceptResult;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.IncomingBody;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolSettings;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Spools as nodes leave them, and runs of the offline verbs over them. Confined to one thread.
abstract class OfflineSpoolFixture {
    static final Instant NOW = Instant.parse("2026-11-24T10:00:00.123456Z");
    private static final AttemptFacts LATER =
            new AttemptFacts("s1", "example.com", "mx", 451, "4.7.1", "Later", "");

    @TempDir Path folder;
    Path data = Path.of("");

    @BeforeEach
    void name() {
        data = folder.resolve("data");
    }

    CliRun run(String verb, String... arguments) {
        return run(List.of("--data", data.toString()), verb, arguments);
    }

    /// With small segments, for verbs that write.
    CliRun runWithConfig(String verb, String... arguments) throws IOException {
        Path file = folder.resolve("w.toml");
        Files.writeString(
                file,
                """
                [node]
                name = "mx.example.com"
                data = "%s"
                [[listen]]
                address = "127.0.0.1:2525"
                [spool]
                segment = "1MiB"
                reserve = "1MiB"
                index-memory = "32MiB"
                """
                        .formatted(data));
        return run(List.of("-c", file.toString()), verb, arguments);
    }

    CliRun run(List<String> node, String verb, String... arguments) {
        var all = new ArrayList<>(List.of("spool", verb));
        all.addAll(node);
        if (!verb.equals("import")) {
            all.addAll(List.of("--work", folder.toString()));
        }
        all.addAll(List.of(arguments));
        return CliRun.of(all.toArray(String[]::new));
    }

    /// Four messages: fresh, tried, to two domains with one recipient settled, of another tenant.
    List<QueueId> fill() throws IOException {
        var ids = new ArrayList<QueueId>();
        try (Spool spool = open()) {
            ids.add(accept(spool, 0, 300, "shop"));
            ids.add(accept(spool, 1, 300_000, "shop"));
            ids.add(acceptForThree(spool));
            ids.add(accept(spool, 3, 10, "news"));
            spool.appendAndWait(batch(deferred(ids.get(1), 3, "9000-01-01T00:00:00Z", true, 0)));
            spool.appendAndWait(batch(settled(ids.get(2), 1)));
            spool.appendAndWait(batch(deferred(ids.get(2), 1, "2026-11-24T10:05:00Z", false, 2)));
        }
        return ids;
    }

    Spool open() throws IOException {
        var settings =
                new SpoolSettings(
                        data.resolve("spool"),
                        1 << 20,
                        Duration.ofMillis(20),
                        1 << 20,
                        1 << 20,
                        32 << 20);
        return Spool.open(settings, Position.START, InstantSource.fixed(NOW));
    }

    static QueueId accept(Spool spool, int number, int size, String tenant) {
        var recipient = new Recipient(path("user" + number + "@example.com"), Notify.DEFAULT, "");
        var stream = new MailStream(tenant, "spring", PriorityClass.BULK);
        String text =
                "Subject: x\r\n\r\nbody of message " + number + " " + "x".repeat(size) + "\r\n";
        return accept(
                spool,
                new Envelope(
                        new ReversePath("sender@example.org"),
                        List.of(recipient),
                        MailParameters.NONE,
                        stream,
                        NOW,
                        DsnPolicy.NEVER),
                text);
    }

    private static QueueId acceptForThree(Spool spool) {
        var parameters =
                new MailParameters(BodyType.EIGHT_BIT_MIME, true, DsnReturn.HEADERS, "QQ+2B314159");
        List<Recipient> recipients =
                List.of(
                        new Recipient(path("a@example.com"), Notify.NEVER, ""),
                        new Recipient(path("gone@example.com"), Notify.DEFAULT, ""),
                        new Recipient(
                                path("b@example.net"),
                                new Notify(true, true, true, false),
                                "rfc822;b@example.net"));
        return accept(
                spool,
                new Envelope(
                        ReversePath.NULL,
                        recipients,
                        parameters,
                        new MailStream("shop", "", PriorityClass.TRANSACTIONAL),
                        NOW.minusSeconds(60),
                        DsnPolicy.FULL,
                        Treatment.NONE
                                .withExpiresAt(NOW.plusSeconds(86_400))
                                .withPool("fast")
                                .withMetadata(Map.of("order", "4711"))),
                "Subject: \u00fc\r\n\r\n.\r\n");
    }

    static QueueId accept(Spool spool, Envelope envelope, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (IncomingBody body = spool.newBody()) {
            body.write(bytes, 0, bytes.length);
            if (spool.accept(envelope, body, "[192.0.2.7]") instanceof AcceptResult.Stored stored) {
                return stored.message().id();
            }
            throw new AssertionError("refused");
        }
    }

    private static ForwardPath path(String address) {
        String domain = address.substring(address.indexOf('@') + 1);
        return new ForwardPath(address, new DomainName(domain));
    }

    static SpoolBatch batch(SpoolRecord record) {
        return new SpoolBatch(List.of(record), List.of());
    }

    static SpoolBatch hold(String domain) {
        var hold = new SpoolRecord.OperatorAction.Hold(scope(domain), "why");
        return batch(new SpoolRecord.Operator(NOW, hold));
    }

    static QueueScope scope(String domain) {
        return new QueueScope(
                Optional.empty(),
                Optional.of(new DomainName(domain)),
                Optional.empty(),
                Optional.empty());
    }

    private static SpoolRecord deferred(
            QueueId id, int attempt, String due, boolean isNotified, int recipient) {
        var numbers = RecipientNumbers.of(recipient);
        return new SpoolRecord.Deferred(
                NOW, id, numbers, attempt, Instant.parse(due), isNotified, false, LATER);
    }

    private static SpoolRecord settled(QueueId id, int recipient) {
        return new SpoolRecord.Settled(
                NOW,
                id,
                RecipientNumbers.of(recipient),
                SpoolRecord.Disposition.DELIVERED,
                1,
                LATER);
    }
}
