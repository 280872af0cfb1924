package io.whimbrel.token;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/// The file of the node's secrets: a line `number base64` for each, the one that seals last; lines
/// that begin with `#` say what it is. Readable by its owner only (0400). Confined to one thread.
///
/// An older key may be kept as long as tokens are to be read that it has sealed; at the limit of 16
/// the oldest goes when one is added.
public final class TokenKeyFile {
    private static final int BYTES_MAX = 16 << 10;
    private static final Set<PosixFilePermission> OWNER_READS =
            PosixFilePermissions.fromString("r--------");
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");
    private static final String COMMENT =
            """
            # Secrets that the tokens of this node are sealed with: number, 32 octets in base64.
            # The last one seals; the others still open what they have sealed.
            """;

    private final Path file;
    private final SecureRandom random;

    /// @param file such as `<data>/state/token.key`
    /// @param random where secrets come from
    public TokenKeyFile(Path file, SecureRandom random) {
        this.file = file;
        this.random = random;
    }

    /// That of the node whose data is in `dataFolder`.
    public static TokenKeyFile ofNode(Path dataFolder) {
        return new TokenKeyFile(
                dataFolder.resolve("state").resolve("token.key"), new SecureRandom());
    }

    /// Whether there are any keys yet.
    public boolean exists() {
        return Files.exists(file);
    }

    @Override
    public String toString() {
        return file.toString();
    }

    /// The keys; made where there are none yet.
    ///
    /// @throws IOException where the file cannot be read or made, is not as described, or others
    ///   may read it; the message says what to do
    public TokenKeys open() throws IOException {
        if (!Files.exists(file)) {
            write(List.of(new Line(1, secret())));
        }
        return keys(read());
    }

    /// Adds a key, which seals from now on; those before it still open.
    ///
    /// @throws IOException as [#open] does
    public TokenKeys add() throws IOException {
        List<Line> lines = Files.exists(file) ? new ArrayList<>(read()) : new ArrayList<>();
        int last = lines.isEmpty() ? 0 : lines.getLast().number;
        // Numbers go round, past those that are still there.
        int number = last % TokenKey.NUMBER_MAX + 1;
        if (lines.size() == TokenKeys.KEYS_MAX) {
            lines.removeFirst();
        }
        lines.add(new Line(number, secret()));
        write(lines);
        return keys(lines);
    }

    private record Line(int number, byte[] secret) {}

    private byte[] secret() {
        var secret = new byte[TokenKey.SECRET_BYTES];
        random.nextBytes(secret);
        return secret;
    }

    private static TokenKeys keys(List<Line> lines) {
        return new TokenKeys(
                lines.stream().map(line -> new TokenKey(line.number, line.secret)).toList());
    }

    private List<Line> read() throws IOException {
        for (PosixFilePermission permission : Files.getPosixFilePermissions(file)) {
            if (!OWNER_ONLY.contains(permission)) {
                throw new IOException(
                        file + " may be read or written by others: chmod 0400 " + file);
            }
        }
        if (Files.size(file) > BYTES_MAX) {
            throw wrong(1, "the file is too large");
        }
        List<Line> lines = new ArrayList<>();
        int row = 0;
        for (String text : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
            row++;
            if (!text.isBlank() && !text.startsWith("#")) {
                lines.add(line(text, row, lines));
            }
        }
        if (lines.isEmpty()) {
            throw wrong(row, "there is no key");
        }
        if (lines.size() > TokenKeys.KEYS_MAX) {
            throw wrong(row, "there are more than " + TokenKeys.KEYS_MAX + " keys");
        }
        return lines;
    }

    private Line line(String text, int row, List<Line> before) throws IOException {
        int space = text.indexOf(' ');
        try {
            int number = Integer.parseInt(text, 0, Math.max(0, space), 10);
            byte[] secret = Base64.getDecoder().decode(text.substring(space + 1).strip());
            boolean isNew = before.stream().noneMatch(line -> line.number == number);
            boolean isKey = secret.length == TokenKey.SECRET_BYTES;
            if (isNew && isKey && number >= 1 && number <= TokenKey.NUMBER_MAX) {
                return new Line(number, secret);
            }
        } catch (IllegalArgumentException _) {
            // What it says may be a secret: so nothing of it is told.
        }
        throw wrong(
                row, "a line is a number of 1 to 255, each once, a space, and 32 octets in base64");
    }

    private IOException wrong(int row, String what) {
        return new IOException(
                file
                        + ":"
                        + row
                        + ": "
                        + what
                        + "; restore the file, or move it away and a new one is made, which opens"
                        + " no older token");
    }

    private void write(List<Line> lines) throws IOException {
        var text = new StringBuilder(COMMENT);
        for (Line line : lines) {
            text.append(line.number).append(' ');
            text.append(Base64.getEncoder().encodeToString(line.secret)).append('\n');
        }
        Path folder = file.resolveSibling(".").normalize();
        Files.createDirectories(folder);
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(unfinished);
        try (var out =
                FileChannel.open(
                        unfinished,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(OWNER_READS))) {
            ByteBuffer left = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.US_ASCII));
            while (left.hasRemaining()) {
                out.write(left);
            }
            out.force(true);
        }
        if (!Files.getOwner(unfinished).equals(Files.getOwner(folder))) {
            // Made by root for the server, which must be able to read it.
            Files.setOwner(unfinished, Files.getOwner(folder));
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        try (var entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }
}
