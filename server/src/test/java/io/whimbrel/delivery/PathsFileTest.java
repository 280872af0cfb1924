package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.delivery.PathRests.Kept;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;

/// [PathRests], and what of them outlives a process.
@Timeout(60)
final class PathsFileTest {
    private static final EgressPath PATH = path("mx.x.test");
    private static final String ONE =
            "{\"pool\":\"p\",\"site\":\"s\",\"left-ms\":1,\"next-ms\":%s}";

    @TempDir private Path folder = Path.of("");

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final PathRests rests = new PathRests(now::get);

    private static EgressPath path(String site) {
        return new EgressPath("default", new Site(site));
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    @Test
    void rests_becomeLongerUpToALimit() {
        assertThat(rests.begin(PATH)).isEqualTo(seconds(1));
        assertThat(rests.begin(PATH)).isEqualTo(seconds(2));
        assertThat(rests.begin(PATH)).isEqualTo(seconds(4));
        assertThat(rests.begin(PATH)).isEqualTo(seconds(5));
        assertThat(rests.begin(PATH)).isEqualTo(seconds(5));
        assertThat(rests.begin(path("other.test"))).isEqualTo(seconds(1));
    }

    @Test
    void success_makesTheNextRestAFirstOne() {
        rests.begin(PATH);

        rests.forget(PATH);

        assertThat(rests.left(PATH)).isZero();
        assertThat(rests.begin(PATH)).isEqualTo(seconds(1));
    }

    @Test
    void pathsBeyondTheLimit_pushOutTheOneThatFailedLongestAgo() {
        rests.begin(path("0"));
        rests.begin(path("1"));
        rests.begin(path("0"));
        for (int i = 2; i <= PathRests.PATHS_MOST; i++) {
            rests.begin(path(Integer.toString(i)));
        }

        assertThat(rests.kept()).hasSize(PathRests.PATHS_MOST);
        assertThat(rests.left(path("1"))).isZero();
        assertThat(rests.left(path("0"))).isPositive();
    }

    @Test
    void restart_goesOnWithWhatWasLeft_whateverTheClockSays() {
        write(() -> {
            rests.begin(PATH);
            rests.begin(PATH);
            now.set(Instant.EPOCH.plusMillis(500));
        });
        now.set(Instant.EPOCH.minus(Duration.ofDays(1)));

        PathRests again = read();

        assertThat(again.kept())
                .containsExactly(new Kept(PATH, Duration.ofMillis(1500), seconds(4)));
        assertThat(again.begin(PATH)).isEqualTo(seconds(4));
    }

    /// The site that mail is sent to has one, and equals no site without.
    @Test
    void restart_keepsTheProviderOfASite() {
        var path = new EgressPath("default", new Site("mx.google.test", "google"));
        write(() -> rests.begin(path));

        assertThat(read().left(path)).isEqualTo(seconds(1));
    }

    @Test
    void fileFromBeforeProviders_isRead() throws IOException {
        put("{\"version\":1,\"paths\":[%s]}".formatted(ONE.formatted("1000")));

        assertThat(read().kept())
                .extracting(Kept::path)
                .containsExactly(new EgressPath("p", new Site("s")));
    }

    @Test
    void twoRestarts_keepWhatNoThreadUsed() {
        write(() -> rests.begin(PATH));
        read();

        assertThat(read().kept()).hasSize(1);
    }

    @Test
    void success_isForgottenInTheFileToo() {
        write(() -> rests.begin(PATH));

        write(() -> rests.forget(PATH));

        assertThat(read().kept()).isEmpty();
    }

    @Test
    void nothingChanged_writesNothing() {
        write(() -> {});

        assertThat(file()).doesNotExist();
    }

    @Test
    void change_isWrittenBeforeTheStop_once() throws IOException {
        try (var file = new PathsFile(folder, rests, new Metrics())) {
            rests.begin(PATH);
            file.writeIfChanged();
            assertThat(file()).content().contains("mx.x.test");
            Files.delete(file());
            file.writeIfChanged();
            assertThat(file()).doesNotExist();
        }
    }

    @Test
    void fullTable_isReadBack() {
        write(() -> {
            for (int i = 0; i < PathRests.PATHS_MOST; i++) {
                String number = Integer.toString(i);
                String name = number + "x".repeat(PathsFile.NAME_CHARS_MOST - 20);
                rests.begin(path(name));
            }
            rests.begin(PATH);
        });

        assertThat(read().kept()).hasSize(PathRests.PATHS_MOST);
    }

    @Test
    void nameBeyondTheLimit_isLeftOut() {
        write(() -> {
            rests.begin(path("x".repeat(PathsFile.NAME_CHARS_MOST)));
            rests.begin(PATH);
        });

        assertThat(read().kept()).extracting(Kept::path).containsExactly(PATH);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{}",
                "{\"version\":2,\"paths\":[]}",
                "{\"version\":1}",
                "{\"version\":1,\"paths\":[1]}",
                "{\"version\":1,\"paths\":[ONE{}]}",
                "{\"version\":1,\"paths\":[ONE]",
                "{\"version\":1,\"paths\":[ONE]}}",
            })
    void damagedFile_isAsGoodAsNone_andIsReplaced(String text) throws IOException {
        put(text.replace("ONE", ONE.formatted("1000")));

        assertThat(read().kept()).isEmpty();

        write(() -> rests.begin(PATH));
        assertThat(read().kept()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5", "\"1\"", "1e99", "99999999999999999999"})
    void damagedNumber_isAsGoodAsNoFile(String number) throws IOException {
        put("{\"version\":1,\"paths\":[%s]}".formatted(ONE.formatted(number)));

        assertThat(read().kept()).isEmpty();
    }

