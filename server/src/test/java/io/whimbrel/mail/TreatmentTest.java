package io.whimbrel.mail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

final class TreatmentTest {
    private static final Instant NOW = Instant.parse("2026-11-27T10:00:00Z");

    @Test
    void metadata_beyondItsBounds_isRefused() {
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 17; i++) {
            many.put("k" + i, "");
        }
        assertThat(Treatment.fits(many)).isFalse();
        assertThat(Treatment.fits(Map.of("k", "\u00e4".repeat(511)))).isTrue();
        assertThat(Treatment.fits(Map.of("k", "\u00e4".repeat(512)))).isFalse();
        assertThat(Treatment.fits(Map.of("", "x"))).isFalse();
        assertThatThrownBy(() -> Treatment.NONE.withMetadata(many))
                .hasMessageContaining("at most 16 entries");
    }

    /// Events are derived again after a crash, byte for byte.
    @Test
    void metadata_isSorted_whateverOrderItCameIn() {
        var given = new LinkedHashMap<String, String>();
        for (String name : List.of("z", "a", "m")) {
            given.put(name, name);
        }
        assertThat(Treatment.NONE.withMetadata(given).metadata().keySet())
                .containsExactly("a", "m", "z");
    }

    @Test
    void times_areWholeMilliseconds() {
        assertThat(Treatment.NONE.withNotBefore(NOW.plusNanos(1_999_999)).notBefore())
                .contains(NOW.plusMillis(1));
    }

    @Test
    void deadline_isTheEarlierOfExpiryAndReturn() {
        Treatment expiring = Treatment.NONE.withExpiresAt(NOW);
        assertThat(expiring.deadline()).contains(NOW);
        assertThat(expiring.withDeliverBy(by(-1, DeliverBy.Mode.RETURN)).deadline())
                .contains(NOW.minusSeconds(1));
        assertThat(expiring.withDeliverBy(by(1, DeliverBy.Mode.RETURN)).deadline()).contains(NOW);
        assertThat(Treatment.NONE.withDeliverBy(by(1, DeliverBy.Mode.NOTIFY)).deadline()).isEmpty();
        assertThat(expiring.isOver(NOW.minusMillis(1))).isFalse();
        assertThat(expiring.isOver(NOW)).isTrue();
    }

    @Test
    void envelope_livesFromItsRelease_tillItsDeadlineOrItsLifetimeIsOver() {
        var path = new ForwardPath("a@b.example", new DomainName("b.example"));
        var envelope =
                new Envelope(
                        ReversePath.NULL,
                        List.of(Recipient.of(path)),
                        MailParameters.NONE,
                        MailStream.NONE,
                        NOW,
                        DsnPolicy.FULL);
        Instant release = NOW.plusSeconds(600);
        Envelope held = envelope.withTreatment(Treatment.NONE.withNotBefore(release));
        Duration hour = Duration.ofHours(1);

        assertThat(envelope.endOfLife(hour)).isEqualTo(NOW.plus(hour));
        assertThat(held.endOfLife(hour)).isEqualTo(release.plus(hour));
        assertThat(held.firstDue(release.plusSeconds(1))).isEqualTo(release.plusSeconds(1));
        assertThat(envelope.withTreatment(Treatment.NONE.withExpiresAt(release)).endOfLife(hour))
                .isEqualTo(release);
        assertThat(held.withStream(new MailStream("t", "c", PriorityClass.BULK)).treatment())
                .isEqualTo(held.treatment());
    }

    @ParameterizedTest
    @CsvSource({
        "9, TRANSACTIONAL",
        "4, TRANSACTIONAL",
        "3, NORMAL",
        "0, NORMAL",
        "-1, BULK",
        "-9, BULK"
    })
    void mtPriority_standsForAClass(int priority, PriorityClass expected) {
        assertThat(PriorityClass.ofMtPriority(priority)).isEqualTo(expected);
        assertThatThrownBy(() -> Treatment.NONE.withMtPriority(10)).hasMessageContaining("-9 to 9");
    }

    private static DeliverBy by(long seconds, DeliverBy.Mode mode) {
        return new DeliverBy(NOW.plusSeconds(seconds), mode, false);
    }
}
