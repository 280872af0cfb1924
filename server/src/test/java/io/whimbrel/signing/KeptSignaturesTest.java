package io.whimbrel.signing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.QueueId;
import io.whimbrel.signing.KeptSignatures.Hashes;
import io.whimbrel.signing.KeptSignatures.Kept;
import io.whimbrel.signing.KeptSignatures.Version;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

class KeptSignaturesTest {
    private static final RuleBook BOOK = new RuleBook(List.of(), Optional.empty());
    private final KeptSignatures kept = new KeptSignatures(10_000);

    @Test
    void leastUsed_goesFirst_andTheBoundHolds() {
        for (int i = 0; i < 8; i++) {
            kept.keep(version(i), signature());
        }
        assertThat(kept.find(version(0))).isPresent();
        for (int i = 8; i < 12; i++) {
            kept.keep(version(i), signature());
            assertThat(kept.bytes()).isLessThanOrEqualTo(10_000);
        }

        assertThat(kept.find(version(0))).isPresent();
        assertThat(kept.find(version(1))).isEmpty();
        assertThat(kept.find(version(11))).isPresent();
    }

    @Test
    void sameAgain_countsOnce() {
        kept.keep(version(1), signature());
        long once = kept.bytes();
        kept.keep(version(1), signature());
        assertThat(kept.bytes()).isEqualTo(once);
    }

    @Test
    void moreThanEverFits_isNotKept() {
        kept.keep(
                version(1), new Kept(BOOK, List.of(), List.of(), new byte[20_000], 1, Instant.MAX));
        assertThat(kept.find(version(1))).isEmpty();
        assertThat(kept.bytes()).isZero();
    }

    @Test
    void hashes_areOfTheBody_whoeverItIsFor_inItsEncoding() {
        kept.keep(version(1), new Hashes(new byte[32], new byte[0]));
        var other = new Version(new QueueId(1), false, 7);
        assertThat(kept.hashes(other)).isPresent();
        assertThat(kept.find(other)).isEmpty();
        assertThat(kept.hashes(new Version(new QueueId(1), true, Outbound.EVERYBODY))).isEmpty();
    }

    private static Version version(int id) {
        return new Version(new QueueId(id), false, Outbound.EVERYBODY);
    }

    private static Kept signature() {
        return new Kept(BOOK, List.of(), List.of(), new byte[800], 900, Instant.MAX);
    }
}
