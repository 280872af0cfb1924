package io.whimbrel.keys;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The folder of the keys that Whimbrel makes: `DOMAIN/SELECTOR.pem`, and `SELECTOR.pem.revoked` of
/// those that are gone. Immutable.
///
/// @param path need not exist yet
public record KeyFolder(Path path) {
    private static final String ENDING = ".pem";
    private static final String REVOKED = ".revoked";

    /// More are not listed.
    private static final int FILES_MAX = 100_000;

    public KeyFolder {
        path = path.toAbsolutePath().normalize();
    }

    /// Where a key is, or would be.
    public Path file(KeyName name) {
        return path.resolve(name.domain()).resolve(name.selector() + ENDING);
    }

    /// Whether the selector is or was in use.
    public boolean has(KeyName name) {
        Path file = file(name);
        return Files.exists(file) || Files.exists(revoked(file));
    }

    /// Writes a key that is new.
    ///
    /// @throws IOException where there is one already
    public KeyPlace.File create(KeyName name, SigningKey key) throws IOException {
        Path file = file(name);
        if (has(name)) {
            throw new IOException(
                    "selector " + name + " has been used already (" + file + "); take another");
        }
        KeyFiles.create(file, key);
        return new KeyPlace.File(file);
    }

    /// Renames the file of a key so that nobody uses it any more. One under another name than that
    /// of the key stays: more keys than this may be meant by it.
    ///
    /// @return empty where it is not one of this folder, and is left to the operator; else what it
    ///   is called now. Nothing happens where that has been done before
    public Optional<Path> retire(KeyName name, KeyPlace place) throws IOException {
        return switch (place) {
            case KeyPlace.File(Path file) when isOf(name, place) -> {
                Path revoked = revoked(file);
                if (Files.exists(file)) {
                    Files.move(file, revoked, StandardCopyOption.ATOMIC_MOVE);
                    KeyFiles.sync(Optional.ofNullable(file.getParent()).orElse(path));
                }
                yield Optional.of(revoked);
            }
            case KeyPlace.File _, KeyPlace.Vault _, KeyPlace.Pkcs11 _ -> Optional.empty();
        };
    }

    /// Whether it lies where this folder has the key of that name, so that [#retire] puts it aside.
    public boolean isOf(KeyName name, KeyPlace place) {
        return place instanceof KeyPlace.File(Path file)
                && file.toAbsolutePath().normalize().equals(file(name));
    }

    private static Path revoked(Path file) {
        return file.resolveSibling(file.getFileName() + REVOKED);
    }

    /// A key of the folder.
    ///
    /// @param written when its file was
    public record Entry(KeyName name, KeyPlace.File place, Instant written) {}

    /// All keys that are not revoked, by domain and selector.
    public List<Entry> entries() throws IOException {
        var entries = new ArrayList<Entry>();
        if (!Files.isDirectory(path)) {
            return entries;
        }
        try (DirectoryStream<Path> domains = Files.newDirectoryStream(path, Files::isDirectory)) {
            for (Path domain : domains) {
                addKeys(domain, entries);
            }
        }
        entries.sort((one, other) -> one.name().compareTo(other.name()));
        return entries;
    }

    private static void addKeys(Path domain, List<Entry> entries) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(domain, "*" + ENDING)) {
            for (Path file : files) {
                String fileName = String.valueOf(file.getFileName());
                Optional<KeyName> name =
                        KeyName.parse(
                                String.valueOf(domain.getFileName()),
                                fileName.substring(0, fileName.length() - ENDING.length()));
                if (name.isPresent() && entries.size() < FILES_MAX) {
                    Instant written = Files.getLastModifiedTime(file).toInstant();
                    entries.add(new Entry(name.get(), new KeyPlace.File(file), written));
                }
            }
        }
    }
}
