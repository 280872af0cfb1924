package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.auth.PasswordChecks.Verdict;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// What is checked, what is remembered, and who has to wait. That a check was made shows in that
/// the lock-out was asked for.
@Timeout(60)
final class PasswordChecksTest {
    private final DrivenClock clock = new DrivenClock();
    private final UsersFile file;
    private final PasswordChecks checks;
    private final AtomicInteger made = new AtomicInteger();

    PasswordChecksTest(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("users");
        file = new UsersFile(path);
        file.add(LoginDesk.entry("shop", "pencil"));
        checks = new PasswordChecks(new Users(path, clock), Duration.ofMinutes(5), clock, 1);
    }

    private Optional<Duration> counted() {
        made.incrementAndGet();
        return Optional.empty();
    }

    @Test
    void rightPassword_isRememberedForMinutes_wrongOnesAreNot() {
        assertThat(checks.check("shop", "pencil", this::counted)).isInstanceOf(Verdict.Right.class);
        assertThat(checks.check("shop", "pencil", this::counted)).isInstanceOf(Verdict.Right.class);
        assertThat(made).hasValue(1);

        assertThat(checks.check("shop", "pen", this::counted)).isEqualTo(new Verdict.Wrong());
        assertThat(checks.check("shop", "pen", this::counted)).isEqualTo(new Verdict.Wrong());
        assertThat(made).hasValue(3);

        clock.advance(Duration.ofMinutes(5));
        assertThat(checks.check("shop", "pencil", this::counted)).isInstanceOf(Verdict.Right.class);
        assertThat(made).hasValue(4);
    }

    @Test
    void remembered_isWorthNothing_whereTheLineChanged() throws IOException {
        checks.check("shop", "pencil", this::counted);
        file.replace(new UserEntry("shop", "other", Verifier.Scram.of("pencil", 4_096), false));

        assertThat(checks.check("shop", "pencil", this::counted))
                .isInstanceOfSatisfying(
                        Verdict.Right.class,
                        right -> assertThat(right.entry().tenant()).isEqualTo("other"));
        assertThat(made).hasValue(2);
    }

    @Test
    void userRemovedWhileItIsChecked_isWrong() {
        Verdict verdict =
                checks.check(
                        "shop",
                        "pencil",
                        () -> {
                            try {
                                file.remove("shop");
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                            return Optional.empty();
                        });

        assertThat(verdict).isEqualTo(new Verdict.Wrong());
    }

    @Test
    void lockedOutWhileWaiting_isNotChecked() {
        var left = Duration.ofMinutes(1);

        assertThat(checks.check("shop", "pencil", () -> Optional.of(left)))
                .isEqualTo(new Verdict.Locked(left));
    }

    @Test
    void unknownUser_isCheckedAgainstWhatMostUsersHave() {
        Verifier.Scram cheap = Verifier.Scram.of("a", 4_096);
        Verifier.Scram usual = Verifier.Scram.of("b", 5_000);
        Users.Roll roll =
                Users.Roll.of(
                        List.of(
                                new UserEntry("1", "t", cheap, false),
                                new UserEntry("2", "t", usual, false),
                                new UserEntry("3", "t", usual, false)));

        assertThat(roll.decoy()).contains(usual);
        assertThat(roll.scramDecoy()).contains(usual);
        assertThat(checks.check("nobody", "pencil", this::counted)).isEqualTo(new Verdict.Wrong());
        assertThat(made).hasValue(1);
    }

    @Test
    void moreThanMayWait_areToldThatWeAreBusy() throws Exception {
        var go = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new ExecutorCompletionService<Verdict>(threads);
            int asked = PasswordChecks.WAITING_MAX + 2;
            for (int i = 0; i < asked; i++) {
                String guess = "guess" + i;
                all.submit(() -> checks.check("shop", guess, () -> afterwards(go)));
            }

            assertThat(all.take().get()).as("the one too many").isEqualTo(new Verdict.Busy());
            go.countDown();
            for (int i = 1; i < asked; i++) {
                assertThat(all.take().get()).isEqualTo(new Verdict.Wrong());
            }
        }
    }

    private static Optional<Duration> afterwards(CountDownLatch go) {
        try {
            go.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return Optional.empty();
    }
}