    @Test
    void fileBeyondItsLimit_isAsGoodAsNone() throws IOException {
        String text = "{\"version\":1,\"paths\":[%s]}".formatted(ONE.formatted("1000"));
        put(text + " ".repeat(PathsFile.BYTES_MOST));

        assertThat(read().kept()).isEmpty();
    }

    /// A rest of zero, doubled, would be a loop without a pause.
    @ParameterizedTest
    @ValueSource(ints = {0, Integer.MAX_VALUE})
    void numberOutOfRange_isBounded(int millis) throws IOException {
        String one = ONE.replace("\"left-ms\":1", "\"left-ms\":" + millis).formatted(millis);
        put("{\"version\":1,\"paths\":[%s]}".formatted(one));

        Kept kept = read().kept().getFirst();

        assertThat(kept.left()).isBetween(Duration.ZERO, PathRests.REST_MOST);
        assertThat(kept.next()).isBetween(PathRests.REST_FIRST, PathRests.REST_MOST);
    }

    @Test
    void fileThatCannotBeWritten_isTriedAgain() throws IOException {
        Files.writeString(folder.resolve("state"), "in the way");
        var metrics = new Metrics();
        try (var file = new PathsFile(folder, rests, metrics)) {
            rests.begin(PATH);
            file.writeIfChanged();
            Files.delete(folder.resolve("state"));
            file.writeIfChanged();
            assertThat(file()).exists();
        }
        assertThat(metrics.bugs.get()).isZero();
    }

    private Path file() {
        return folder.resolve(PathsFile.NAME);
    }

    private void put(String text) throws IOException {
        Files.createDirectories(folder.resolve("state"));
        Files.writeString(file(), text);
    }

    private void write(Runnable changes) {
        try (var _ = new PathsFile(folder, rests, new Metrics())) {
            changes.run();
        }
    }

    /// What the next process has; it ends at once.
    private PathRests read() {
        var next = new PathRests(now::get);
        try (var _ = new PathsFile(folder, next, new Metrics())) {
            return next;
        }
    }
}
