package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.keys.Rotation.Transition;
import io.whimbrel.keys.RotationEvent.Abort;
import io.whimbrel.keys.RotationEvent.Begin;
import io.whimbrel.keys.RotationEvent.Looked;
import io.whimbrel.keys.RotationEvent.Passed;
import io.whimbrel.keys.RotationEvent.Revoke;
import io.whimbrel.keys.RotationState.Idle;
import io.whimbrel.keys.RotationState.Publishing;
import io.whimbrel.keys.RotationState.Revoking;
import io.whimbrel.keys.RotationState.Switched;
import io.whimbrel.keys.RotationState.Verified;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/// Every state with every event.
class RotationTest {
    private static final Instant NOW = Instant.parse("2026-11-28T12:00:00Z");
    private static final KeyName ENTRY = new KeyName("example.com", "s1");
    private static final PlacedKey OLD = key("s1");
    private static final PlacedKey NEXT = key("s20261128r");
    private static final RotationTerms TERMS = RotationTerms.DEFAULT;
    private static final Sighting.Missing NO_RECORD =
            new Sighting.Missing(Duration.ofMinutes(15), true);
    private static final Sighting.Wrong OTHER_KEY = new Sighting.Wrong("another key");
    private static final Sighting.Failed SERVFAIL = new Sighting.Failed("SERVFAIL");

    private static final Rotation IDLE = Rotation.idle(ENTRY, KeyAlgorithm.RSA, OLD.place());
    private static final Rotation PUBLISHING = IDLE.after(new Begin(NEXT, TERMS), NOW).rotation();
    private static final Rotation VERIFIED = seen(PUBLISHING, new Sighting.Good(), NOW).rotation();
    private static final Instant SPREAD = NOW.plus(TERMS.spread());
    private static final Rotation SWITCHED = seen(VERIFIED, new Sighting.Good(), SPREAD).rotation();
    private static final Instant KEPT = SPREAD.plus(TERMS.keep());
    private static final Rotation REVOKING = SWITCHED.after(new Passed(), KEPT).rotation();

    private static PlacedKey key(String selector) {
        Path path = Path.of("/k/example.com/" + selector + ".pem");
        return new PlacedKey(selector, new KeyPlace.File(path));
    }

    private static Transition seen(Rotation rotation, Sighting sighting, Instant now) {
        String selector = rotation.question().orElseThrow().name().selector();
        return rotation.after(new Looked(selector, sighting), now);
    }

    private static String text(Rotation rotation) {
        return switch (rotation.state()) {
            case Idle _, Switched _ -> "";
            case Publishing state -> state.seen();
            case Verified state -> state.seen();
            case Revoking state -> state.seen();
        };
    }

    @Test
    void begun_wantsTheRecordPublished_andTheOldKeySigns() {
        Transition begun = IDLE.after(new Begin(NEXT, TERMS), NOW);

        assertThat(begun.step()).isEqualTo(new RotationStep.Publish(NEXT));
        assertThat(begun.rotation().current()).isEqualTo(OLD);
        assertThat(begun.rotation().question().orElseThrow().name().dnsName())
                .isEqualTo("s20261128r._domainkey.example.com");
    }

    static Stream<Sighting> notYet() {
        return Stream.of(
                NO_RECORD,
                new Sighting.Missing(Duration.ofMinutes(15), false),
                OTHER_KEY,
                SERVFAIL,
                new Sighting.Revoked());
    }

    @ParameterizedTest
    @MethodSource("notYet")
    void publishing_staysUntilEverybodyHasTheKey_andSaysWhy(Sighting sighting) {
        Transition looked = seen(PUBLISHING, sighting, NOW.plus(Duration.ofDays(300)));

        assertThat(looked.rotation().state()).isInstanceOf(Publishing.class);
        assertThat(looked.step()).isEqualTo(new RotationStep.Wait());
        assertThat(text(looked.rotation())).isEqualTo(sighting.text());
    }

    @Test
    void verified_waitsForResolversThatRememberThatThereWasNone() {
        assertThat(VERIFIED.until()).contains(NOW.plus(Duration.ofHours(1)));

        var slow = new Sighting.Missing(Duration.ofHours(3), true);
        Rotation longer = seen(seen(PUBLISHING, slow, NOW).rotation(), NO_RECORD, NOW).rotation();
        assertThat(seen(longer, new Sighting.Good(), NOW).rotation().until())
                .contains(NOW.plus(Duration.ofHours(3)));

        var absurd = new Sighting.Missing(Duration.ofDays(900), true);
        Rotation bounded = seen(PUBLISHING, absurd, NOW).rotation();
        assertThat(seen(bounded, new Sighting.Good(), NOW).rotation().until())
                .contains(NOW.plus(Duration.ofDays(1)));
    }

    @Test
    void verified_switchesAtTheInstant_notBefore() {
        Transition early = seen(VERIFIED, new Sighting.Good(), SPREAD.minusSeconds(1));
        assertThat(early.rotation()).isEqualTo(VERIFIED);

        Transition due = seen(VERIFIED, new Sighting.Good(), SPREAD);
        assertThat(due.step()).isEqualTo(new RotationStep.Switch(NEXT));
        assertThat(due.rotation().current()).isEqualTo(NEXT);
        assertThat(due.rotation().state()).isEqualTo(new Switched(OLD, SPREAD, KEPT));
    }

