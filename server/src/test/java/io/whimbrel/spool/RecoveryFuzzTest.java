package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.CLOCK;
import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.accept;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.deferred;
import static io.whimbrel.spool.SpoolFixtures.delivered;
import static io.whimbrel.spool.SpoolFixtures.envelope;
import static io.whimbrel.spool.SpoolFixtures.queued;
import static io.whimbrel.spool.SpoolFixtures.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Segments with random damage: recovery never fails, never delivers wrong bytes, and names what it
/// found.
final class RecoveryFuzzTest {
    private static final int ROUNDS = Integer.getInteger("whimbrel.damages", 150);
    private static final int SEGMENT = 32 << 10;

    private final Map<QueueId, byte[]> bodies = new HashMap<>();
    private FaultyFiles files = new FaultyFiles();

    @Test
    void damagedSegments_giveTheRest_andNoWrongBytes() throws IOException {
        long first = Long.getLong("whimbrel.seed", System.nanoTime());
        for (long seed = first; seed < first + ROUNDS; seed++) {
            try {
                round(new Random(seed));
            } catch (IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("-Dwhimbrel.seed=" + seed, e);
            }
        }
    }

    private void round(Random random) throws IOException {
        files = new FaultyFiles();
        bodies.clear();
        fill(random);
        files = files.afterKill();
        List<String> segments =
                files.list().stream().filter(name -> name.startsWith("segment-")).sorted().toList();
        int damages = 1 + random.nextInt(4);
        for (int i = 0; i < damages; i++) {
            damage(segments.get(random.nextInt(segments.size())), random);
        }
        for (int start = 0; start < 2; start++) {
            Spool spool = open();
            for (RecoveredMessage found : queued(spool)) {
                SpooledMessage message = found.message();
                assertThat(read(spool, message)).isEqualTo(bodies.get(message.id()));
                assertThat(message.envelope())
                        .isEqualTo(envelope(message.envelope().recipients().size()));
            }
            SpooledMessage next = accept(spool, envelope(1), bytes(100, 1));
            bodies.put(next.id(), bytes(100, 1));
            files = files.afterKill();
        }
    }

    private void fill(Random random) throws IOException {
        Spool spool = open();
        spool.records(Position.START);
        for (int i = 0; i < 20; i++) {
            byte[] body = bytes(random.nextInt(12_000), random.nextLong());
            SpooledMessage message = accept(spool, envelope(1 + random.nextInt(600)), body);
            bodies.put(message.id(), body);
            if (random.nextInt(3) == 0) {
                spool.appendAndWait(batch(delivered(message.id(), 0)));
            }
            if (random.nextInt(3) == 0) {
                spool.appendAndWait(batch(deferred(message.id(), 1, NOW, 0)));
            }
        }
        spool.step(Inbox.Wake.IDLE);
    }

    private void damage(String name, Random random) {
        int length = 1 + random.nextInt(random.nextBoolean() ? 4 : 3000);
        int from = random.nextInt(SEGMENT - length);
        for (int i = 0; i < length; i++) {
            files.damage(name, from + i, 1 + random.nextInt(255));
        }
    }

    private Spool open() throws IOException {
        return IndexHome.open(files, SEGMENT, 0, CLOCK);
    }
}
