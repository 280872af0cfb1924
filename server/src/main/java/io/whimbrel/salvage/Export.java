package io.whimbrel.salvage;

import io.whimbrel.index.MessageRow;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.spool.BodyReader;
import io.whimbrel.spool.OfflineSpool.Reading;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.RecoveredMessage.Waiting;
import io.whimbrel.spool.SpoolRecord;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/// Writes queued mail as files, a pair for each message: first `ID.eml`, then `ID.json`, each under
/// another name until it is on the disk. So where the second is there the pair is complete.
/// Confined to one thread.
public final class Export {
    private static final int ROWS_AT_ONCE = 500;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");

    private final Path folder;
    private final QueueScope scope;
    private final Consumer<String> troubles;
    private final LongConsumer whenWritten;
    private long written;
    private long skipped;
    private long failed;
    private long removed;
    private List<QueueScope> leaving = List.of();

    /// How many messages.
    ///
    /// @param skipped they were there already
    /// @param failed they cannot be read; each was told
    /// @param removed recipients that are no part of it, because a job in `jobs` bounces or deletes
    ///   them
    /// @param jobs that have not ended; none of them goes with the mail
    /// @param actions holds and suspensions in force, which do not go with it either
    public record Result(
            long written,
            long skipped,
            long failed,
            long removed,
            List<SpoolRecord.Job> jobs,
            List<SpoolRecord.Operator> actions) {}

    /// What fills a file.
    private interface Filling {
        void into(FileChannel file) throws IOException;
    }

    /// The folder cannot be written: there is no use in going on.
    private static final class FolderTrouble extends IOException {
        private static final long serialVersionUID = 1;

        FolderTrouble(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /// @param scope which recipients; a message with none of them is left out
    /// @param troubles gets a line for each message that cannot be read
    /// @param whenWritten told of messages, as they are written
    public Export(
            Path folder, QueueScope scope, Consumer<String> troubles, LongConsumer whenWritten) {
        this.folder = folder;
        this.scope = scope;
        this.troubles = troubles;
        this.whenWritten = whenWritten;
    }

    /// Makes the folder where it is missing.
    ///
    /// @param isResumed it may hold an earlier export, which is completed
    /// @throws IOException where it holds something, or cannot be made
    public void prepare(boolean isResumed) throws IOException {
        if (!Files.isDirectory(folder)) {
            // Mail in the clear: nobody but the owner may look.
            Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            if (!isResumed && files.findAny().isPresent()) {
                throw new IOException(
                        folder
                                + " is not empty; name another folder, or give --resume to go on"
                                + " with an export that stopped");
            }
        }
    }

    /// What an operator has bounced or deleted is not written, done or not: it must not be sent.
    ///
    /// @throws IOException where the index or the folder cannot be used
    public Result run(Reading reading) throws IOException {
        leaving =
                reading.jobs().stream()
                        .map(SpoolRecord.Job::job)
                        .filter(job -> !(job.work() instanceof QueueJob.Work.Move))
                        .map(QueueJob::meant)
                        .toList();
        var rows =
                new Pages<MessageRow>(
                        last -> reading.index().messages(last.map(MessageRow::id), ROWS_AT_ONCE));
        for (Optional<MessageRow> row = rows.poll(); row.isPresent(); row = rows.poll()) {
            if (isMeant(row.get())) {
                export(reading, row.get());
            }
        }
        sync();
        return new Result(
                written, skipped, failed, removed, reading.jobs(), reading.actionsInForce());
    }

    private boolean isMeant(MessageRow row) {
        boolean isMeant = false;
        for (MessageRow.Entry entry : row.entries()) {
            QueueName queue = entry.queue();
            if (scope.matches(row.id(), queue.stream(), queue.domain())) {
                boolean isLeaving = isLeaving(row.id(), queue.stream(), queue.domain());
                removed += isLeaving ? entry.recipients().size() : 0;
                isMeant |= !isLeaving;
            }
        }
        return isMeant;
    }

    private boolean isLeaving(QueueId id, MailStream stream, DomainName domain) {
        return leaving.stream().anyMatch(one -> one.matches(id, stream, domain));
    }

    private void export(Reading reading, MessageRow row) throws IOException {
        QueueId id = row.id();
        if (Files.exists(folder.resolve(id + ".json"))) {
            skipped++;
            return;
        }
        try {
            RecoveredMessage message = reading.message(row);
            byte[] envelope = EnvelopeJson.write(selected(message));
            BodyReader body = reading.read(message.message());
            write(id + ".eml", file -> copy(body, file));
            write(id + ".json", file -> writeAll(envelope, file));
        } catch (FolderTrouble e) {
            throw e;
        } catch (IOException e) {
            failed++;
            troubles.accept("message " + id + " cannot be read: " + e.getMessage());
            return;
        }
        written++;
        whenWritten.accept(1);
    }

    /// With those recipients only that are unsettled and meant, numbered anew.
    private ExportedMail selected(RecoveredMessage found) {
        Envelope all = found.message().envelope();
        var standings = new Waiting[all.recipients().size()];
        for (Waiting group : found.waiting()) {
            for (int i = 0; i < group.recipients().size(); i++) {
                standings[group.recipients().get(i)] = group;
            }
        }
        var recipients = new ArrayList<Recipient>();
        var waiting = new ArrayList<Waiting>();
        for (int i = 0; i < standings.length; i++) {
            Recipient recipient = all.recipients().get(i);
            QueueId id = found.message().id();
            DomainName domain = recipient.path().domain();
            boolean isMeant =
                    scope.matches(id, all.stream(), domain) && !isLeaving(id, all.stream(), domain);
            Optional<Waiting> standing = Optional.ofNullable(standings[i]);
            if (isMeant && standing.isPresent()) {
                waiting.add(
                        new Waiting(
                                RecipientNumbers.of(recipients.size()),
                                standing.get().attempts(),
                                standing.get().dueAt(),
                                standing.get().isDelayNotified()));
                recipients.add(recipient);
            }
        }
        var envelope =
                new Envelope(
                        all.reversePath(),
                        recipients,
                        all.parameters(),
                        all.stream(),
                        all.receivedAt(),
                        all.dsnPolicy(),
                        all.treatment());
        return new ExportedMail(
                Optional.of(found.message().id()),
                Optional.of(found.message().size()),
                envelope,
                waiting);
    }

    private static void copy(BodyReader body, FileChannel file) throws IOException {
        for (byte[] part = body.nextPart(); part.length > 0; part = body.nextPart()) {
            writeAll(part, file);
        }
    }

    private static void writeAll(byte[] bytes, FileChannel file) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        try {
            while (rest.hasRemaining()) {
                file.write(rest);
            }
        } catch (IOException e) {
            throw new FolderTrouble(e);
        }
    }

    private void write(String name, Filling filling) throws IOException {
        Path unfinished = folder.resolve(name + ".part");
        try (FileChannel file = open(unfinished)) {
            filling.into(file);
            finish(file, unfinished, folder.resolve(name));
        } catch (IOException e) {
            Files.deleteIfExists(unfinished);
            throw e;
        }
    }

    private static FileChannel open(Path path) throws FolderTrouble {
        try {
            return FileChannel.open(
                    path,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new FolderTrouble(e);
        }
    }

    private static void finish(FileChannel file, Path unfinished, Path finished)
            throws FolderTrouble {
        try {
            file.force(true);
            Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new FolderTrouble(e);
        }
    }

    private void sync() throws IOException {
        try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }
}
