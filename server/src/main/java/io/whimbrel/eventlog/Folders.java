package io.whimbrel.eventlog;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Folders whose entries survive a power cut.
final class Folders {

    private Folders() {}

    /// Makes `folder` and what is missing above it, durably.
    static void create(Path folder, ChannelOpener opener) throws IOException {
        Path absolute = folder.toAbsolutePath();
        Path parent = absolute.getParent();
        if (Files.isDirectory(absolute) || parent == null) {
            return;
        }
        create(parent, opener);
        Files.createDirectory(absolute);
        sync(parent, opener);
    }

    /// Makes the entries of `folder` durable.
    static void sync(Path folder, ChannelOpener opener) throws IOException {
        try (FileChannel channel = opener.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