    @Test
    void verified_whoseDnsFails_waitsOn_andGoesBackWhereTheRecordIsGone() {
        Rotation failing = seen(VERIFIED, SERVFAIL, SPREAD.plusSeconds(9)).rotation();
        assertThat(failing.state()).isInstanceOf(Verified.class);
        assertThat(text(failing)).isEqualTo("SERVFAIL");
        assertThat(failing.current()).isEqualTo(OLD);
        assertThat(seen(failing, new Sighting.Good(), SPREAD).rotation()).isEqualTo(SWITCHED);

        for (Sighting sighting : List.of(NO_RECORD, OTHER_KEY, new Sighting.Revoked())) {
            Rotation back = seen(VERIFIED, sighting, SPREAD).rotation();
            assertThat(back.state()).isInstanceOf(Publishing.class);
            assertThat(back.current()).isEqualTo(OLD);
            assertThat(text(back)).isEqualTo(sighting.text());
            Rotation again = seen(back, new Sighting.Good(), SPREAD).rotation();
            assertThat(again.until()).contains(SPREAD.plus(TERMS.spread()));
        }
    }

    @Test
    void switched_keepsTheOldRecord_thenWantsItRevoked() {
        assertThat(SWITCHED.question()).isEmpty();
        assertThat(SWITCHED.after(new Passed(), KEPT.minusSeconds(1)).rotation())
                .isEqualTo(SWITCHED);

        Transition over = SWITCHED.after(new Passed(), KEPT);
        assertThat(over.step()).isEqualTo(new RotationStep.PublishRevoked(OLD));
        assertThat(over.rotation().current()).isEqualTo(NEXT);
        assertThat(over.rotation().question().orElseThrow().isToBeGone()).isTrue();
    }

    @Test
    void switched_isRevokedAtOnceWhereAnOperatorWantsIt() {
        assertThat(SWITCHED.after(new Revoke(), SPREAD).step())
                .isEqualTo(new RotationStep.PublishRevoked(OLD));
        for (Rotation other : List.of(IDLE, PUBLISHING, VERIFIED, REVOKING)) {
            Transition refused = other.after(new Revoke(), SPREAD);
            assertThat(refused.step()).isInstanceOf(RotationStep.Refused.class);
            assertThat(refused.rotation()).isEqualTo(other);
        }
    }

    @Test
    void revoking_endsWhenNobodyHasTheKey() {
        for (Sighting gone : List.of(new Sighting.Revoked(), NO_RECORD)) {
            Transition done = seen(REVOKING, gone, KEPT);
            assertThat(done.step()).isEqualTo(new RotationStep.Retire(OLD));
            assertThat(done.rotation().state()).isEqualTo(new Idle());
            assertThat(done.rotation().current()).isEqualTo(NEXT);
        }
        for (Sighting there :
                List.of(
                        new Sighting.Good(),
                        OTHER_KEY,
                        SERVFAIL,
                        new Sighting.Missing(Duration.ZERO, false))) {
            Transition waits = seen(REVOKING, there, KEPT.plus(Duration.ofDays(99)));
            assertThat(waits.rotation().state()).isInstanceOf(Revoking.class);
            assertThat(text(waits.rotation())).isEqualTo(there.text());
        }
    }

    @Test
    void abort_worksUntilTheNewKeySigns() {
        for (Rotation before : List.of(PUBLISHING, VERIFIED)) {
            Transition aborted = before.after(new Abort(), NOW);
            assertThat(aborted.step()).isEqualTo(new RotationStep.Discard(NEXT));
            assertThat(aborted.rotation()).isEqualTo(IDLE);
        }
        for (Rotation other : List.of(IDLE, SWITCHED, REVOKING)) {
            Transition refused = other.after(new Abort(), NOW);
            assertThat(refused.step()).isInstanceOf(RotationStep.Refused.class);
            assertThat(refused.rotation()).isEqualTo(other);
        }
    }

    @Test
    void begin_isRefusedWhileOneIsUnderWay_andGoesOnFromTheNewKey() {
        for (Rotation other : List.of(PUBLISHING, VERIFIED, SWITCHED, REVOKING)) {
            Transition refused = other.after(new Begin(key("s3"), TERMS), NOW);
            assertThat(refused.step()).isInstanceOf(RotationStep.Refused.class);
            assertThat(refused.rotation()).isEqualTo(other);
        }
        Rotation done = seen(REVOKING, new Sighting.Revoked(), KEPT).rotation();
        Rotation second = done.after(new Begin(key("s3"), TERMS), KEPT).rotation();
        assertThat(second.current()).isEqualTo(NEXT);
        assertThat(second.entry()).isEqualTo(ENTRY);
    }

    @Test
    void eventsThatComeTooLate_changeNothing() {
        for (Rotation rotation : List.of(IDLE, PUBLISHING, VERIFIED, SWITCHED, REVOKING)) {
            Instant late = KEPT.plus(Duration.ofDays(1));
            var ofAnother = new Looked("s0", new Sighting.Good());
            assertThat(rotation.after(ofAnother, late).rotation()).isEqualTo(rotation);
            if (!rotation.equals(SWITCHED)) {
                assertThat(rotation.after(new Passed(), late).rotation()).isEqualTo(rotation);
            }
        }
        var looked = new Looked(NEXT.selector(), new Sighting.Good());
        assertThat(IDLE.after(looked, KEPT).rotation()).isEqualTo(IDLE);
        assertThat(SWITCHED.after(looked, KEPT).rotation()).isEqualTo(SWITCHED);
        assertThat(REVOKING.after(looked, KEPT).rotation()).isEqualTo(REVOKING);
    }

    @Test
    void clockThatJumpsBack_movesNothing() {
        Instant before = NOW.minus(Duration.ofDays(30));
        assertThat(seen(VERIFIED, new Sighting.Good(), before).rotation()).isEqualTo(VERIFIED);
        assertThat(SWITCHED.after(new Passed(), before).rotation()).isEqualTo(SWITCHED);
    }
}
