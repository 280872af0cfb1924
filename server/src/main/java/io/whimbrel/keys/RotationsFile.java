package io.whimbrel.keys;

import io.whimbrel.keys.Rotation.Transition;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/// `rotations.json` in the key folder: what is known of keys that are replaced. Thread-safe, also
/// between processes: who changes it holds a lock on `rotations.lock`, which stays.
///
/// Always written as a whole, synced, then renamed into place, and only for its owner; where root
/// does so, they belong to whom the folder belongs to. What a rotation's step wants done to files
/// is done before it is written down, and is harmless when it is done twice.
public final class RotationsFile {
    private static final String NAME = "rotations.json";
    private static final int BYTES_MAX = 16 << 20;
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /// Of this process: a file lock keeps out other processes only.
    private static final ReentrantLock CHANGING = new ReentrantLock();

    private final KeyFolder folder;
    private final Path file;

    public RotationsFile(KeyFolder folder) {
        this.folder = folder;
        this.file = folder.path().resolve(NAME);
    }

    public Path file() {
        return file;
    }

    /// Nothing where there is no file.
    ///
    /// @throws IOException where it is damaged, or others may change it; says what to do
    public Rotations read() throws IOException {
        if (!Files.exists(file)) {
            return Rotations.NONE;
        }
        Optional<String> complaint = FileAccess.of(file).complaintAsKey(ProcessUser.current());
        if (complaint.isPresent()) {
            throw new IOException(complaint.get());
        }
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(BYTES_MAX + 1);
            if (bytes.length > BYTES_MAX) {
                throw new IOException(file + " is larger than " + BYTES_MAX + " bytes");
            }
            return RotationsText.parse(bytes);
        } catch (RotationsText.DamagedException e) {
            throw new IOException(
                    file
                            + " is damaged: "
                            + e.getMessage()
                            + "; restore it, or remove it and name the selectors that sign now in"
                            + " [[dkim]]",
                    e);
        }
    }

    /// Moves the rotation of an entry and does to files what follows.
    ///
    /// @param entry as the configuration names it
    /// @return a step [RotationStep.Refused] where it cannot be
    public Transition apply(KeyName entry, RotationEvent event, Instant now) throws IOException {
        return change(rotations -> {
            Optional<Rotation> rotation = rotations.find(entry);
            return rotation.isPresent()
                    ? Optional.of(rotation.get().after(event, now))
                    : Optional.empty();
        });
    }

    /// As [#apply], for an entry that may never have been rotated.
    ///
    /// @param unrotated of that entry; counts where the file does not know it
    public Transition begin(Rotation unrotated, RotationEvent.Begin event, Instant now)
            throws IOException {
        return change(rotations -> {
            if (rotations.all().size() >= Rotations.MOST) {
                throw new IOException(file + " has " + Rotations.MOST + " entries already");
            }
            Rotation rotation = rotations.find(unrotated.entry()).orElse(unrotated);
            return Optional.of(rotation.after(event, now));
        });
    }

    private interface Change {
        Optional<Transition> of(Rotations rotations) throws IOException;
    }

    private Transition change(Change change) throws IOException {
        KeyFiles.createFolder(folder.path());
        CHANGING.lock();
        try (var lock = openLock()) {
            lock.lock();
            Rotations before = read();
            Transition transition =
                    change.of(before)
                            .orElseThrow(() -> new IOException(file + " knows no such key"));
            if (!(transition.step() instanceof RotationStep.Refused)) {
                tidyUp(transition.rotation().entry().domain(), transition.step());
                Rotations after = before.with(transition.rotation());
                if (!after.equals(before)) {
                    write(RotationsText.render(after));
                }
            }
            return transition;
        } finally {
            CHANGING.unlock();
        }
    }

    private FileChannel openLock() throws IOException {
        Path lock = folder.path().resolve("rotations.lock");
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileChannel channel = FileChannel.open(lock, options, PRIVATE);
        try {
            KeyFiles.giveToOwnerOf(folder.path(), lock);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private void tidyUp(String domain, RotationStep step) throws IOException {
        switch (step) {
            case RotationStep.Retire(PlacedKey old) -> retire(domain, old);
            case RotationStep.Discard(PlacedKey next) -> retire(domain, next);
            case RotationStep.Wait _,
                    RotationStep.Publish _,
                    RotationStep.Switch _,
                    RotationStep.PublishRevoked _,
                    RotationStep.Refused _ -> {}
        }
    }

    private void retire(String domain, PlacedKey key) throws IOException {
        folder.retire(new KeyName(domain, key.selector()), key.place());
    }

    private void write(byte[] bytes) throws IOException {
        Path unfinished = folder.path().resolve(NAME + ".new");
        // Of a process that was killed; we hold the lock.
        Files.deleteIfExists(unfinished);
        try {
            Set<StandardOpenOption> options =
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try (var out = FileChannel.open(unfinished, options, PRIVATE)) {
                ByteBuffer left = ByteBuffer.wrap(bytes);
                while (left.hasRemaining()) {
                    out.write(left);
                }
                out.force(true);
            }
            KeyFiles.giveToOwnerOf(folder.path(), unfinished);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        KeyFiles.sync(folder.path());
    }
}
