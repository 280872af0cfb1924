package io.whimbrel.simulator.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/// The temporary folder of one run. Immutable.
record DemoFolder(Path root) {

    static DemoFolder create() throws IOException {
        return new DemoFolder(Files.createTempDirectory("whimbrel-demo-"));
    }

    Path config() {
        return root.resolve("whimbrel.toml");
    }

    /// The server's `node.data`.
    Path data() {
        return root.resolve("data");
    }

    Path events() {
        return data().resolve("events");
    }

    /// What the server says on standard error.
    Path serverLog() {
        return root.resolve("server.log");
    }

    /// What the providers answered, a line of JSON for each recipient.
    Path providersLog() {
        return root.resolve("providers.jsonl");
    }

    void delete() throws IOException {
        List<Path> all;
        try (var walk = Files.walk(root)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
