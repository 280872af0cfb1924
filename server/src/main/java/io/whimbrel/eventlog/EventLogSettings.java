package io.whimbrel.eventlog;

import java.nio.file.Path;

/// Where events are written. Immutable.
///
/// @param folder `<data>/events`
/// @param fileBytes a file is closed and the next begun at this size; default 256 MiB
/// @param totalBytes the oldest closed files are deleted beyond this; default 10 GiB
public record EventLogSettings(Path folder, long fileBytes, long totalBytes) {}
