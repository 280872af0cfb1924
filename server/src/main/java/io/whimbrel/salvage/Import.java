package io.whimbrel.salvage;

import io.whimbrel.eventlog.EventLog;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.QueueId;
import io.whimbrel.spool.AcceptResult;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.IncomingBody;
import io.whimbrel.spool.RecoveredMessage.Waiting;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpooledMessage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Consumer;

/// Brings the files of an [Export], or any messages, into a spool. Confined to one thread.
///
/// One message at a time: it is durable in the spool, then its line in the [ImportLedger], then the
/// next one follows. So after a crash only the one in flight can be imported twice.
public final class Import {
    /// In place of a client's address in `accepted` records.
    private static final String ORIGIN = "import";

    private static final AttemptFacts FACTS =
            new AttemptFacts("", "", "", 0, "", "tried by another spool before", "");

    private final Path folder;
    private final Optional<ImportDefaults> defaults;
    private final InstantSource clock;
    private final Consumer<Outcome> outcomes;
    private long imported;
    private long skipped;
    private long bad;

    /// What became of one file.
    public sealed interface Outcome {
        /// It is durable in the spool, and in the list of what is done.
        record Imported(String file, QueueId id) implements Outcome {}

        /// It was left out; the rest goes on.
        record Bad(String file, String reason) implements Outcome {}
    }

    /// How many.
    ///
    /// @param skipped imported by an earlier run
    public record Result(long imported, long skipped, long bad) {}

    /// The spool takes no more mail.
    private static final class Refusal extends IOException {
        private static final long serialVersionUID = 1;

        Refusal(String message) {
            super(message);
        }
    }

    /// @param defaults the envelope of messages that have none beside them
    /// @param outcomes gets each, as it is final
    public Import(
            Path folder,
            Optional<ImportDefaults> defaults,
            InstantSource clock,
            Consumer<Outcome> outcomes) {
        this.folder = folder;
        this.defaults = defaults;
        this.clock = clock;
        this.outcomes = outcomes;
    }

    /// Imports into a spool that nobody else uses. Events are written as by a node.
    ///
    /// @throws IOException where the folder or the spool cannot be used, or takes no more mail;
    ///   what was told as imported stays so
    public Result run(Spool spool, EventLog eventLog) throws IOException {
        FileNames names = messages();
        eventLog.start(spool.records(eventLog.position()));
        try (var ledger = new ImportLedger(folder)) {
            names.forEach(name -> {
                if (ledger.contains(name)) {
                    skipped++;
                } else {
                    one(name, spool, ledger);
                }
            });
        }
        return new Result(imported, skipped, bad);
    }

