package io.whimbrel.outcome;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.RestingWalk;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Stage;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Carries out jobs: what operators do to any number of recipients. Thread-safe.
///
/// A job is durable before anything is done, and from then on the schedule tries nothing of what it
/// is about: all of that goes to rest, what is in flight when it comes back. The job walks over
/// what rests, some hundred messages at a time, each time waiting for the disk, which paces it.
/// What it did is in ordinary records, and how far it is stands in the same batches; so after a
/// crash it goes on with what still rests. It ends when nothing was found by a walk that began when
/// nothing was in flight.
///
/// Several jobs take turns; but one that is at odds with an older one ([QueueJob#isAtOddsWith])
/// waits for its end, or two could move the same mail to and fro for ever. Where the disk refuses a
/// batch they wait for it.
public final class JobRunner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);
    private static final int MESSAGES_AT_ONCE = 200;
    private static final int RUNNING_MOST = 100;
    private static final int ENDED_KEPT = 100;
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(1);

    private final Spool spool;
    private final Schedule schedule;
    private final Settlement settlement;
    private final Metrics metrics;
    private final InstantSource clock;
    private final Map<QueueId, Running> running = new LinkedHashMap<>();
    private final ArrayDeque<JobView> ended = new ArrayDeque<>();
    private final Semaphore news = new Semaphore(0);
    private Optional<Thread> thread = Optional.empty();
    private volatile boolean isClosed;

    /// One that has not ended. Only the runner's thread changes it, but for `isCancelled`.
    private final class Running implements Removal.Tally {
        private final Instant begunAt;
        private volatile SpoolRecord.Job state;
        private volatile boolean isCancelled;
        private volatile String trouble = "";

        /// Which older job must end first, in words; `""` for none.
        private volatile String queuedBehind = "";

        private final CountDownLatch over = new CountDownLatch(1);
        private Optional<RestingWalk> walk = Optional.empty();

        /// The walk began when nothing was in flight.
        private boolean isQuiet;

        /// The last walk found something, or there was none.
        private boolean hasFound = true;

        Running(SpoolRecord.Job state, Instant begunAt) {
            this.state = state;
            this.begunAt = begunAt;
        }

        QueueJob job() {
            return state.job();
        }

        @Override
        public SpoolRecord record(long more) {
            return state.at(clock.instant(), Stage.RUNNING, more);
        }

        @Override
        public void removed(long more) {
            state = state.at(clock.instant(), Stage.RUNNING, more);
        }

        JobView view() {
            SpoolRecord.Job now = state;
            Instant at = now.stage().isEnd() ? now.at() : clock.instant();
            Stage stage = now.stage() == Stage.BEGUN ? Stage.RUNNING : now.stage();
            String waitsFor = trouble.isEmpty() ? queuedBehind : trouble;
            return new JobView(now.job(), begunAt, stage, now.done(), now.of(), at, waitsFor);
        }
    }

    public JobRunner(
            Spool spool,
            Schedule schedule,
            Settlement settlement,
            Metrics metrics,
            InstantSource clock) {
        this.spool = spool;
        this.schedule = schedule;
        this.settlement = settlement;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Jobs that an earlier run left; before any mail comes to the schedule.
    public synchronized void recover(List<SpoolRecord.Job> jobs) {
        for (SpoolRecord.Job job : jobs) {
            schedule.begin(job.job(), clock.instant());
            running.put(job.job().id(), new Running(job, job.job().id().begunAt()));
        }
    }

    /// From now on jobs are carried out.
    public synchronized void start() {
        thread = Optional.of(Thread.ofPlatform().name("jobs-1").start(this::run));
    }

    /// Begins a job; when this returns it is durable and in force.
    ///
    /// @param of recipients in `scope`, about
    /// @throws JobRefused where there are too many
    /// @throws IOException where it could not be made durable
    public JobView begin(QueueJob.Work work, QueueScope scope, String reason, long of)
            throws IOException {
        synchronized (this) {
            if (running.size() >= RUNNING_MOST) {
                throw new JobRefused(RUNNING_MOST + " jobs are running; wait, or cancel one");
            }
        }
        var job = new QueueJob(spool.nextId(), work, scope, reason);
        Instant now = clock.instant();
        var state = new SpoolRecord.Job(now, job, Stage.BEGUN, 0, of);
        append(state);
        schedule.begin(job, now);
        var begun = new Running(state, now);
        synchronized (this) {
            running.put(job.id(), begun);
        }
        news.release();
        return begun.view();
    }

    /// Those that run, oldest first, then those that have ended since the start, newest first.
    public synchronized List<JobView> jobs() {
        var views = new ArrayList<JobView>();
        running.values().forEach(one -> views.add(one.view()));
        views.addAll(ended);
        return views;
    }

    /// One job; empty where it is not known, or no longer.
    ///
    /// @param wait until it ends, at most so long; zero for not at all
    public Optional<JobView> job(QueueId id, Duration wait) throws InterruptedException {
        Optional<Running> one = find(id);
        if (one.isPresent() && one.get().over.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
            return Optional.of(one.get().view());
        }
        return jobs().stream().filter(view -> view.job().id().equals(id)).findFirst();
    }

    private synchronized Optional<Running> find(QueueId id) {
        return Optional.ofNullable(running.get(id));
    }

    /// The job does nothing more, and what it left is tried again.
    ///
    /// @return whether it was running
    public boolean cancel(QueueId id) {
        Optional<Running> one = find(id);
        one.ifPresent(known -> known.isCancelled = true);
        news.release();
        return one.isPresent();
    }

    /// Stops after the batch it is at; jobs go on at the next start.
    @Override
    public void close() {
        isClosed = true;
        news.release();
        Optional<Thread> stopped;
        synchronized (this) {
            stopped = thread;
        }
        if (stopped.isPresent()) {
            try {
                stopped.get().join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        while (!isClosed) {
            Duration pause = PAUSE;
            try {
                boolean worked = !spool.isIndexBehind() && step();
                pause = worked ? Duration.ZERO : isAnyInTrouble() ? AFTER_TROUBLE : PAUSE;
            } catch (RuntimeException bug) {
                metrics.bugs.inc();
                LOG.error("jobs go on after a bug", bug);
                pause = AFTER_TROUBLE;
            }
            rest(pause);
        }
    }

    private void rest(Duration pause) {
        try {
            if (isIdle()) {
                news.acquire();
            } else if (pause.isPositive()) {
                boolean isNews = news.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
                LOG.trace("after a pause, news: {}", isNews);
            }
        } catch (InterruptedException _) {
            // Nobody interrupts this thread; should it happen, it goes on.
            LOG.debug("interrupted");
        }
    }

    private synchronized boolean isIdle() {
        return running.isEmpty();
    }

    private synchronized boolean isAnyInTrouble() {
        return running.values().stream().anyMatch(one -> !one.trouble.isEmpty());
    }

    /// A little of each job.
    ///
    /// @return whether there was anything to do
    boolean step() {
        List<Running> all;
        synchronized (this) {
            all = List.copyOf(running.values());
        }
        boolean worked = false;
        for (Running one : all) {
            if (isQueuedBehind(one, all)) {
                continue;
            }
            try {
                worked |= step(one);
                one.trouble = "";
            } catch (IOException e) {
                String why = String.valueOf(e.getMessage());
                if (one.trouble.isEmpty()) {
                    LOG.warn("job {} waits: {}", one.job().id(), why);
                }
                one.trouble = why;
                one.walk = Optional.empty();
                one.hasFound = true;
            }
        }
        return worked;
    }

    /// Whether an older job must end first. One that was cancelled need not wait.
    private static boolean isQueuedBehind(Running one, List<Running> all) {
        Optional<QueueId> older =
                one.isCancelled
                        ? Optional.empty()
                        : all.stream()
                                .map(Running::job)
                                .filter(job -> job.id().compareTo(one.job().id()) < 0)
                                .filter(job -> job.isAtOddsWith(one.job()))
                                .map(QueueJob::id)
                                .findFirst();
        one.queuedBehind = older.map(id -> "job " + id + " comes first").orElse("");
        return older.isPresent();
    }

    private boolean step(Running one) throws IOException {
        if (one.isCancelled) {
            end(one, Stage.CANCELLED);
            return true;
        }
        if (one.walk.isEmpty() && !beginWalk(one)) {
            return false;
        }
        RestingWalk walk = one.walk.orElseThrow();
        List<RecoveredMessage> found = walk.next(MESSAGES_AT_ONCE);
        if (!found.isEmpty()) {
            try {
                work(one, found);
            } finally {
                walk.leave(found);
            }
        }
        if (walk.isAtEnd()) {
            one.walk = Optional.empty();
            if (one.isQuiet && !one.hasFound) {
                end(one, Stage.DONE);
            }
        }
        return true;
    }

    /// @return false where the job has to wait for what is in flight
    private boolean beginWalk(Running one) throws IOException {
        QueueScope meant = one.job().meant();
        boolean isQuiet = schedule.isQuiet(meant);
        if (!one.hasFound && !isQuiet) {
            return false;
        }
        // Outcomes that were on their way to the log are in it then, and known to the index.
        append(one.record(0));
        spool.awaitIndex(() -> isClosed);
        one.isQuiet = isQuiet;
        one.hasFound = false;
        one.walk = Optional.of(spool.walk(meant));
        return true;
    }

    private void work(Running one, List<RecoveredMessage> found) throws IOException {
        String reason = one.job().reason();
        switch (one.job().work()) {
            case QueueJob.Work.Bounce _ -> {
                settlement.removal(true, reason).run(found, one);
                one.hasFound = true;
            }
            case QueueJob.Work.Delete _ -> {
                settlement.removal(false, reason).run(found, one);
                one.hasFound = true;
            }
            case QueueJob.Work.Move move -> one.hasFound |= move(one, move, found);
        }
    }

    /// @return false where all are there already
    private boolean move(Running one, QueueJob.Work.Move move, List<RecoveredMessage> found)
            throws IOException {
        var records = new ArrayList<SpoolRecord>();
        long recipients = 0;
        for (RecoveredMessage rested : found) {
            MailStream before = rested.message().envelope().stream();
            MailStream after = move.of(before);
            if (!after.equals(before)) {
                QueueId id = rested.message().id();
                records.add(new SpoolRecord.Moved(clock.instant(), id, after, one.job().id()));
                for (RecoveredMessage.Waiting group : rested.waiting()) {
                    recipients += group.recipients().size();
                }
            }
        }
        if (records.isEmpty()) {
            return false;
        }
        records.add(one.record(recipients));
        spool.appendAndWait(new SpoolBatch(records, List.of()));
        one.removed(recipients);
        return true;
    }

    private void end(Running one, Stage stage) throws IOException {
        Instant now = clock.instant();
        SpoolRecord.Job last = one.state.at(now, stage, 0);
        append(last);
        one.state = last;
        schedule.end(one.job(), now);
        LOG.info("job {} {}: {} recipients", one.job().id(), stage, last.done());
        synchronized (this) {
            running.remove(one.job().id());
            ended.addFirst(one.view());
            while (ended.size() > ENDED_KEPT) {
                ended.removeLast();
            }
        }
        one.over.countDown();
    }

    private void append(SpoolRecord record) throws IOException {
        spool.appendAndWait(new SpoolBatch(List.of(record), List.of()));
    }
}
