package io.whimbrel.schedule;

import static io.whimbrel.schedule.ScheduleFixture.START;
import static io.whimbrel.schedule.ScheduleFixture.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.PriorityClass;
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
}
