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

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Segments with random damage: recovery never fails, never delivers wrong bytes, and delivers all
/// mail whose batches are good.
final class RecoveryFuzzTest {
    private static final int ROUNDS = Integer.getInteger("whimbrel.damages", 40);
    private static final int SEGMENT = 32 << 10;

    private final Map<QueueId, byte[]> bodies = new HashMap<>();
    private final List<SpooledMessage> inQueue = new ArrayList<>();
    private final List<Damage> damages = new ArrayList<>();
    private FaultyFiles files = new FaultyFiles();

    private record Damage(String segment, int from, int to) {

        /// Whether it touches the frame, or the batch record that may stand before it.
        boolean hits(SpoolSegment.Place place) {
            return place.segment().name().equals(segment)
                    && from < place.offset() + place.length()
                    && to > place.offset() - LogFormat.BATCH_BYTES;
        }
    }

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
        inQueue.clear();
        damages.clear();
        fill(random);
        files = files.afterKill();
        List<String> segments =
                files.list().stream().filter(name -> name.startsWith("segment-")).sorted().toList();
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
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
            assertThat(queued(spool).stream().map(found -> found.message().id()))
                    .containsAll(
                            inQueue.stream()
                                    .filter(message -> !isHit(message.location()))
                                    .map(SpooledMessage::id)
                                    .toList());
            SpooledMessage next = accept(spool, envelope(1), bytes(100, 1));
            bodies.put(next.id(), bytes(100, 1));
            inQueue.add(next);
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
            boolean isTried = random.nextInt(3) == 0;
            if (isTried) {
                spool.appendAndWait(batch(delivered(message.id(), 0)));
            }
            if (!isTried || message.envelope().recipients().size() > 1) {
                inQueue.add(message);
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
        damages.add(new Damage(name, from, from + length));
        for (int i = 0; i < length; i++) {
            files.damage(name, from + i, 1 + random.nextInt(255));
        }
    }

    private boolean isHit(SpooledMessage.Location location) {
        var places = new ArrayList<>(location.body());
        places.addAll(location.envelope());
        places.add(location.accepted());
        return places.stream().anyMatch(place -> damages.stream().anyMatch(d -> d.hits(place)));
    }

    private Spool open() throws IOException {
        return IndexHome.open(files, SEGMENT, 0, CLOCK);
    }
}
