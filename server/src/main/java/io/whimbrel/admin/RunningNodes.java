package io.whimbrel.admin;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/// The admin sockets of this machine on which somebody answers, found in `/proc/net/unix`
/// (proc(5)). Stateless. Helps who asks in the wrong place: most often `node.data` was changed in a
/// file whose server still runs with the old one.
final class RunningNodes {
    private static final Path TABLE = Path.of("/proc/net/unix");

    /// Columns before the path: number, reference count, protocol, flags, type, state, inode.
    private static final int PATH_COLUMN = 7;

    private static final int FLAGS_COLUMN = 3;

    /// `__SO_ACCEPTCON` of Linux: the socket listens.
    private static final String LISTENS = "00010000";

    private static final int NAMED_MOST = 5;
    private static final int ASKED_MOST = 20;
    private static final int LINES_MOST = 100_000;

    /// One that takes longer is of no help.
    private static final Duration ANSWER_MOST = Duration.ofMillis(500);

    private static final int LINE_BYTES_MAX = 1 << 20;

    private RunningNodes() {}

    /// The nodes that answer where nobody does at `socket`; `""` where nothing is known.
    static String hint(Path socket) {
        if (!Files.isReadable(TABLE)) {
            return "";
        }
        try (BufferedReader table = Files.newBufferedReader(TABLE)) {
            return hint(socket, table, RunningNodes::answers);
        } catch (IOException _) {
            // Without it the message is as good as on other systems.
            return "";
        }
    }

    /// @param answers whether somebody answers at a socket
    static String hint(Path socket, BufferedReader table, Predicate<Path> answers)
            throws IOException {
        String cradle = "/" + SocketPath.cradle(Path.of(""));
        var found = new TreeSet<Path>();
        String line = table.readLine();
        for (int i = 0; line != null && i < LINES_MOST; i++) {
            listening(line)
                    .filter(path -> path.endsWith(cradle))
                    .map(path -> path.substring(0, path.length() - cradle.length()))
                    .map(data -> SocketPath.in(Path.of(data)))
                    .filter(path -> !path.equals(socket.toAbsolutePath()))
                    .ifPresent(found::add);
            line = table.readLine();
        }
        List<String> nodes =
                found.stream()
                        .limit(ASKED_MOST)
                        .filter(answers)
                        .limit(NAMED_MOST + 1)
                        .map(Path::toString)
                        .toList();
        if (nodes.isEmpty()) {
            return "";
        }
        boolean isMore = nodes.size() > NAMED_MOST;
        return "; running nodes: "
                + String.join(", ", isMore ? nodes.subList(0, NAMED_MOST) : nodes)
                + (isMore ? " and others" : "");
    }

    /// Those of other users do not, and are not ours to operate.
    private static boolean answers(Path socket) {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false);
            if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
                return false;
            }
            channel.configureBlocking(true);
            try (var lines = new TimedChannel(channel)) {
                lines.writeLine(Json.line(Json.object().put("verb", "queue-jobs")), ANSWER_MOST);
                return lines.readLine(LINE_BYTES_MAX, ANSWER_MOST).flatMap(Json::parse).isPresent();
            }
        } catch (IOException _) {
            return false;
        }
    }

    private static Optional<String> listening(String line) {
        String[] columns = line.strip().split(" +", PATH_COLUMN + 1);
        return columns.length > PATH_COLUMN && columns[FLAGS_COLUMN].equals(LISTENS)
                ? Optional.of(columns[PATH_COLUMN])
                : Optional.empty();
    }
}
