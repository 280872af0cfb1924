package io.whimbrel.admin;

import io.whimbrel.metrics.Metrics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// The server's end of `<data>/admin.sock`: takes one request per connection, hands it to the
/// handler, sends its answer. The protocol stands in `docs/admin-socket.md`. Thread-safe.
///
/// The socket is born in a folder that only its owner may enter, gets mode 0600 there and is then
/// renamed into place, so that there is no moment in which anybody else could connect.
///
/// At most 16 connections are served at once; a permit is taken before `accept`, so that further
/// clients wait in the kernel's backlog. A request is at most 64 KiB and has 10 s to arrive.
public final class AdminSocket implements AutoCloseable {
    private static final int CONNECTIONS_MAX = 16;
    private static final int REQUEST_BYTES_MAX = 64 << 10;
    private static final Duration REQUEST_MOST = Duration.ofSeconds(10);
    private static final Duration WRITE_MOST = Duration.ofSeconds(30);
    private static final Duration DRAIN_MOST = Duration.ofSeconds(5);
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");
    private static final Logger LOG = LoggerFactory.getLogger(AdminSocket.class);

    private final Path path;
    private final ServerSocketChannel server;
    private final Object fileKey;
    private final AdminHandler handler;
    private final Metrics metrics;
    private final Duration requestMost;
    private final Semaphore permits = new Semaphore(CONNECTIONS_MAX);
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet(CONNECTIONS_MAX);

    private AdminSocket(Path path, ServerSocketChannel server, Settings settings, Object fileKey) {
        this.path = path;
        this.server = server;
        this.fileKey = fileKey;
        this.handler = settings.handler;
        this.metrics = settings.metrics;
        this.requestMost = settings.requestMost;
    }

    private record Settings(AdminHandler handler, Metrics metrics, Duration requestMost) {}

    /// Binds the socket in folder `data` and serves it from now on. A socket left over by a dead
    /// process is replaced.
    ///
    /// @throws IOException where another process serves it, or the path is too long, or the folder
    ///   cannot be written; the message says what to do
    public static AdminSocket open(Path data, AdminHandler handler, Metrics metrics)
            throws IOException {
        return open(data, handler, metrics, REQUEST_MOST);
    }

    /// As above, with another time limit for requests.
    static AdminSocket open(Path data, AdminHandler handler, Metrics metrics, Duration requestMost)
            throws IOException {
        Path path = SocketPath.in(data.toAbsolutePath());
        SocketPath.requireShort(path);
        requireUnserved(path);
        ServerSocketChannel server = bind(path);
        var socket =
                new AdminSocket(
                        path,
                        server,
                        new Settings(handler, metrics, requestMost),
                        fileKey(path).orElseThrow());
        Thread.ofVirtual().name("admin-accept").start(socket::acceptUntilClosed);
        return socket;
    }

    public Path path() {
        return path;
    }

    /// Takes no more requests, lets those in progress finish for at most 5 s, removes the socket.
    @Override
    public void close() throws IOException {
        server.close();
        try {
            if (!permits.tryAcquire(
                    CONNECTIONS_MAX, DRAIN_MOST.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("admin requests still in progress are cut off");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        for (SocketChannel channel : open) {
            channel.close();
        }
        // Another process may have put its own socket there after our file was deleted by hand.
        if (fileKey(path).filter(fileKey::equals).isPresent()) {
            Files.deleteIfExists(path);
        }
    }

    private static void requireUnserved(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException _) {
            // Nobody listens: left over by a process that was killed.
            return;
        } catch (IOException e) {
            throw new IOException(path + " is there and cannot be tried: " + e.getMessage(), e);
        }
        throw new BindException(
                path
                        + " is served by another process: stop it, or give this node another"
                        + " node.data");
    }

    private static ServerSocketChannel bind(Path path) throws IOException {
        Path folder = SocketPath.cradleFolder(path);
        // Shorter than the final path, so that the check of its length covers this one.
        Path cradle = SocketPath.cradle(path);
        Files.deleteIfExists(cradle);
        Files.deleteIfExists(folder);
        Files.createDirectory(
                folder,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(cradle), CONNECTIONS_MAX);
            Files.setPosixFilePermissions(cradle, OWNER_ONLY);
            Files.move(cradle, path, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(folder);
            return server;
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private static Optional<Object> fileKey(Path path) throws IOException {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        return Optional.ofNullable(Files.readAttributes(path, BasicFileAttributes.class).fileKey());
    }

    private void acceptUntilClosed() {
        var connections = Thread.ofVirtual().name("admin-", 1);
        while (server.isOpen()) {
            permits.acquireUninterruptibly();
            try {
                SocketChannel channel = server.accept();
                open.add(channel);
                connections.start(() -> serve(channel));
            } catch (IOException e) {
                permits.release();
                if (server.isOpen()) {
                    LOG.warn("admin socket: cannot accept: {}", e.getMessage());
                    // Out of file descriptors, most likely: trying again at once would only spin.
                    LockSupport.parkNanos(ACCEPT_PAUSE.toNanos());
                }
            }
        }
    }

    private void serve(SocketChannel channel) {
        try (var lines = new TimedChannel(channel)) {
            var answer = new AdminAnswer(line -> lines.writeLine(line, WRITE_MOST));
            answer.end(answer(lines, answer));
        } catch (IOException e) {
            LOG.debug("admin socket: client lost: {}", e.getMessage());
        } finally {
            open.remove(channel);
            permits.release();
        }
    }

    /// What went wrong; `""` where nothing did.
    private String answer(TimedChannel lines, AdminAnswer answer) throws IOException {
        Optional<String> line;
        try {
            line = lines.readLine(REQUEST_BYTES_MAX, requestMost);
        } catch (LineTooLongException _) {
            return "a request has at most " + REQUEST_BYTES_MAX + " bytes";
        }
        Optional<ObjectNode> request = line.flatMap(Json::parse);
        if (request.isEmpty()) {
            return "a request is one JSON object on one line, {\"verb\":\"status\"}";
        }
        try {
            return handler.handle(request.get(), answer).orElse("");
        } catch (RuntimeException e) {
            metrics.bugs.inc();
            LOG.error("admin request failed: {}", Json.text(request.get(), "verb"), e);
            return "internal error, see the server's log: " + e.getClass().getSimpleName();
        }
    }
}
