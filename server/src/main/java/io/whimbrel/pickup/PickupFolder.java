package io.whimbrel.pickup;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.LocalIntake;
import io.whimbrel.reception.LocalMail;
import io.whimbrel.reception.LocalTerms;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Ticker;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/// Watches a [DropBox]: each second it takes what lies in `new/` through the door, deletes what was
/// accepted, keeps in `work/` what was refused for now, and puts into `bad/` what never will be
/// taken. Thread-safe.
///
/// A file is first renamed from `new/` to `work/`, where nobody but the server can exchange it. 250
/// means durable, and only then the file is deleted. Between these two a kill leaves both, and the
/// next run takes the file again: at least once. A power cut does so for one pass, whose deletions
/// are synced together. Both copies have the same Message-ID and Date, also where these are ours,
/// and the same file name in their `accepted` events.
///
/// At most [#AT_ONCE] files are in hand at a time, and [#PASS_MOST] in `work/`; beyond that they
/// wait in `new/`, bounded by the disk. What is no regular file is left where it lies, and counts
/// for nothing. After a refusal for now the folder rests, for 1 s and twice as long each time, up
/// to a minute.
public final class PickupFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PickupFolder.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration REST_MOST = Duration.ofMinutes(1);

    /// Who writes for longer has left.
    private static final Duration INCOMPLETE_MOST = Duration.ofDays(2);

    private static final int PASS_MOST = 1_000;

    private static final int URI_NAME_MAX = 200;

    /// So many messages share a disk sync.
    private static final int AT_ONCE = 16;

    private final DropBox box;
    private final String hostName;
    private final Door door;
    private final Metrics metrics;
    private final InstantSource clock;
    private volatile Terms terms;
    private volatile Optional<Ticker> ticker = Optional.empty();
    private volatile boolean isClosing;
    private Duration rest = Duration.ZERO;
    private Instant restsUntil = Instant.MIN;
    private Instant sweptAt = Instant.MIN;
    private String lastTrouble = "";

    /// What files become mail through: `LocalIntake::accept`.
    @FunctionalInterface
    public interface Door {
        /// @return 250 where the message is durable
        /// @throws IOException what `source` throws; nothing was taken then
        SmtpReply accept(LocalTerms terms, LocalMail mail, LocalIntake.Source source)
                throws IOException;
    }

    /// What a reload may change.
    private record Terms(PickupSettings pickup, SendmailSettings names) {}

    /// @param hostName `node.name`
    public PickupFolder(
            PickupSettings settings,
            SendmailSettings names,
            String hostName,
            Door door,
            Metrics metrics,
            InstantSource clock) {
        this.box = new DropBox(settings.folder());
        this.terms = new Terms(settings, names);
        this.hostName = hostName;
        this.door = door;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Makes the folders where they are missing, and begins to watch. Comes once.
    ///
    /// @throws IOException where the folders cannot be made; the message says what to do
    public void start() throws IOException {
        prepare();
        ticker = Optional.of(new Ticker("pickup", PAUSE, this::pass));
    }

    /// As [#start], without the watching.
    void prepare() throws IOException {
        box.make(terms.pickup.openTo());
        int doubtful = names(box.work(), PASS_MOST).size();
        if (doubtful > 0) {
            LOG.info(
                    "pickup: {} files were in hand when the server stopped and are taken again; one"
                            + " that had just been accepted is there twice, with one Message-ID",
                    doubtful);
        }
    }

    /// Files that follow are taken on these terms. Folder and mode stay as at the start.
    public void reload(PickupSettings settings, SendmailSettings names) {
        terms = new Terms(settings, names);
    }

    /// Waits for the files in hand; what has not been begun stays.
    @Override
    public void close() {
        isClosing = true;
        ticker.ifPresent(Ticker::close);
    }

    /// Looks at the folder once. Only one thread at a time.
    void pass() {
        try {
            Instant now = clock.instant();
            if (now.isBefore(restsUntil)) {
                return;
            }
            sweep(now);
            var refusedForNow = new AtomicInteger();
            List<Path> files = inHand(refusedForNow);
            takeAll(files, refusedForNow);
            if (!files.isEmpty()) {
                DropBox.sync(box.work());
            }
            rest(refusedForNow.get() > 0);
            lastTrouble = "";
        } catch (IOException | DirectoryIteratorException e) {
            rest(true);
            trouble("pickup folder " + box.folder() + ": " + e);
        } catch (RuntimeException e) {
            // The ticker would end with it, and nothing would be picked up any more.
            rest(true);
            bug("the folder " + box.folder(), e);
        }
    }

    private void bug(String with, RuntimeException e) {
        metrics.bugs.inc();
        LOG.error("pickup: a bug, with {}", with, e);
    }

    private void rest(boolean isNeeded) {
        if (!isNeeded) {
            rest = Duration.ZERO;
            return;
        }
        Duration twice = rest.isZero() ? PAUSE : rest.multipliedBy(2);
        rest = twice.compareTo(REST_MOST) < 0 ? twice : REST_MOST;
        restsUntil = clock.instant().plus(rest);
    }

    /// Each trouble once, not each second.
    private void trouble(String text) {
        if (!text.equals(lastTrouble)) {
            LOG.warn("{}", text);
            lastTrouble = text;
        }
    }

    /// What is left from earlier, then what has come, moved to where it is ours alone.
    private List<Path> inHand(AtomicInteger refusedForNow) throws IOException {
        List<Path> files = names(box.work(), PASS_MOST);
        int room = PASS_MOST - files.size();
        for (Path file : room > 0 ? names(box.arrived(), room) : List.<Path>of()) {
            try {
                Path mine = free(box.work(), file.getFileName());
                Files.move(file, mine, StandardCopyOption.ATOMIC_MOVE);
                files.add(mine);
            } catch (IOException e) {
                // A folder of somebody else, for example. The others go on.
                trouble("pickup: " + file + " cannot be taken in hand: " + e);
            } catch (RuntimeException e) {
                refusedForNow.incrementAndGet();
                bug(file.toString(), e);
            }
        }
        return files;
    }

    /// Files that are complete: names that begin with a dot or end with `.tmp` are still written.
    /// Folders of others, which only they can move, must not fill the list.
    private static List<Path> names(Path folder, int most) throws IOException {
        var files = new ArrayList<Path>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path file : all) {
                String name = String.valueOf(file.getFileName());
                boolean isComplete = !name.startsWith(".") && !name.endsWith(".tmp");
                if (isComplete && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    files.add(file);
                }
                if (files.size() == most) {
                    break;
                }
            }
        }
        Collections.sort(files);
        return files;
    }

    /// A name that nothing has; only this thread makes files there.
    private static Path free(Path folder, Path name) {
        Path path = folder.resolve(name);
        for (int i = 1; Files.exists(path, LinkOption.NOFOLLOW_LINKS); i++) {
            path = folder.resolve(longer(name, "." + i));
        }
        return path;
    }

    /// In the C locale a name that the disk has may be one that no text can be made a path from: it
    /// is written as in a URI then, and cut, for that is up to three times as long.
    private static Path longer(Path name, String suffix) {
        try {
            return Path.of(name + suffix);
        } catch (InvalidPathException _) {
            String uri = String.valueOf(name.toUri().getRawPath());
            String last = uri.substring(uri.lastIndexOf('/') + 1);
            return Path.of(last.substring(0, Math.min(URI_NAME_MAX, last.length())) + suffix);
        }
    }

    private void takeAll(List<Path> files, AtomicInteger refusedForNow) {
        var places = new Semaphore(AT_ONCE);
        // Closing waits for all of them.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Path file : files) {
                places.acquireUninterruptibly();
                if (isClosing) {
                    break;
                }
                threads.execute(() -> {
                    try {
                        if (!take(file)) {
                            refusedForNow.incrementAndGet();
                        }
                    } finally {
                        places.release();
                    }
                });
            }
        }
    }

    /// @return false where the file stays, to be tried again
    private boolean take(Path file) {
        try {
            Terms now = terms;
            return settle(file, new PickedFile(file, hostName, now.names).offer(door, now.pickup));
        } catch (IOException e) {
            metrics.pickup.deferred.inc();
            LOG.warn("pickup: {} stays for now: {}", file.getFileName(), e.toString());
            return false;
        } catch (RuntimeException e) {
            // The next try would end the same way, and keep the folder from resting.
            bug(String.valueOf(file.getFileName()), e);
            return refuse(file, "a bug of the server: " + e);
        }
    }

    private boolean settle(Path file, PickedFile.Fate fate) throws IOException {
        return switch (fate) {
            case PickedFile.Fate.Taken _ -> {
                Files.delete(file);
                metrics.pickup.taken.inc();
                yield true;
            }
            case PickedFile.Fate.NotYet(SmtpReply reply) -> {
                metrics.pickup.deferred.inc();
                LOG.debug("pickup: {} waits: {}", file.getFileName(), reply);
                yield false;
            }
            case PickedFile.Fate.Bad(String reason) -> refuse(file, reason);
        };
    }

    /// The reason comes first, so that no file lies there without one.
    private boolean refuse(Path file, String reason) {
        try {
            synchronized (this) {
                Path target = free(box.bad(), file.getFileName());
                Path why = box.bad().resolve(longer(target.getFileName(), ".why"));
                Files.writeString(why, clock.instant() + "\n" + reason + "\n");
                Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
                metrics.pickup.bad.inc();
                LOG.warn("pickup: {} is refused: {}", target, reason);
            }
            return true;
        } catch (IOException e) {
            metrics.pickup.deferred.inc();
            LOG.warn("pickup: {} cannot be put into bad/: {}", file, e.toString());
            return false;
        } catch (RuntimeException e) {
            bug(file.toString(), e);
            return false;
        }
    }

    /// Removes what writers left unfinished, once an hour.
    private void sweep(Instant now) throws IOException {
        if (now.isBefore(sweptAt.equals(Instant.MIN) ? now : sweptAt.plus(Duration.ofHours(1)))) {
            return;
        }
        sweptAt = now;
        Instant oldest = now.minus(INCOMPLETE_MOST);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(box.incomplete())) {
            for (Path file : files) {
                Instant changed =
                        Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant();
                if (changed.isBefore(oldest)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
