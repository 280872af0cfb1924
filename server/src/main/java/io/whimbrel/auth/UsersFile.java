package io.whimbrel.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/// The users file: a user on each line as [UserEntry] has it, in UTF-8; empty lines and lines that
/// begin with `#` are kept as they are. Thread-safe, also between processes: editors hold a lock on
/// `FILE.lock`, which stays.
///
/// At most [#BYTES_MAX] bytes and [#USERS_MAX] users. Errors name the file, the line, what is wrong
/// and the remedy.
public final class UsersFile {
    static final int BYTES_MAX = 16 << 20;
    static final int USERS_MAX = 100_000;

    private static final Set<StandardOpenOption> WRITE_OR_CREATE =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(OWNER_ONLY);

    /// Of this process: a file lock keeps out other processes only.
    private static final ReentrantLock EDITING = new ReentrantLock();

    private final Path file;

    /// @param file need not exist yet
    public UsersFile(Path file) {
        this.file = file;
    }

    /// All users, in the order of the file.
    ///
    /// @throws IOException where it cannot be used
    public List<UserEntry> users() throws IOException {
        return parse(file, bytes(file));
    }

    /// Adds a user behind the others, in a new file where there is none.
    ///
    /// @throws IOException where the name is taken, or the file cannot be used
    public void add(UserEntry entry) throws IOException {
        edit(text -> {
            Optional<UserEntry> old = find(text, entry.name());
            if (old.isPresent()) {
                throw new IOException(
                        file
                                + ": user "
                                + entry.name()
                                + " is there already; to change the user, add --replace");
            }
            return text.isEmpty() || text.endsWith("\n")
                    ? text + entry.line() + "\n"
                    : text + "\n" + entry.line() + "\n";
        });
    }

    /// Puts a user in the place of the one of the same name.
    ///
    /// @throws IOException where there is none, or the file cannot be used
    public void replace(UserEntry entry) throws IOException {
        edit(text -> change(text, entry.name(), _ -> entry.line() + "\n"));
    }

    /// @throws IOException where there is no such user, or the file cannot be used
    public void remove(String name) throws IOException {
        edit(text -> change(text, name, _ -> ""));
    }

    private interface Edit {
        String apply(String text) throws IOException;
    }

    private Optional<UserEntry> find(String text, String name) throws IOException {
        return parse(file, text.getBytes(UTF_8)).stream()
                .filter(it -> it.name().equals(name))
                .findFirst();
    }

    private String change(String text, String name, Function<String, String> change)
            throws IOException {
        if (find(text, name).isEmpty()) {
            throw new IOException(
                    file + ": there is no user " + name + "; see `whimbrel user list`");
        }
        var changed = new StringBuilder(text.length());
        for (String line : text.split("(?<=\n)")) {
            boolean isMeant =
                    UserEntry.parse(line) instanceof UserEntry.Line.User(UserEntry entry)
                            && entry.name().equals(name);
            changed.append(isMeant ? change.apply(line) : line);
        }
        return changed.toString();
    }

    private void edit(Edit edit) throws IOException {
        // Behind a symbolic link lies the file that is meant; a rename would replace the link.
        Path real = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        Path folder = Optional.ofNullable(real.getParent()).orElse(real);
        if (!Files.isDirectory(folder)) {
            throw new IOException(folder + ": there is no such folder; make it");
        }
        EDITING.lock();
        try (var lock = FileChannel.open(sibling(real, ".lock"), WRITE_OR_CREATE, PRIVATE)) {
            lock.lock();
            boolean isThere = Files.exists(real);
            String text = isThere ? new String(bytes(real), UTF_8) : "";
            String changed = edit.apply(text);
            parse(file, changed.getBytes(UTF_8));
            write(real, folder, changed, isThere);
        } finally {
            EDITING.unlock();
        }
    }

    private static Path sibling(Path real, String ending) {
        return real.resolveSibling(real.getFileName() + ending);
    }

    private static void write(Path real, Path folder, String text, boolean isThere)
            throws IOException {
        Path unfinished = sibling(real, ".new");
        // Of an editor that was killed; we hold the lock.
        Files.deleteIfExists(unfinished);
        try {
            Set<StandardOpenOption> options =
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            try (var out = FileChannel.open(unfinished, options, PRIVATE)) {
                ByteBuffer left = ByteBuffer.wrap(text.getBytes(UTF_8));
                while (left.hasRemaining()) {
                    out.write(left);
                }
                if (isThere) {
                    keepOwner(real, unfinished);
                }
                out.force(true);
            }
            Files.move(unfinished, real, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        try (var entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }

    /// So that a server which could read the file before still can when root has changed it.
    private static void keepOwner(Path from, Path to) throws IOException {
        for (String attribute : List.of("unix:uid", "unix:gid")) {
            Object old = Files.getAttribute(from, attribute, LinkOption.NOFOLLOW_LINKS);
            if (!old.equals(Files.getAttribute(to, attribute, LinkOption.NOFOLLOW_LINKS))) {
                Files.setAttribute(to, attribute, old, LinkOption.NOFOLLOW_LINKS);
            }
        }
        Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from));
    }

    private static byte[] bytes(Path path) throws IOException {
        FileStamp.of(path);
        try (var in = Files.newInputStream(path)) {
            return in.readNBytes(BYTES_MAX + 1);
        }
    }

    /// @param file for messages
    /// @throws IOException where `bytes` are no users file
    static List<UserEntry> parse(Path file, byte[] bytes) throws IOException {
        if (bytes.length > BYTES_MAX) {
            throw new IOException(
                    file
                            + ": larger than "
                            + BYTES_MAX
                            + " bytes; split the users"
                            + " among listeners with files of their own");
        }
        String text =
                SaslText.utf8(bytes)
                        .orElseThrow(() -> new IOException(file + ": is not in UTF-8; convert it"));
        List<UserEntry> users = new ArrayList<>();
        Map<String, Integer> lines = new HashMap<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            switch (UserEntry.parse(line)) {
                case UserEntry.Line.Blank() -> {}
                case UserEntry.Line.Bad(String complaint) ->
                        throw new IOException(file + ":" + number + ": " + complaint);
                case UserEntry.Line.User(UserEntry entry) -> {
                    Integer before = lines.putIfAbsent(entry.name(), number);
                    if (before != null) {
                        throw new IOException(
                                file
                                        + ":"
                                        + number
                                        + ": user "
                                        + entry.name()
                                        + " stands in line "
                                        + before
                                        + " already; remove one of the lines");
                    }
                    users.add(entry);
                }
            }
            if (users.size() > USERS_MAX) {
                throw new IOException(
                        file
                                + ":"
                                + number
                                + ": more than "
                                + USERS_MAX
                                + " users; split them"
                                + " among listeners with files of their own");
            }
        }
        return users;
    }
}
