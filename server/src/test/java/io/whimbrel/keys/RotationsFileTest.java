package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

@Timeout(60)
class RotationsFileTest {
    private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");
    private static final KeyName ENTRY = new KeyName("example.com", "s1");
    private static final KeyPlace PLACE = new KeyPlace.Vault("secret", "dkim/example.com", "s1");

    @TempDir private Path temp;

    private RotationsFile file() {
        return new RotationsFile(new KeyFolder(temp.resolve("keys")));
    }

    private static Rotation idle(KeyName entry) {
        return Rotation.idle(entry, KeyAlgorithm.RSA, PLACE);
    }

    private static RotationEvent.Begin begin(KeyName entry) {
        Path path = Path.of("/k/" + entry.domain() + "/s2.pem");
        return new RotationEvent.Begin(
                new PlacedKey("s2", new KeyPlace.File(path)), RotationTerms.DEFAULT);
    }

    @Test
    void noFile_isNothing_andReadingMakesNone() throws IOException {
        assertThat(file().read()).isEqualTo(Rotations.NONE);
        assertThat(temp.resolve("keys")).doesNotExist();
        assertThatThrownBy(() -> file().apply(ENTRY, new RotationEvent.Passed(), NOW))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("knows no such key");
    }

    /// Every state, written and read by a process that knows nothing.
    @Test
    void everyState_survivesARestart() throws IOException {
        file().begin(idle(ENTRY), begin(ENTRY), NOW);
        var good = new RotationEvent.Looked("s2", new Sighting.Good());
        assertThat(state()).isInstanceOf(RotationState.Publishing.class);
        assertThat(file().read().current("example.com", "s1")).isEmpty();

        var missing = new Sighting.Missing(Duration.ofMinutes(9), true);
        file().apply(ENTRY, new RotationEvent.Looked("s2", missing), NOW);
        assertThat(state()).extracting("negative").isEqualTo(Duration.ofMinutes(9));

        file().apply(ENTRY, good, NOW);
        assertThat(state()).isInstanceOf(RotationState.Verified.class);

        Instant later = NOW.plus(Duration.ofHours(2));
        file().apply(ENTRY, good, later);
        assertThat(state()).isInstanceOf(RotationState.Switched.class);
        assertThat(file().read().current("Example.com", "S1"))
                .contains(new PlacedKey("s2", new KeyPlace.File(Path.of("/k/example.com/s2.pem"))));

        Instant last = later.plus(Duration.ofDays(8));
        file().apply(ENTRY, new RotationEvent.Passed(), last);
        assertThat(state()).isInstanceOf(RotationState.Revoking.class);

        file().apply(ENTRY, new RotationEvent.Looked("s1", new Sighting.Revoked()), last);
        assertThat(state()).isEqualTo(new RotationState.Idle());
        assertThat(file().read().current("example.com", "s1")).isPresent();
        assertThat(file().read().current("example.com", "s3")).isEmpty();
    }

    private RotationState state() throws IOException {
        return file().read().find(ENTRY).orElseThrow().state();
    }

    @Test
    void refusedEvent_changesNothing() throws IOException {
        file().begin(idle(ENTRY), begin(ENTRY), NOW);
        byte[] before = Files.readAllBytes(file().file());

        assertThat(file().begin(idle(ENTRY), begin(ENTRY), NOW).step())
                .isInstanceOf(RotationStep.Refused.class);
        assertThat(Files.readAllBytes(file().file())).isEqualTo(before);
    }

    @Test
    void oneDomainsKeys_areReplacedByThemselves() throws IOException {
        var other = new KeyName("example.com", "e1");
        file().begin(idle(ENTRY), begin(ENTRY), NOW);
        var next = new PlacedKey("e2", new KeyPlace.File(Path.of("/k/example.com/e2.pem")));
        file().begin(
                        Rotation.idle(other, KeyAlgorithm.ED25519, PLACE),
                        new RotationEvent.Begin(next, RotationTerms.DEFAULT),
                        NOW);
        file().apply(ENTRY, new RotationEvent.Abort(), NOW);

        Rotations all = file().read();
        assertThat(all.find(ENTRY).orElseThrow().state()).isEqualTo(new RotationState.Idle());
        assertThat(all.find(other).orElseThrow().state())
                .isInstanceOf(RotationState.Publishing.class);
        assertThat(all.about(new KeyName("example.com", "e2")))
                .containsExactly(all.find(other).orElseThrow());
    }

    @Test
    void manyAtOnce_loseNothing() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            var entry = new KeyName("d" + i + ".example", "s1");
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    file().begin(idle(entry), begin(entry), NOW);
                                } catch (IOException e) {
                                    throw new AssertionError(e);
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(file().read().all()).hasSize(8);
    }

    @Test
    void damagedOrOpenFile_isNotUsed() throws IOException {
        file().begin(idle(ENTRY), begin(ENTRY), NOW);
        Path path = file().file();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        assertThatThrownBy(() -> file().read()).hasMessageContaining("mode 0666");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));

        String good = Files.readString(path);
        for (String bad :
                List.of(
                        "",
                        "[]",
                        "null",
                        good.replace("\"version\" : 1", "\"version\" : 2"),
                        good.replace("publishing", "flying"),
                        good.replace("\"s2\"", "\"../s2\""),
                        good.replace("2026-11-28T", "2026-13-28T"),
                        good.replace("3600", "-1"),
                        good.replace("\"rsa\"", "\"dsa\""),
                        good.substring(0, good.length() / 2))) {
            Files.writeString(path, bad);
            assertThatThrownBy(() -> file().read())
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(path + " is damaged")
                    .hasMessageContaining("restore it");
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_haveAnAnswer(byte[] bytes) {
        check(bytes);
    }

    @Test
    void randomDamage_hasAnAnswer() throws IOException {
        file().begin(idle(ENTRY), begin(ENTRY), NOW);
        byte[] good = Files.readAllBytes(file().file());
        long seed = 20261128;
        var random = new Random(seed);
        for (int round = 0; round < 5_000; round++) {
            byte[] bytes = good.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                check(bytes);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + new String(bytes, UTF_8), e);
            }
        }
    }

    private static void check(byte[] bytes) {
        try {
            Rotations read = RotationsText.parse(bytes);
            assertThat(RotationsText.parse(RotationsText.render(read))).isEqualTo(read);
        } catch (RotationsText.DamagedException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
