package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
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
import java.util.Optional;

/// A whole rotation of a node, with an operator, a DNS and a clock that are told what to do.
@Timeout(60)
class RotationWatchTest {
    private static final KeyName ENTRY = new KeyName("example.com", "s1");
    private static final KeyName NEXT = new KeyName("example.com", "s2");

    @TempDir private Path temp;
    private final ZoneKeys dns = new ZoneKeys(2);
    private final List<String> heard = new ArrayList<>();
    private Instant now = Instant.parse("2026-11-28T12:00:00Z");
    private KeyFolder folder = new KeyFolder(Path.of("/nowhere"));
    private Optional<DnsRecord> record = Optional.empty();

    @BeforeEach
    void makeKeys() throws IOException {
        folder = new KeyFolder(temp.toRealPath().resolve("keys"));
        folder.create(ENTRY, KeyKind.ED25519.generate());
    }

    private RotationWatch watch() throws IOException {
        return new RotationWatch(
                folder, dns, (entry, current) -> heard.add(entry + ": " + current.selector()));
    }

    private void tick(RotationWatch watch, Duration passed) {
        now = now.plus(passed);
        watch.tick(now);
        watch.awaitRound();
    }

    /// What `whimbrel dkim rotate` does.
    private void rotate() throws IOException {
        SigningKey key = KeyKind.ED25519.generate();
        KeyPlace place = folder.create(NEXT, key);
        record = Optional.of(DnsRecord.of(NEXT, key, DnsRecord.Flags.NONE));
        new RotationsFile(folder)
                .begin(
                        Rotation.idle(
                                ENTRY, KeyAlgorithm.ED25519, new KeyPlace.File(folder.file(ENTRY))),
                        new RotationEvent.Begin(new PlacedKey("s2", place), RotationTerms.DEFAULT),
                        now);
    }

    private static RotationState state(RotationWatch watch) {
        return watch.rotations().find(ENTRY).orElseThrow().state();
    }

    @Test
    void wholeRotation_overRestartsAtEveryPoint() throws IOException {
        rotate();
        RotationWatch watch = watch();
        tick(watch, Duration.ZERO);
        assertThat(state(watch)).isInstanceOf(RotationState.Publishing.class);

        dns.publish(record.orElseThrow());
        watch = watch();
        tick(watch, Duration.ofMinutes(1));
        assertThat(state(watch)).isInstanceOf(RotationState.Verified.class);
        assertThat(watch.rotations().current("example.com", "s1")).isEmpty();

        watch = watch();
        tick(watch, Duration.ofMinutes(59));
        assertThat(state(watch)).isInstanceOf(RotationState.Verified.class);
        assertThat(heard).isEmpty();
        tick(watch, Duration.ofMinutes(1));
        assertThat(state(watch)).isInstanceOf(RotationState.Switched.class);
        assertThat(heard).containsExactly("s1 of example.com: s2");

        watch = watch();
        assertThat(watch.rotations().current("example.com", "s1"))
                .contains(new PlacedKey("s2", new KeyPlace.File(folder.file(NEXT))));
        tick(watch, Duration.ofDays(6));
        assertThat(state(watch)).isInstanceOf(RotationState.Switched.class);
        tick(watch, Duration.ofDays(1));
        assertThat(state(watch)).isInstanceOf(RotationState.Revoking.class);

        dns.publish(ENTRY, "v=DKIM1; p=");
        watch = watch();
        tick(watch, Duration.ofMinutes(1));
        assertThat(state(watch)).isEqualTo(new RotationState.Idle());
        assertThat(heard).hasSize(1);
        assertThat(folder.file(ENTRY)).doesNotExist();
        assertThat(folder.file(NEXT)).exists();
        assertThat(watch().rotations().current("example.com", "s1")).isPresent();
    }

    @Test
    void dnsThatIsWrong_holdsItUp_andSaysWhy() throws IOException {
        rotate();
        RotationWatch watch = watch();
        dns.publishHalf(record.orElseThrow());
        tick(watch, Duration.ZERO);
        assertThat(state(watch)).extracting("seen").asString().contains("not every server");

        dns.publish(NEXT, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
        tick(watch, RotationWatch.BETWEEN_LOOKS);
        assertThat(state(watch)).extracting("seen").asString().contains("another key");

        dns.publish(NEXT, record.orElseThrow().value(), "v=DKIM1; p=");
        tick(watch, RotationWatch.BETWEEN_LOOKS);
        assertThat(state(watch)).extracting("seen").asString().contains("2 TXT records");

        dns.fail(NEXT);
        tick(watch, RotationWatch.BETWEEN_LOOKS);
        assertThat(state(watch)).extracting("seen").asString().contains("SERVFAIL");
        assertThat(state(watch)).isInstanceOf(RotationState.Publishing.class);

        dns.publish(record.orElseThrow());
        tick(watch, RotationWatch.BETWEEN_LOOKS);
        assertThat(state(watch)).isInstanceOf(RotationState.Verified.class);
        dns.remove(NEXT);
        tick(watch, Duration.ofHours(2));
        assertThat(state(watch)).isInstanceOf(RotationState.Publishing.class);
        assertThat(heard).isEmpty();
    }

    @Test
    void dns_isAskedEveryFiveMinutes_notAtEveryTick() throws IOException {
        rotate();
        RotationWatch watch = watch();
        for (int minute = 0; minute < 15; minute++) {
            tick(watch, Duration.ofMinutes(1));
        }
        assertThat(dns.asked(NEXT)).isEqualTo(3);
    }

    @Test
    void newKeyThatTheNodeCannotRead_isNotSwitchedTo() throws IOException {
        rotate();
        dns.publish(record.orElseThrow());
        Files.setPosixFilePermissions(
                folder.file(NEXT), PosixFilePermissions.fromString("rw-r--r--"));
        RotationWatch watch = watch();
        tick(watch, Duration.ZERO);
        assertThat(state(watch)).extracting("seen").asString().contains("mode 0644", "chmod 0400");
    }

    @Test
    void whatAnOperatorDoesMeanwhile_isSeenAtTheNextTick() throws IOException {
        RotationWatch watch = watch();
        tick(watch, Duration.ZERO);
        assertThat(watch.rotations()).isEqualTo(Rotations.NONE);
        rotate();
        tick(watch, Duration.ofMinutes(1));
        assertThat(state(watch)).isInstanceOf(RotationState.Publishing.class);
        new RotationsFile(folder).apply(ENTRY, new RotationEvent.Abort(), now);
        tick(watch, Duration.ofMinutes(1));
        assertThat(state(watch)).isEqualTo(new RotationState.Idle());
        assertThat(folder.file(NEXT)).doesNotExist();
        assertThat(heard).isEmpty();
    }

    @Test
    void brokenFile_keepsWhatWasKnown_andIsNoStart() throws IOException {
        rotate();
        RotationWatch watch = watch();
        Path file = new RotationsFile(folder).file();
        String good = Files.readString(file);
        Files.writeString(file, "{");
        tick(watch, Duration.ofMinutes(1));
        assertThat(state(watch)).isInstanceOf(RotationState.Publishing.class);
        assertThatThrownBy(this::watch).isInstanceOf(IOException.class);

        Files.writeString(file, good);
        dns.publish(record.orElseThrow());
        tick(watch, Duration.ofMinutes(5));
        assertThat(state(watch)).isInstanceOf(RotationState.Verified.class);
        watch.close();
    }
}
