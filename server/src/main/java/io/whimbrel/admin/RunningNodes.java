package io.whimbrel.admin;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeSet;

/// The admin sockets of this machine on which somebody listens, from `/proc/net/unix` (proc(5)).
/// Stateless. Helps who asks in the wrong place: most often `node.data` was changed in a file whose
/// server still runs with the old one.
final class RunningNodes {
    private static final Path TABLE = Path.of("/proc/net/unix");

    /// Columns before the path: number, reference count, protocol, flags, type, state, inode.
    private static final int PATH_COLUMN = 7;

    private static final int FLAGS_COLUMN = 3;

    /// `__SO_ACCEPTCON` of Linux: the socket listens.
    private static final String LISTENS = "00010000";

    private static final int NAMED_MOST = 5;
    private static final int LINES_MOST = 100_000;

    private RunningNodes() {}

    /// What may be behind it that nobody answers at `socket`; `""` where nothing is known.
    static String hint(Path socket) {
        if (!Files.isReadable(TABLE)) {
            return "";
        }
        try (BufferedReader table = Files.newBufferedReader(TABLE)) {
            return hint(socket, table);
        } catch (IOException _) {
            // Without it the message is as good as on other systems.
            return "";
        }
    }

    static String hint(Path socket, BufferedReader table) throws IOException {
        String cradle = "/" + SocketPath.cradle(Path.of(""));
        var found = new TreeSet<String>();
        String line = table.readLine();
        for (int i = 0; line != null && i < LINES_MOST; i++) {
            listening(line)
                    .filter(path -> path.endsWith(cradle))
                    .map(path -> path.substring(0, path.length() - cradle.length()))
                    .map(data -> SocketPath.in(Path.of(data)).toString())
                    .filter(path -> !path.equals(socket.toAbsolutePath().toString()))
                    .ifPresent(found::add);
            line = table.readLine();
        }
        if (found.isEmpty()) {
            return "";
        }
        String some = String.join(", ", found.stream().limit(NAMED_MOST).toList());
        return ". A server listens at "
                + some
                + (found.size() > NAMED_MOST ? " and others" : "")
                + ": if it is this one, and node.data was changed in the file after its start, give"
                + " --socket "
                + found.first();
    }

    private static Optional<String> listening(String line) {
        String[] columns = line.strip().split(" +", PATH_COLUMN + 1);
        return columns.length > PATH_COLUMN && columns[FLAGS_COLUMN].equals(LISTENS)
                ? Optional.of(columns[PATH_COLUMN])
                : Optional.empty();
    }
}
