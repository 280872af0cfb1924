package io.whimbrel.shaping;

import static io.whimbrel.shaping.Limits.GOOGLE;
import static io.whimbrel.shaping.Limits.SECOND;
import static io.whimbrel.shaping.Limits.START;
import static io.whimbrel.shaping.Limits.T1;
import static io.whimbrel.shaping.Limits.T2;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.shaping.LimiterFile.Counts;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.WallLead;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.Set;

/// What of a [Limiter] outlives the process.
@Timeout(120)
class LimiterFileTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Turn TURN = new Turn(4, "shop");
    private static final Flow FLOW = Limits.google("gmail.test", "shop");
    private static final List<LimitSettings> SETTINGS =
            List.of(
                    Limits.rate(
                            GOOGLE,
                            Set.of(Dimension.SOURCE, Dimension.TENANT),
                            "1000/s",
                            "10/h",
                            "1000/d"),
                    Limits.openings(GOOGLE, "5/h"));

    @TempDir private Path folder = Path.of("");

    private static Instant instant(long micros) {
        return Instant.EPOCH.plusNanos(micros * 1000);
    }

    private static int take(Limiter limiter, FlowSource source, long now, int tries) {
        Gates gates = limiter.gates(FLOW, "p");
        int granted = 0;
        for (int i = 0; i < tries; i++) {
            if (limiter.take(gates, source, TURN, now + i) instanceof Decision.Granted) {
                granted++;
            }
        }
        return granted;
    }

    /// Of the wall clock.
    private long lead;

    private LimiterFile file(Limiter limiter, long now) {
        var ahead = new WallLead(() -> instant(now), () -> instant(now + lead));
        return new LimiterFile(folder, limiter, () -> instant(now), ahead, new Metrics());
    }

    private static Counts counts(Limiter limiter, long now) {
        InstantSource clock = () -> instant(now);
        return new Counts(limiter.state(), clock, new WallLead(clock, clock));
    }

    private void keep(Limiter limiter, long now) {
        try (var file = file(limiter, now)) {
            take(limiter, T2, now, 1);
            file.writeIfChanged();
        }
    }

    private Limiter restored(List<LimitSettings> settings, long now) {
        var limiter = new Limiter(settings);
        file(limiter, now).close();
        return limiter;
    }

    @Test
    void hourLimit_isNotExceededOverARestart_andTimeInBetweenPasses() {
        var before = new Limiter(SETTINGS);
        assertThat(take(before, T1, START, 4)).isEqualTo(4);
        assertThat(take(before, T1, START + 600 * SECOND, 4)).isEqualTo(4);
        keep(before, START + 700 * SECOND);

        Limiter after = restored(SETTINGS, START + 900 * SECOND);

        assertThat(take(after, T1, START + 900 * SECOND, 20)).isEqualTo(2);
        assertThat(take(after, T1, START + 3599 * SECOND, 20)).isZero();
        assertThat(take(after, T1, START + 3601 * SECOND, 20)).isEqualTo(4);
        assertThat(take(after, T2, START + 3602 * SECOND, 20)).isEqualTo(9);
    }

    @Test
    void clockSetBack_nothingIsYounger() {
        var before = new Limiter(SETTINGS);
        take(before, T1, START, 10);
        keep(before, START + 100 * SECOND);

        long now = START - 5000 * SECOND;
        Limiter after = restored(SETTINGS, now);

        assertThat(take(after, T1, now, 5)).isZero();
        assertThat(take(after, T1, now + 3501 * SECOND, 5)).isEqualTo(5);
    }

    /// What is counted is of a clock that does not follow.
    @ParameterizedTest
    @ValueSource(longs = {7200 * SECOND, -7200 * SECOND})
    void wallClockThatWasSet_changesNothing(long step) {
        var before = new Limiter(SETTINGS);
        try (var file = file(before, START)) {
            take(before, T1, START, 10);
            file.writeIfChanged();
            lead = step;
        }

        lead = 0;
        long now = START + step + 100 * SECOND;
        Limiter after = restored(SETTINGS, now);

        assertThat(take(after, T1, now, 5)).isZero();
        assertThat(take(after, T1, now + 3501 * SECOND, 5)).isEqualTo(5);
    }

    @Test
    void longAgo_nothingIsLeft() {
        var before = new Limiter(SETTINGS);
        take(before, T1, START, 10);
        keep(before, START);

        Limiter after = restored(SETTINGS, START + 90_000 * SECOND);

        assertThat(take(after, T1, START + 90_000 * SECOND, 20)).isEqualTo(10);
    }

    @Test
    void otherLimits_begin() {
        var before = new Limiter(SETTINGS);
        take(before, T1, START, 10);
        keep(before, START);

        Limiter after = restored(List.of(Limits.rate(GOOGLE, Set.of(), "10/h")), START);

        assertThat(take(after, T1, START, 20)).isEqualTo(10);
    }

    @Test
    void newConnections_areKept() {
        var before = new Limiter(SETTINGS);
        for (int i = 0; i < 5; i++) {
            before.connect(Limits.connection(T1), "p", START);
        }
        keep(before, START);

        Limiter after = restored(SETTINGS, START + SECOND);

        assertThat(after.connect(Limits.connection(T1), "p", START + SECOND))
                .isInstanceOf(Blocked.class);
    }

    @Test
    void shortWindows_areNotWritten() throws IOException {
        keep(new Limiter(SETTINGS), START);

        String text = Files.readString(folder.resolve(LimiterFile.NAME));
        assertThat(text).contains("\"10/h\"", "\"1000/d\"").doesNotContain("1000/s");
    }

    @Test
    void nothingLongIsCounted_nothingChanges() {
        var limiter = new Limiter(List.of(Limits.rate(GOOGLE, Set.of(), "100/s")));
        long before = limiter.state().changes();
        take(limiter, T1, START, 10);

        assertThat(limiter.state().changes()).isEqualTo(before);
    }

    @Test
    void damagedFile_beginsUnused() throws IOException {
        Path file = folder.resolve(LimiterFile.NAME);
        Files.createDirectories(folder.resolve("state"));
        for (String text :
                List.of(
                        "",
                        "{\"version\":1}",
                        "{\"version\":1,\"written\":-1,\"windows\":[]}",
                        "{\"version\":1,\"written\":1,\"windows\":[1]}",
                        "{\"version\":2,\"written\":1,\"windows\":[]}")) {
            Files.writeString(file, text);
            assertThat(take(restored(SETTINGS, START), T1, START, 20)).isEqualTo(10);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void fuzz_anyText(byte[] data) {
        restore(new String(data, StandardCharsets.UTF_8));
    }

    @Test
    void changedPieces_areTakenOrRefused_andKeepToTheLimit() {
        var before = new Limiter(SETTINGS);
        take(before, T1, START, 7);
        take(before, T2, START + 60 * SECOND, 7);
        ObjectNode root = MAPPER.createObjectNode();
        counts(before, START + 70 * SECOND).writeTo(root);
        String good = MAPPER.writeValueAsString(root);
        assertThat(restore(good)).isTrue();
        String[] pieces = {
            "-1",
            "0",
            "9223372036854775807",
            "1e9",
            "[",
            "]",
            "{}",
            "\"\"",
            "\"source\"",
            ",",
            "7",
            "null",
            "36028797018963967"
        };
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            int from = random.nextInt(good.length());
            int to = Math.min(good.length(), from + random.nextInt(12));
            String piece = pieces[random.nextInt(pieces.length)];
            try {
                restore(good.substring(0, from) + piece + good.substring(to));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + " round " + i, e);
            }
        }
    }

    /// @return whether it was taken
    private static boolean restore(String text) {
        var limiter = new Limiter(SETTINGS);
        long now = START + 80 * SECOND;
        boolean isTaken = true;
        try {
            counts(limiter, now).restore(MAPPER.readTree(text));
        } catch (JacksonException | DamagedException _) {
            isTaken = false;
        }
        assertThat(take(limiter, T1, now, 12)).isLessThanOrEqualTo(10);
        long later = now + 100_000 * SECOND;
        assertThat(take(limiter, T1, later, 12)).isEqualTo(10);
        return isTaken;
    }
}
