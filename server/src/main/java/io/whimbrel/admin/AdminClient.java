package io.whimbrel.admin;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The client's end of the admin socket. Confined to one thread.
public final class AdminClient {
    private static final int LINE_BYTES_MAX = 1 << 20;

    /// Long work sends lines of progress, so that silence means trouble.
    private static final Duration LINE_MOST = Duration.ofMinutes(2);

    private final Path socket;
    private final String origin;
    private final String startCommand;

    /// @param origin where the socket's path comes from, for the message where nobody answers
    /// @param startCommand how a server is started, for the same
    public AdminClient(Path socket, String origin, String startCommand) {
        this.socket = socket;
        this.origin = origin;
        this.startCommand = startCommand;
    }

    /// Sends `request` and hands every line of the answer to `lines`, progress included, except the
    /// last.
    ///
    /// @return the server's refusal; empty where it did what was asked
    /// @throws IOException where no server answers; the message names the socket and the remedy
    public Optional<String> ask(ObjectNode request, Consumer<ObjectNode> lines) throws IOException {
        try (var channel = new TimedChannel(connect())) {
            channel.writeLine(Json.line(request), LINE_MOST);
            while (true) {
                ObjectNode line = next(channel);
                if (line.has("done")) {
                    return Optional.empty();
                }
                if (line.has("error")) {
                    return Optional.of(Json.text(line, "error"));
                }
                lines.accept(line);
            }
        } catch (SocketTimeoutException _) {
            throw new IOException(
                    "the server at "
                            + socket
                            + " does not answer: "
                            + LINE_MOST.toMinutes()
                            + " minutes without a line; see its log");
        }
    }

    /// As [#ask], but collects the lines.
    ///
    /// @throws IOException where no server answers, or it refuses
    public List<ObjectNode> lines(ObjectNode request) throws IOException {
        var lines = new ArrayList<ObjectNode>();
        Optional<String> refusal = ask(request, lines::add);
        if (refusal.isPresent()) {
            throw new IOException(refusal.get());
        }
        return lines;
    }

    /// Whether a server is there that takes requests.
    public boolean isAnswering() {
        try (var channel = connect()) {
            return channel.isConnected();
        } catch (IOException _) {
            return false;
        }
    }

    private ObjectNode next(TimedChannel channel) throws IOException {
        return channel.readLine(LINE_BYTES_MAX, LINE_MOST)
                .flatMap(Json::parse)
                .orElseThrow(() ->
                        new IOException(
                                "the server at " + socket + " went away before it had answered"));
    }

    private SocketChannel connect() throws IOException {
        SocketPath.requireShort(socket.toAbsolutePath());
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw new IOException(noServer(e), e);
        }
    }

    private String noServer(IOException cause) {
        if (Files.exists(socket) && !Files.isWritable(socket)) {
            return socket + " belongs to another user: run this as the server's user, or as root";
        }
        String why = Files.exists(socket) ? String.valueOf(cause.getMessage()) : "there is none";
        return "no server is running at "
                + socket
                + " ("
                + origin
                + "): "
                + why
                + "; start it with `"
                + startCommand
                + "`, or name another node with -c FILE, --data DIR or --socket PATH"
                + RunningNodes.hint(socket);
    }
}