    /// All that is in the folder; an envelope without its message is told.
    private FileNames messages() throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IOException("there is no folder " + folder);
        }
        var names = new FileNames();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{eml,json}")) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                String base = name.substring(0, name.lastIndexOf('.'));
                if (name.endsWith(".eml")) {
                    names.add(base);
                } else if (!Files.exists(folder.resolve(base + ".eml"))) {
                    bad(name, "there is no " + base + ".eml beside it");
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    private void one(String name, Spool spool, ImportLedger ledger) throws IOException {
        ExportedMail mail;
        try {
            Path json = folder.resolve(name + ".json");
            if (Files.exists(json)) {
                switch (EnvelopeJson.parse(read(json))) {
                    case EnvelopeJson.Parsed.Mail(ExportedMail parsed) -> mail = parsed;
                    case EnvelopeJson.Parsed.Wrong(String reason) -> {
                        bad(name + ".json", reason);
                        return;
                    }
                }
            } else if (defaults.isPresent()) {
                mail = defaults.get().mail(clock.instant());
            } else {
                bad(
                        name + ".eml",
                        "there is no "
                                + name
                                + ".json beside it; put one there, or give --from,"
                                + " --to and --tenant for all such messages");
                return;
            }
            store(name, mail, spool, ledger);
        } catch (Refusal | LedgerTrouble e) {
            throw e;
        } catch (IOException | IllegalArgumentException e) {
            bad(name + ".eml", String.valueOf(e.getMessage()));
        }
    }

    /// What is imported would be imported again.
    private static final class LedgerTrouble extends IOException {
        private static final long serialVersionUID = 1;

        LedgerTrouble(String file, QueueId id, IOException cause) {
            super(
                    "%s was imported as %s, and %s cannot be written (%s): remove the file before"
                                    .formatted(file, id, ImportLedger.NAME, cause.getMessage())
                            + " the next import, or it is there twice",
                    cause);
        }
    }

    private static byte[] read(Path json) throws IOException {
        try (InputStream in = Files.newInputStream(json)) {
            byte[] bytes = in.readNBytes(EnvelopeJson.BYTES_MAX + 1);
            if (bytes.length > EnvelopeJson.BYTES_MAX) {
                throw new IOException(json.getFileName() + " is larger than 128 MiB");
            }
            return bytes;
        }
    }

    private void store(String name, ExportedMail mail, Spool spool, ImportLedger ledger)
            throws IOException {
        SpooledMessage message;
        try (IncomingBody body = spool.newBody()) {
            var bytes = new MessageBytes(body);
            try (InputStream in = Files.newInputStream(folder.resolve(name + ".eml"))) {
                bytes.copy(in, mail.size().isEmpty());
            }
            Optional<String> problem = bytes.problem().or(() -> wrongSize(mail, body));
            if (problem.isPresent()) {
                bad(name + ".eml", problem.get());
                return;
            }
            mail.waiting().forEach(group -> tried(group, mail.envelope(), body));
            Envelope envelope = envelope(mail, bytes.isEightBit());
            message = message(name, spool.accept(envelope, body, ORIGIN));
        }
        mail.waiting().forEach(group -> spool.rest(message, group.recipients(), group.attempts()));
        try {
            ledger.add(name, message.id());
        } catch (IOException e) {
            throw new LedgerTrouble(name + ".eml", message.id(), e);
        }
        imported++;
        outcomes.accept(new Outcome.Imported(name + ".eml", message.id()));
    }

    private static SpooledMessage message(String name, AcceptResult result) throws Refusal {
        return switch (result) {
            case AcceptResult.Stored(SpooledMessage stored) -> stored;
            case AcceptResult.Refused(var reply) ->
                    throw new Refusal(
                            "at %s.eml the spool takes no more mail: %s; put that right and import"
                                            .formatted(name, reply)
                                    + " again, what is done is not repeated");
        };
    }

    private static Optional<String> wrongSize(ExportedMail mail, IncomingBody body) {
        return mail.size()
                .filter(size -> size != body.size())
                .map(size ->
                        "it has %d bytes, and its envelope says %d: it was cut or changed; where"
                                        .formatted(body.size(), size)
                                + " that is meant, remove the field size there");
    }

    /// Where these recipients stood. Fresh ones are as an `accepted` record leaves them.
    private void tried(Waiting group, Envelope envelope, IncomingBody body) {
        Instant fresh = envelope.lifeBegins().truncatedTo(ChronoUnit.MICROS);
        boolean isFresh =
                group.attempts() == 0 && group.dueAt().equals(fresh) && !group.isDelayNotified();
        if (!isFresh) {
            body.wasTried(
                    new SpoolRecord.Deferred(
                            clock.instant(),
                            body.id(),
                            group.recipients(),
                            group.attempts(),
                            group.dueAt(),
                            group.isDelayNotified(),
                            false,
                            FACTS));
        }
    }

    /// Where nobody said what the body is, its bytes do.
    private static Envelope envelope(ExportedMail mail, boolean isEightBit) {
        Envelope given = mail.envelope();
        if (mail.size().isPresent() || !isEightBit) {
            return given;
        }
        MailParameters parameters = given.parameters();
        return new Envelope(
                given.reversePath(),
                given.recipients(),
                new MailParameters(
                        BodyType.EIGHT_BIT_MIME,
                        parameters.smtpUtf8(),
                        parameters.dsnReturn(),
                        parameters.envelopeId(),
                        parameters.tls()),
                given.stream(),
                given.receivedAt(),
                given.dsnPolicy(),
                given.treatment());
    }

    private void bad(String file, String reason) {
        bad++;
        outcomes.accept(new Outcome.Bad(file, reason));
    }
}
