package io.whimbrel.reaction;

import static io.whimbrel.reaction.ReactionFixture.FLOW;
import static io.whimbrel.reaction.ReactionFixture.PATH;
import static io.whimbrel.reaction.ReactionFixture.rule;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.shaping.Restraint.Force;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.WallLead;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;

/// What of [Reactions] outlives a process.
@Timeout(120)
final class RestraintsFileTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private static final ReactionRule[] RULES = {
        rule("all", 1, new Reaction.SlowDown(PATH, 50), new Reaction.Narrow(PATH, 7)),
    };

    @TempDir private Path folder = Path.of("");

    private final ReactionFixture it = new ReactionFixture(RULES);

    /// Of the wall clock.
    private Duration lead = Duration.ZERO;

    private RestraintsFile file() {
        var ahead = new WallLead(() -> it.now, () -> it.now.plus(lead));
        return new RestraintsFile(folder, it.reactions, () -> it.now, ahead, it.metrics);
    }

    private ReactionFixture restarted() {
        return restarted(it.now);
    }

    private ReactionFixture restarted(Instant now) {
        var again = new ReactionFixture(RULES);
        again.now = now;
        InstantSource clock = () -> again.now;
        var none = new WallLead(clock, clock);
        new RestraintsFile(folder, again.reactions, clock, none, again.metrics).close();
        return again;
    }

    private static RestraintsFile.Content content(ReactionFixture of) {
        InstantSource clock = () -> of.now;
        return new RestraintsFile.Content(of.reactions, clock, new WallLead(clock, clock));
    }

    private static List<Duration> left(ReactionFixture of) {
        return of.limiter.values().stream()
                .map(one -> Duration.between(of.now, one.until()))
                .toList();
    }

    private void fill() {
        it.send(FLOW, 3, 60);
        it.refuse();
        var scope = new LimitScope(Map.of(Dimension.TENANT, "shöp \"😀\""));
        it.reactions.suspend(scope, Duration.ofHours(2), "why ü", it.now);
    }

    @Test
    void restart_keepsWhatIsInForce() {
        try (var _ = file()) {
            fill();
        }

        ReactionFixture again = restarted();

        assertThat(again.limiter).isEqualTo(it.limiter).hasSize(3);
        assertThat(again.reactions.kept()).isEqualTo(it.reactions.kept());
        assertThat(again.reactions.actions(it.now)).isEqualTo(it.reactions.actions(it.now));
        assertThat(again.metrics.reactions.inForce("narrow")).isEqualTo(1);
        assertThat(again.notices).isEmpty();
    }

    @Test
    void afterARestart_theRestIsTheSame_asWithoutOne() {
        try (var _ = file()) {
            fill();
            it.pass(Duration.ofMinutes(4));
            it.tick();
        }
        ReactionFixture again = restarted();

        for (int i = 0; i < 200; i++) {
            it.pass(Duration.ofMinutes(1));
            again.now = it.now;
            it.tick();
            again.tick();
            assertThat(again.limiter).isEqualTo(it.limiter);
        }
        assertThat(again.only().force()).isInstanceOf(Force.Slow.class);
        again.refuse();
        assertThat(again.limiter).hasSize(3);
        assertThat(again.reactions.actions(again.now)).doesNotHaveDuplicates();
    }

    @Test
    void whatEndedMeanwhile_endsWithTheFirstTick() {
        try (var _ = file()) {
            fill();
        }
        it.pass(Duration.ofHours(1));
        ReactionFixture again = restarted();

        assertThat(again.reactions.actions(again.now)).hasSize(1);
        again.tick();

        assertThat(again.only().force()).isEqualTo(new Force.Suspend());
    }

    /// Its instants are of a clock that does not follow.
    @ParameterizedTest
    @ValueSource(longs = {3, -3, 500})
    void wallClockThatWasSet_changesNothingOfWhatIsLeft(long hours) {
        try (var file = file()) {
            fill();
            file.writeIfChanged();
            it.pass(Duration.ofMinutes(4));
            lead = Duration.ofHours(hours);
        }

        ReactionFixture again = restarted(it.now.plus(lead));

        assertThat(left(again)).isEqualTo(left(it)).hasSize(3);
        it.pass(Duration.ofMinutes(4));
        again.pass(Duration.ofMinutes(4));
        it.tick();
        again.tick();
        assertThat(again.limiter.values().stream().map(Restraint::force))
                .containsExactlyElementsOf(
                        it.limiter.values().stream().map(Restraint::force).toList());
    }

    @Test
    void wallClockSetBackBeforeTheStart_whatWasLeftIsLeft() {
        try (var _ = file()) {
            fill();
        }

        ReactionFixture again = restarted(it.now.minus(Duration.ofHours(5)));

        assertThat(left(again)).isEqualTo(left(it)).hasSize(3);
    }

    @Test
    void fileOfBefore_isRead() throws IOException {
        fill();
        ObjectNode root = MAPPER.createObjectNode().put("version", RestraintsFile.VERSION);
        content(it).writeTo(root);
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(
                folder.resolve(RestraintsFile.NAME),
                MAPPER.writeValueAsString(root.without(List.of("ahead-ms", "written-ms"))));

        assertThat(restarted(it.now.plusSeconds(60)).limiter).isEqualTo(it.limiter).hasSize(3);
    }

    @Test
    void kill_losesNothingThatWasWritten_norTheNextId() {
        try (var file = file()) {
            fill();
            file.writeIfChanged();
            ReactionFixture again = restarted();
            assertThat(again.limiter).isEqualTo(it.limiter);
            var scope = new LimitScope(Map.of(Dimension.POOL, "p"));
            var made = again.reactions.suspend(scope, Duration.ofHours(1), "", it.now);
            assertThat(made.map(Restraint::id)).isPresent();
            assertThat(it.limiter).doesNotContainKey(made.orElseThrow().id());
        }
    }

    /// It would keep the others from being written.
    @Test
    void halfACharacter_isLeftOut() {
        try (var _ = file()) {
            fill();
            var scope = new LimitScope(Map.of(Dimension.TENANT, "\ud83d"));
            it.reactions.suspend(scope, Duration.ofHours(2), "", it.now);
        }

        assertThat(restarted().limiter).hasSize(3);
        assertThat(it.metrics.bugs.get()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{", "{\"version\":1}", "{\"version\":1,\"actions\":[1]}"})
    void damagedFile_isAsGoodAsNone(String text) throws IOException {
        Path file = folder.resolve(RestraintsFile.NAME);
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(file, text);

        assertThat(restarted().limiter).isEmpty();
    }

    private String written() {
        var root = MAPPER.createObjectNode();
        content(it).writeTo(root);
        return MAPPER.writeValueAsString(root);
    }

    /// Takes all or nothing, and what it takes is in its bounds and can be lived with.
    @Test
    void mutatedFile_isDamaged_orInItsBounds() {
        fill();
        String text = written();
        String[] pieces = {"\"", "-1", "0", "1e99", "9999999999999999999", "{", "}", ",", "null"};
        long seed = new Random().nextLong();
        var random = new Random(seed);
        int valid = 0;
        for (int round = 0; round < 1_000; round++) {
            var mutated = new StringBuilder(text);
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + random.nextInt(8));
            mutated.replace(at, end, pieces[random.nextInt(pieces.length)]);
            valid += check(mutated.toString(), "seed " + seed + ", round " + round) ? 1 : 0;
        }
        assertThat(valid).isBetween(50, 990);
        assertThat(check(text, "whole")).isTrue();
    }

    @Test
    void numbersOfAnySize_areDamaged_orInTheirBounds() {
        fill();
        String text = written();
        String[] numbers = {"-1", "0", "0.5", "1e308", "1e-300", "9223372036854775807", "100"};
        List<String> pieces = new ArrayList<>(List.of(text.split("(?<=\":)[-0-9.E]+", -1)));
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int round = 0; round < 1_000; round++) {
            var mutated = new StringBuilder(pieces.getFirst());
            List<String> values = new ArrayList<>();
            Pattern.compile("(?<=\":)[-0-9.E]+")
                    .matcher(text)
                    .results()
                    .forEach(found -> values.add(found.group()));
            values.set(random.nextInt(values.size()), numbers[random.nextInt(numbers.length)]);
            for (int i = 0; i < values.size(); i++) {
                mutated.append(values.get(i)).append(pieces.get(i + 1));
            }
            check(mutated.toString(), "seed " + seed + ", round " + round);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyFile_isDamaged_orInItsBounds(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8), "fuzz");
    }

    private static boolean check(String text, String where) {
        Optional<Reactions.Kept> kept = kept(text);
        if (kept.isEmpty()) {
            return false;
        }
        var again = new ReactionFixture(RULES);
        again.reactions.restore(kept.get());
        assertThat(again.limiter).as(where).hasSameSizeAs(kept.get().actions());
        for (int i = 0; i < 5; i++) {
            again.refuse();
            again.tick();
            again.pass(Duration.ofMinutes(17));
        }
        for (Restraint one : again.limiter.values()) {
            switch (one.force()) {
                case Force.Slow(double rate) ->
                        assertThat(rate).as(where).isBetween(BackOff.RATE_LEAST, 1e12);
                case Force.Narrow(int most) -> assertThat(most).as(where).isPositive();
                case Force.Suspend _, Force.Bounce _ -> {}
            }
        }
        var root = MAPPER.createObjectNode();
        content(again).writeTo(root);
        assertThat(kept(MAPPER.writeValueAsString(root))).as(where).isPresent();
        return true;
    }

    private static Optional<Reactions.Kept> kept(String text) {
        try {
            JsonNode root = MAPPER.readTree(text);
            return Optional.of(content(new ReactionFixture(RULES)).kept(root));
        } catch (DamagedException | JacksonException _) {
            return Optional.empty();
        }
    }
}
