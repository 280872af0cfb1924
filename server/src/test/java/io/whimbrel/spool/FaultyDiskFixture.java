package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.CLOCK;
import static io.whimbrel.spool.SpoolFixtures.queued;

import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.util.List;

/// A simulated disk of small segments, and the spool on it from start to start. Confined to one
/// thread.
abstract class FaultyDiskFixture {
    static final int SEGMENT = 64 << 10;

    FaultyFiles files = new FaultyFiles();
    long reserve;

    Spool open() throws IOException {
        return IndexHome.open(files, SEGMENT, reserve, CLOCK);
    }

    Spool reopenAfterKill() throws IOException {
        files = files.afterKill();
        return open();
    }

    static List<QueueId> ids(Spool spool) throws IOException {
        return queued(spool).stream().map(found -> found.message().id()).toList();
    }

    String newest() {
        return files.list().stream()
                .filter(name -> name.startsWith("segment-"))
                .max(String::compareTo)
                .orElseThrow();
    }
}
