package io.whimbrel.cli;

import io.whimbrel.config.Config;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;

import java.io.IOException;
import java.nio.file.Path;

/// Finds `node.data` of a node. Stateless.
final class DataFolder {
    private DataFolder() {}

    /// @throws IOException where `configFile` cannot be used
    static Path of(Path configFile) throws IOException {
        return config(configFile).node().dataFolder();
    }

    /// @throws IOException where `configFile` cannot be used
    static Config config(Path configFile) throws IOException {
        return switch (ConfigFile.read(configFile)) {
            case ConfigResult.Valid(var config, _) -> config;
            case ConfigResult.Invalid(var errors, _) ->
                    throw new IOException(
                            errors.getFirst()
                                    + "; see `whimbrel config check "
                                    + configFile
                                    + "`, or give --data DIR");
        };
    }
}
