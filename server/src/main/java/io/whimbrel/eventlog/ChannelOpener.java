package io.whimbrel.eventlog;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/// Opens files: `FileChannel::open`, or a faulty disk in tests.
interface ChannelOpener {
    FileChannel open(Path path, OpenOption... options) throws IOException;
}
