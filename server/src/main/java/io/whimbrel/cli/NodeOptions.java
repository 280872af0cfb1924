package io.whimbrel.cli;

import io.whimbrel.admin.AdminClient;
import io.whimbrel.admin.SocketPath;
import io.whimbrel.config.Config;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Which running node a verb is about: by its data or its socket. Confined to one thread.
final class NodeOptions {
    @Mixin private DataOptions data = new DataOptions();

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            description = "The node's admin socket, instead of -c.")
    private Optional<Path> socket = Optional.empty();

    /// The node's data folder; empty where only its socket is known.
    Optional<Path> folder() {
        if (!data.isGiven()) {
            return Optional.empty();
        }
        try {
            return Optional.of(data.folder());
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// The node's configuration; empty where none is given.
    ///
    /// @throws IOException where it cannot be read
    Optional<Config> config() throws IOException {
        return data.isGiven() ? Optional.of(data.config()) : Optional.empty();
    }

    /// A client of the node's admin socket.
    AdminClient client() throws IOException {
        return socket.isPresent()
                ? new AdminClient(socket.get(), "--socket", data.startCommand())
                : new AdminClient(SocketPath.in(data.folder()), data.origin(), data.startCommand());
    }
}
