package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Setback;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AttemptFacts;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

final class SetbacksTest {
    private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");
    private static final EgressPath PATH = new EgressPath("default", new Site("mx.test"));
    private static final Destination DOMAIN =
            new Destination(new DomainName("a.test"), "default", "");
    private static final AttemptResult LOST =
            new AttemptResult.ConnectionLost(
                    new Peer("mx.test [192.0.2.1]", "", false), Stage.CONNECT, "refused");

    private final Setbacks setbacks = new Setbacks(InstantSource.fixed(NOW));

    @Test
    void failure_isKept_untilThePathWorks() {
        setbacks.failed(PATH, LOST);
        assertThat(setbacks.last(PATH)).contains(new Setback("mx.test [192.0.2.1]: refused", NOW));
        setbacks.works(PATH);
        assertThat(setbacks.last(PATH)).isEmpty();
    }

    @Test
    void lookup_isSeenWhileItLasts_andItsFailureAfterwards() {
        setbacks.asking(DOMAIN);
        assertThat(setbacks.view(DOMAIN).askedSince()).contains(NOW);
        setbacks.answered(DOMAIN);
        setbacks.notFound(DOMAIN, SmtpReply.of(451, 4, 4, 3, "No answer"));
        assertThat(setbacks.view(DOMAIN))
                .isEqualTo(
                        new DestinationView(
                                Optional.empty(),
                                Optional.of(new Setback("451 4.4.3 No answer", NOW)),
                                Optional.empty()));
        setbacks.found(DOMAIN);
        assertThat(setbacks.view(DOMAIN)).isEqualTo(DestinationView.NONE);
    }

    @Test
    void deferral_isTold_ofAHostAndOfOurs_andIsCut() {
        var host = new AttemptFacts("s1", "mx", "mx.test [192.0.2.1]", 450, "4.2.0", "Later", "");
        setbacks.deferred(DOMAIN, host);
        assertThat(setbacks.view(DOMAIN).deferral())
                .contains(new Setback("mx.test [192.0.2.1] answered 450 4.2.0 Later", NOW));
        var lost = new AttemptFacts("s1", "mx", "mx.test [192.0.2.1]", 0, "4.4.2", "hung up", "");
        setbacks.deferred(DOMAIN, lost);
        assertThat(setbacks.view(DOMAIN).deferral())
                .contains(new Setback("mx.test [192.0.2.1]: hung up", NOW));
        setbacks.deferred(
                DOMAIN, new AttemptFacts("", "", "", 451, "4.7.5", "x".repeat(1_000), ""));
        assertThat(setbacks.view(DOMAIN).deferral().orElseThrow().text())
                .startsWith("451 4.7.5 xxx")
                .hasSizeLessThan(510);
    }

    @Test
    void setbacks_areBounded_theOldestIsForgotten() {
        for (int i = 0; i <= Setbacks.MOST; i++) {
            setbacks.failed(new EgressPath("default", new Site("mx" + i)), LOST);
        }
        assertThat(setbacks.last(new EgressPath("default", new Site("mx0")))).isEmpty();
        assertThat(setbacks.last(new EgressPath("default", new Site("mx1")))).isPresent();
    }
}
