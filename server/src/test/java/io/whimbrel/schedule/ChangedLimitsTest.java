package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.PriorityClass;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Restraint;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// What becomes of mail whose limit or suspension is no more before the time it named.
final class ChangedLimitsTest {
    private final Limiter limiter = new Limiter(List.of());
    private final ScheduleFixture world = new ScheduleFixture(limiter);

    @Test
    void suspensionThatIsLifted_announcesWhatItHeldBack_withinASecond() {
        Instant until = START.plus(Duration.ofHours(1));
        limiter.restrain(
                new Restraint(
                        "r1",
                        LimitScope.ALL,
                        new Restraint.Force.Suspend(),
                        START,
                        until,
                        "blocklisted",
                        "w.toml:1"));
        world.siteIs("a.example", "mx.a");
        world.admit(ScheduleFixture.stream("t", "", PriorityClass.NORMAL), "x@a.example");
        Take held = world.schedule.take(path("mx.a"), Carrier.ANY, START);
        world.schedule.tick(START.plusSeconds(1));
        world.schedule.holdBack(path("mx.a"), ((Take.HeldBack) held).by(), until);
        world.signals.clear();
        world.schedule.tick(START.plusSeconds(3));
        assertThat(world.signals).isEmpty();

        limiter.lift("r1");
        world.schedule.tick(START.plusSeconds(5));

        assertThat(world.signals).containsExactly(path("mx.a"));
        assertThat(world.schedule.held(path("mx.a"))).isEmpty();
        assertThat(world.schedule.take(path("mx.a"), Carrier.ANY, START.plusSeconds(5)))
                .isInstanceOf(Take.Given.class);
    }

    @Test
    void suspensionOfADomain_thatIsLifted_letsItGo_whereOthersOfThePathNeverStopped() {
        world.siteIs("a.example", "mx");
        world.siteIs("b.example", "mx");
        limiter.restrain(
                new Restraint(
                        "r1",
                        LimitScope.ALL.and(Dimension.DOMAIN, "a.example"),
                        new Restraint.Force.Suspend(),
                        START,
                        START.plus(Duration.ofDays(3)),
                        "asked",
                        ""));
        var stream = ScheduleFixture.stream("t", "", PriorityClass.NORMAL);
        world.admit(stream, "x@a.example");
        world.admit(stream, "y@b.example");
        world.admit(stream, "z@b.example");
        assertThat(domain(START)).isEqualTo("b.example");

        limiter.lift("r1");
        world.schedule.tick(START.plusSeconds(2));

        assertThat(List.of(domain(START.plusSeconds(2)), domain(START.plusSeconds(2))))
                .containsExactlyInAnyOrder("a.example", "b.example");
    }

    private String domain(Instant now) {
        Take take = world.schedule.take(path("mx"), Carrier.ANY, now);
        return ((Take.Given) take).entry().domain().toString();
    }
}
