package io.whimbrel.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/// Many threads at once: admission, delivery, DNS, operators and time. In the end every recipient
/// has been settled exactly once, and no signal was lost, for delivery only looks where it was told
/// to.
class ScheduleStressTest implements ScheduleActions {
    private static final int MESSAGES = 80_000;
    private static final int ADMITTERS = 2;
    private static final int WORKERS = 3;
    private static final int DOMAINS = 40;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int WAITING = 0;
    private static final int IN_FLIGHT = 1;
    private static final int SETTLED = 2;

    private final ScheduleFixture messages = new ScheduleFixture();
    private final ModelIndex index = new ModelIndex();
    private final Queue<EgressPath> work = new ConcurrentLinkedQueue<>();
    private final Queue<DomainName> questions = new ConcurrentLinkedQueue<>();
    private final AtomicIntegerArray states = new AtomicIntegerArray(MESSAGES);
    private final AtomicInteger settled = new AtomicInteger();
    private final AtomicLong millis = new AtomicLong(ScheduleFixture.START.toEpochMilli());
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private int total = MESSAGES;
    private Schedule schedule = new Schedule(ScheduleSettings.UNBOUNDED, this);

    @Override
    public void resolve(Destination destination) {
        DomainName domain = destination.domain();
        questions.add(domain);
    }

    @Override
    public void workReady(EgressPath path) {
        work.add(path);
    }

    @Override
    public void rest(QueueEntry entry) {
        index.rest(entry);
    }

    @Override
    public void wanted(QueueName queue, int most) {
        index.wanted(queue, most);
    }

    @Override
    public void wake(QueueScope scope) {
        index.wake(scope);
    }

    @Test
    void allAtOnce_everyRecipientIsSettledOnce() throws InterruptedException {
        allAtOnce();
    }

    private void allAtOnce() throws InterruptedException {
        long seed = new Random().nextLong();
        System.out.println("ScheduleStressTest: seed " + seed);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < ADMITTERS; i++) {
            int first = i;
            threads.add(start(seed + i, random -> admitAll(first, random)));
        }
        for (int i = 0; i < WORKERS; i++) {
            threads.add(start(seed + 10 + i, untilDone(this::deliver)));
        }
        threads.add(start(seed + 20, untilDone(this::answer)));
        threads.add(start(seed + 30, untilDone(this::operate)));
        threads.add(start(seed + 40, untilDone(_ -> schedule.tick(advance()))));
        threads.add(start(seed + 50, untilDone(_ -> index.pass(schedule, now()))));
        for (Thread thread : threads) {
            if (!thread.join(PATIENCE)) {
                failure.compareAndSet(null, new AssertionError("stuck"));
            }
        }

