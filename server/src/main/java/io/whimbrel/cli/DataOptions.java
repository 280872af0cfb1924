package io.whimbrel.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Which node's data a verb is about: by its configuration or its data folder. Confined to one
/// thread.
final class DataOptions {
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

    /// The node's data folder.
    ///
    /// @throws IOException where the configuration cannot be read
    Path folder() throws IOException {
        if (data.isPresent()) {
            return data.get();
        }
        if (config.isEmpty()) {
            throw Console.usage(spec, "Which node? Give its configuration: -c FILE");
        }
        return DataFolder.of(config.get());
    }

    /// How the node's server is started, for people.
    String startCommand() {
        return "whimbrel serve -c " + config.map(Path::toString).orElse("FILE");
    }
}
