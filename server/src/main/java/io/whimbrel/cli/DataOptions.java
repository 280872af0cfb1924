package io.whimbrel.cli;

import io.whimbrel.config.Config;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Which node's data a verb is about: by its configuration or its data folder. Confined to one
/// thread.
public final class DataOptions {
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
    public Path folder() throws IOException {
        if (data.isPresent()) {
            return data.get();
        }
        return DataFolder.of(configFile());
    }

    /// The node's configuration; where only its data folder is given, one with the defaults.
    ///
    /// @throws IOException where the configuration cannot be read
    public Config config() throws IOException {
        if (data.isEmpty()) {
            return DataFolder.config(configFile());
        }
        return switch (ConfigFile.ofDataFolder(data.get())) {
            case ConfigResult.Valid(var defaults, _) -> defaults;
            case ConfigResult.Invalid(var errors, _) ->
                    throw new IOException("--data: " + errors.getFirst());
        };
    }

    /// Whether any option names the node.
    public boolean isGiven() {
        return data.isPresent() || config.isPresent();
    }

    private Path configFile() {
        return config.orElseThrow(
                () -> Console.usage(spec, "Which node? Give its configuration: -c FILE"));
    }

    /// Which option says where the folder is, for people.
    public String origin() {
        return data.isPresent()
                ? "--data " + data.get()
                : "node.data in " + config.map(Path::toString).orElse("FILE");
    }

    /// How the node's server is started, for people.
    public String startCommand() {
        return "whimbrel serve -c " + config.map(Path::toString).orElse("FILE");
    }
}