        assertThat(failure.get()).isNull();
        assertThat(settled).hasValue(total);
        assertThat(schedule.entriesInMemory()).isZero();
        QueueSummary summary = ScheduleFixture.inMemory(schedule, now());
        assertThat(summary.recipients()).isZero();
        assertThat(summary.oldest()).isEmpty();
        assertThat(summary.byPath()).isEmpty();
        assertThat(schedule.survey().list(QueueScope.ALL, 10, now())).isEmpty();
    }

    /// There is room for few: most mail rests at some time, and the index is at work too.
    @Test
    void allAtOnceInLittleMemory_everyRecipientIsSettledOnce() throws InterruptedException {
        total = MESSAGES / 4;
        schedule =
                new Schedule(
                        new ScheduleSettings("default", 100, Duration.ofMillis(100), 1_000), this);
        allAtOnce();
        assertThat(index.rested).isGreaterThan(1_000);
        assertThat(index.size()).isZero();
    }

    private Consumer<Random> untilDone(Consumer<Random> step) {
        return random -> {
            while (settled.get() < total && failure.get() == null) {
                step.accept(random);
            }
        };
    }

    private Thread start(long seed, Consumer<Random> task) {
        return Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        task.accept(new Random(seed));
                    } catch (RuntimeException | AssertionError e) {
                        failure.compareAndSet(null, e);
                    }
                });
    }

    private void admitAll(int first, Random random) {
        for (int id = first; id < total; id += ADMITTERS) {
            PriorityClass[] classes = PriorityClass.values();
            var stream =
                    new MailStream(
                            "tenant" + random.nextInt(3),
                            "campaign" + random.nextInt(2),
                            classes[random.nextInt(classes.length)]);
            String address = id + "@d" + random.nextInt(DOMAINS) + ".example";
            schedule.admit(messages.message(stream, now(), address), now());
        }
    }

    private void deliver(Random random) {
        EgressPath path = work.poll();
        if (path == null) {
            Thread.onSpinWait();
            return;
        }
        Optional<QueueEntry> entry = schedule.take(path, now());
        while (entry.isPresent()) {
            taken(entry.get());
            end(entry.get(), random);
            entry = schedule.take(path, now());
        }
    }

    private void end(QueueEntry entry, Random random) {
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> {
                states.set(number(entry), WAITING);
                Instant due = now().plusMillis(random.nextInt(300));
                schedule.finished(entry, List.of(ScheduleFixture.deferred(entry, due)), now());
            }
            case 3 -> {
                states.set(number(entry), WAITING);
                schedule.giveBack(entry, now());
            }
            default -> settle(entry);
        }
    }

    private void taken(QueueEntry entry) {
        if (!states.compareAndSet(number(entry), WAITING, IN_FLIGHT)) {
            throw new AssertionError("taken while " + states.get(number(entry)) + ": " + entry);
        }
    }

    private void settle(QueueEntry entry) {
        states.set(number(entry), SETTLED);
        schedule.finished(entry, List.of(), now());
        settled.incrementAndGet();
    }

    private static int number(QueueEntry entry) {
        SpooledMessage message = entry.message();
        String address = message.envelope().recipients().getFirst().path().address();
        return Integer.parseInt(address.substring(0, address.indexOf('@')));
    }

    private void answer(Random random) {
        DomainName domain = questions.poll();
        if (domain == null) {
            // Sites move although nobody asked.
            domain = new DomainName("d" + random.nextInt(DOMAINS) + ".example");
            Thread.onSpinWait();
        }
        if (random.nextInt(4) == 0) {
            for (QueueEntry entry : schedule.siteUnknown(domain, now())) {
                taken(entry);
                end(entry, random);
            }
        } else {
            var site = new Site("mx" + random.nextInt(5));
            schedule.siteResolved(domain, site, Duration.ofMillis(random.nextInt(500)), now());
        }
    }

    private void operate(Random random) {
        var scope =
                new QueueScope(
                        Optional.empty(),
                        random.nextBoolean()
                                ? Optional.empty()
                                : Optional.of(
                                        new DomainName("d" + random.nextInt(DOMAINS) + ".example")),
                        Optional.of("tenant" + random.nextInt(3)),
                        Optional.empty());
        apply(new OperatorAction.Hold(scope, ""));
        apply(new OperatorAction.Suspend(scope, Duration.ofMillis(random.nextInt(100)), ""));
        apply(new OperatorAction.RetryNow(scope));
        List<QueuedView> some = schedule.survey().list(scope, 1, now());
        if (!some.isEmpty()) {
            var one =
                    new QueueScope(
                            Optional.of(some.getFirst().entry().message().id()),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty());
            apply(new OperatorAction.Hold(one, ""));
            apply(new OperatorAction.Release(one));
        }
        apply(new OperatorAction.Release(scope));
        assertThat(ScheduleFixture.inMemory(schedule, now()).recipients()).isNotNegative();
    }

    private void apply(OperatorAction action) {
        schedule.apply(action, now());
    }

    private Instant now() {
        return Instant.ofEpochMilli(millis.get());
    }

    private Instant advance() {
        return Instant.ofEpochMilli(millis.incrementAndGet());
    }
}
