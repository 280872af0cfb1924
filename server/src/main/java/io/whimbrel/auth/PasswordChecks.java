package io.whimbrel.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/// Checks passwords against the users file without letting logins eat the machine. Thread-safe.
///
/// - A right password is remembered for some minutes, by an HMAC with a key that this process made
///   up, together with the line of the file it was right for: where that line has changed or gone,
///   nothing is remembered. At most [#REMEMBERED_MAX]; the one unused for longest goes.
/// - Those who ask the same at the same time share one check.
/// - At most half of the processors check at once, and argon2, which takes much memory, is alone.
///   [#WAITING_MAX] others wait, up to [#WAIT_MAX]; the rest are told that we are busy.
/// - A user that does not exist takes as long as most others.
final class PasswordChecks {
    static final int REMEMBERED_MAX = 10_000;
    static final int WAITING_MAX = 64;

    private static final Duration WAIT_MAX = Duration.ofSeconds(20);

    private final Users users;
    private final Duration cacheLasts;
    private final InstantSource clock;
    private final byte[] key = Hashes.random(Hashes.OCTETS);
    private final int permits;
    private final Semaphore working;
    private final Semaphore places;
    private final Map<ByteBuffer, CompletableFuture<Verdict>> underWay = new ConcurrentHashMap<>();

    /// Guarded by itself.
    private final Map<ByteBuffer, Remembered> remembered =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Remembered> eldest) {
                    return size() > REMEMBERED_MAX;
                }
            };

    private record Remembered(UserEntry entry, Instant until) {}

    /// What came of a check. Immutable.
    sealed interface Verdict {
        record Right(UserEntry entry) implements Verdict {}

        record Wrong() implements Verdict {}

        /// So many others are checked that this one was not.
        record Busy() implements Verdict {}

        /// The users file cannot be used.
        record Unavailable() implements Verdict {}

        /// While this one waited, others failed too often.
        record Locked(Duration left) implements Verdict {}
    }

    /// @param workers how many checks may run at once
    PasswordChecks(Users users, Duration cacheLasts, InstantSource clock, int workers) {
        this.users = users;
        this.cacheLasts = cacheLasts;
        this.clock = clock;
        permits = workers;
        working = new Semaphore(workers, true);
        places = new Semaphore(workers + WAITING_MAX);
    }

    static int workersOfThisMachine() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    /// Blocks while others are checked.
    ///
    /// @param user in NFKC
    /// @param lock asked again after waiting: how long the client is locked out
    Verdict check(String user, String password, Supplier<Optional<Duration>> lock) {
        Optional<Users.Roll> roll = users.roll();
        if (roll.isEmpty()) {
            return new Verdict.Unavailable();
        }
        Optional<UserEntry> entry = roll.get().find(user);
        ByteBuffer digest = digest(user, password);
        if (entry.isPresent() && isRemembered(digest, entry.get())) {
            return new Verdict.Right(entry.get());
        }
        var own = new CompletableFuture<Verdict>();
        CompletableFuture<Verdict> first = underWay.putIfAbsent(digest, own);
        Verdict verdict;
        if (first == null) {
            verdict = new Verdict.Busy();
            try {
                verdict = checkInTurn(new Question(roll.get(), entry, password, digest), lock);
            } finally {
                underWay.remove(digest, own);
                own.complete(verdict);
            }
        } else {
            verdict = await(first);
        }
        // The file may have changed while we were at it.
        return verdict instanceof Verdict.Right(UserEntry right) && !users.has(right)
                ? new Verdict.Wrong()
                : verdict;
    }

    private record Question(
            Users.Roll roll, Optional<UserEntry> entry, String password, ByteBuffer digest) {
        Optional<Verifier> verifier() {
            return entry.map(UserEntry::verifier).or(roll::decoy);
        }

        @Override
        public String toString() {
            return "Question";
        }
    }

    private Verdict checkInTurn(Question question, Supplier<Optional<Duration>> lock) {
        if (!places.tryAcquire()) {
            return new Verdict.Busy();
        }
        boolean isAlone =
                question.verifier().filter(it -> it instanceof Verifier.Argon2).isPresent();
        int taken = isAlone ? permits : 1;
        try {
            if (!working.tryAcquire(taken, WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                return new Verdict.Busy();
            }
            try {
                Optional<Duration> locked = lock.get();
                return locked.isPresent() ? new Verdict.Locked(locked.get()) : verdict(question);
            } finally {
                working.release(taken);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Verdict.Busy();
        } finally {
            places.release();
        }
    }

    private Verdict verdict(Question question) {
        boolean isRight =
                question.verifier().filter(it -> it.accepts(question.password)).isPresent();
        if (!isRight || question.entry.isEmpty()) {
            return new Verdict.Wrong();
        }
        UserEntry entry = question.entry.get();
        if (cacheLasts.isPositive()) {
            synchronized (remembered) {
                Instant until = clock.instant().plus(cacheLasts);
                remembered.put(question.digest, new Remembered(entry, until));
            }
        }
        return new Verdict.Right(entry);
    }

    private static Verdict await(CompletableFuture<Verdict> first) {
        try {
            return first.get(2 * WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return new Verdict.Busy();
        } catch (ExecutionException | TimeoutException _) {
            return new Verdict.Busy();
        }
    }

    private boolean isRemembered(ByteBuffer digest, UserEntry entry) {
        synchronized (remembered) {
            Remembered one = remembered.get(digest);
            if (one == null) {
                return false;
            }
            if (!one.entry.equals(entry) || !one.until.isAfter(clock.instant())) {
                remembered.remove(digest);
                return false;
            }
            return true;
        }
    }

    /// Neither user nor password has a NUL.
    private ByteBuffer digest(String user, String password) {
        byte[] both = (user + "\0" + password).getBytes(UTF_8);
        return ByteBuffer.wrap(Hashes.hmac(key, both));
    }
}
