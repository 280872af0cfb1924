package io.whimbrel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dns.DnsCache.Kept;
import io.whimbrel.dns.DnsCache.Question;

import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;

class DnsCacheTest {
    private static final Duration DAY = Duration.ofDays(1);
    private static final Instant NOW = Instant.EPOCH;
    private static final Question QUESTION = new Question("x.test", 15);

    private final DnsCache cache = new DnsCache(1 << 20, DAY);

    private static DnsAnswer found(Record record, Duration timeToLive) {
        return new DnsAnswer.Found(List.of(record), Name.root, timeToLive, false);
    }

    private static Record text(int strings) {
        return new TXTRecord(
                Name.root, DClass.IN, 300, Collections.nCopies(strings, "x".repeat(255)));
    }

    private Kept kept(DnsAnswer answer) {
        cache.keep(QUESTION, answer, NOW);
        return cache.find(QUESTION).orElseThrow();
    }

    @Test
    void largeAnswers_areForgottenBeforeTheyFillTheMemory() {
        DnsAnswer large = found(text(250), DAY);
        for (int i = 0; i < 100; i++) {
            cache.keep(new Question(i + ".test", 16), large, NOW);
            cache.find(new Question("0.test", 16));
        }

        assertThat(cache.size()).isEqualTo((1 << 20) / (250 * 256 + 600));
        assertThat(cache.find(new Question("99.test", 16))).isPresent();
        assertThat(cache.find(new Question("0.test", 16))).as("used all the time").isPresent();
        assertThat(cache.find(new Question("1.test", 16))).isEmpty();
    }

    @Test
    void answerLargerThanAll_isNotKept() {
        var small = new DnsCache(1_000, DAY);
        small.keep(QUESTION, found(text(250), DAY), NOW);

        assertThat(small.size()).isZero();
        small.keep(QUESTION, found(text(1), DAY), NOW);
        assertThat(small.size()).isEqualTo(1);
    }

    @Test
    void timesToLive_areBounded() {
        assertThat(kept(found(text(1), Duration.ZERO)).freshUntil()).isEqualTo(NOW.plusSeconds(30));
        assertThat(kept(found(text(1), Duration.ofDays(9))).freshUntil()).isEqualTo(NOW.plus(DAY));
        assertThat(kept(new DnsAnswer.NoData(DAY, false)).freshUntil())
                .isEqualTo(NOW.plusSeconds(3_600));
        assertThat(kept(new DnsAnswer.NoSuchName(DAY, false)).freshUntil())
                .isEqualTo(NOW.plusSeconds(3_600));
        assertThat(kept(new DnsAnswer.Failed("", DnsAnswer.Cause.REFUSAL)).freshUntil())
                .isEqualTo(NOW.plusSeconds(5));
    }

    @Test
    void onlyWhatDeliversMail_mayBeStale() {
        Duration minute = Duration.ofMinutes(1);
        Name host = Name.fromConstantString("mx.test.");
        Record mx = new MXRecord(Name.root, DClass.IN, 60, 10, host);
        Record nullMx = new MXRecord(Name.root, DClass.IN, 60, 0, Name.root);

        Kept good = kept(found(mx, minute));
        assertThat(good.mayServe(NOW.plus(minute).plus(DAY).minusSeconds(1))).isTrue();
        assertThat(good.mayServe(NOW.plus(minute).plus(DAY))).isFalse();
        for (DnsAnswer fatal :
                List.of(found(nullMx, minute), new DnsAnswer.NoSuchName(minute, false))) {
            assertThat(kept(fatal).mayServe(NOW.plus(minute))).isFalse();
        }
        var none = new DnsAnswer.NoData(minute, false);
        assertThat(none.mayBeStale(Type.A)).as("what is left to bounce by").isFalse();
        assertThat(none.mayBeStale(Type.AAAA)).isTrue();
        assertThat(none.mayBeStale(Type.MX)).isTrue();
    }
}
