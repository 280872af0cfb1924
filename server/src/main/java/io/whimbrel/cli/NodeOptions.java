package io.whimbrel.cli;

import io.whimbrel.admin.AdminClient;
import io.whimbrel.admin.SocketPath;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Which node a verb is about: by its configuration, its data folder or its socket. Confined to one
/// thread.
final class NodeOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "The node's configuration file; node.data is read from it.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--data",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "The node's data folder, instead of -c.")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            description = "The node's admin socket, instead of -c.")
    private Optional<Path> socket = Optional.empty();

    /// The node's data folder.
    ///
    /// @throws IOException where the configuration cannot be read
    Path data() throws IOException {
        if (data.isPresent()) {
            return data.get();
        }
        if (config.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Which node? Give its configuration: -c FILE");
        }
        return DataFolder.of(config.get());
    }

    /// A client of the node's admin socket.
    AdminClient client() throws IOException {
        Path path = socket.isPresent() ? socket.get() : SocketPath.in(data());
        String file = config.map(Path::toString).orElse("FILE");
        return new AdminClient(path, "whimbrel serve -c " + file);
    }
}
