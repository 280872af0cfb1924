package io.whimbrel.spool;

import static io.whimbrel.spool.SpoolFixtures.NOW;
import static io.whimbrel.spool.SpoolFixtures.batch;
import static io.whimbrel.spool.SpoolFixtures.bytes;
import static io.whimbrel.spool.SpoolFixtures.envelope;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;

/// A spool under load from many clients, on a disk that loses power again and again. All that the
/// clients were told goes into a [SpoolLedger], which judges each recovery. The same seed does the
/// same.
final class SpoolSimulation {
    private static final int OPEN_BODIES_MOST = 40;
    private static final int TENANTS = 4;

    final SpoolLedger ledger = new SpoolLedger();
    FaultyFiles files = new FaultyFiles();
    int restarts;
    int openAtCuts;

    private final Random random;
    private final long segmentBytes;
    private final List<IncomingBody> open = new ArrayList<>();
    private final List<Flight> flights = new ArrayList<>();
    private Instant now = NOW;
    private Optional<Spool> spool = Optional.empty();

    /// A message whose client waits for the answer.
    private record Flight(QueueId id, Inbox.Submission submission) {}

    SpoolSimulation(long seed) {
        random = new Random(seed);
        segmentBytes = 16_384L << random.nextInt(3);
    }

    /// Starts, works, and loses power, `cuts` times.
    void run(int cuts) throws Exception {
        for (int i = 0; i < cuts; i++) {
            files.operationsLeft = 1L + random.nextInt(random.nextBoolean() ? 60 : 800);
            try {
                start();
                while (true) {
                    act();
                }
            } catch (FaultyFiles.PowerCut _) {
                openAtCuts += open.size() + flights.size();
                open.clear();
                flights.clear();
                // The page cache outlives a kill, and may be lost at the next cut.
                files = random.nextInt(3) == 0 ? files.afterKill() : files.afterCut(random);
            }
        }
    }

    /// A last start, after which everything is settled, and the log must come down to nothing.
    void finish() throws Exception {
        files.operationsLeft = Long.MAX_VALUE;
        Spool last = start();
        for (int round = 0; round < 50; round++) {
            for (QueueId id : ledger.inQueue()) {
                settle(last, id, ledger.waiting(id), false);
            }
            last.step(Inbox.Wake.WORK);
            last.step(Inbox.Wake.IDLE);
            readRecords(true);
        }
        long left = files.list().stream().filter(name -> name.startsWith("segment-")).count();
        if (left > 1) {
            throw new AssertionError(left + " segments are kept for nothing: " + files.list());
        }
        last.close();
    }

    private Spool start() throws Exception {
        // A clock may say anything after a start.
        now = NOW.plusSeconds(random.nextInt(2_000_000) - 1_000_000L);
        Spool started = IndexHome.open(files, segmentBytes, 0, () -> now);
        spool = Optional.of(started);
        restarts++;
        ledger.recovered(started, files);
        started.start(new Taker(started));
        return started;
    }

    private void act() throws Exception {
        Spool running = spool.orElseThrow();
        switch (random.nextInt(40)) {
            case 0 -> abort();
            case 1 -> change(running);
            case 2, 3 -> readRecords(random.nextInt(3) == 0);
            case 4 -> running.step(Inbox.Wake.IDLE);
            case 5 -> stopCleanly(running);
            case 6, 7, 8, 9, 10 -> running.step(Inbox.Wake.WORK);
            case 11, 12, 13, 14, 15, 16, 17, 18 -> outcome(running);
            case 19, 20, 21, 22, 23, 24 -> submit(running);
            default -> write(running);
        }
        land();
    }

    private void write(Spool running) {
        if (open.size() < OPEN_BODIES_MOST && random.nextInt(3) > 0) {
            IncomingBody body = running.newBody();
            ledger.begun(body.id());
            open.add(body);
        }
        if (!open.isEmpty()) {
            IncomingBody body = open.get(random.nextInt(open.size()));
            int length = random.nextInt(random.nextInt(5) == 0 ? 12_000 : 700);
            byte[] piece = bytes(length, random.nextLong());
            ledger.wrote(body.id(), piece);
            body.write(piece, 0, length);
        }
    }

    private void submit(Spool running) {
        if (open.size() <= random.nextInt(OPEN_BODIES_MOST)) {
            return;
        }
        IncomingBody body = open.remove(random.nextInt(open.size()));
        int recipients = random.nextInt(8) == 0 ? 1 + random.nextInt(900) : 1 + random.nextInt(4);
        Envelope envelope = envelope(recipients);
        ledger.submitted(body.id(), envelope);
        var submission = running.submit(envelope, body, body.lastPart(), "[192.0.2.1]");
        flights.add(new Flight(body.id(), submission));
    }

    private void land() {
        flights.removeIf(flight -> {
            if (!flight.submission.isDone()) {
                return false;
            }
            if (flight.submission.await().isEmpty()) {
                ledger.stored(flight.id);
                maybeRest(flight.submission.messages().getFirst());
            } else {
                ledger.refused(flight.id);
            }
            return true;
        });
    }

    /// As a schedule does that has no room for the message.
    private void maybeRest(SpooledMessage message) {
        if (random.nextInt(3) == 0) {
            int recipients = message.envelope().recipients().size();
            spool.orElseThrow().rest(message, RecipientNumbers.all(recipients), 0);
        }
    }

    /// A schedule that takes some of what is due, and gives some of it back.
    private final class Taker implements Waking {
        private final Spool from;

        Taker(Spool from) {
            this.from = from;
        }

        @Override
        public Room room(QueueName queue) {
            return random.nextInt(4) == 0
                    ? new Room.Take(1 + random.nextInt(9))
                    : new Room.Later(Duration.ofMinutes(1));
        }

        @Override
        public void due(QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
            for (RecoveredMessage message : messages) {
                for (RecoveredMessage.Waiting group : message.waiting()) {
                    if (random.nextInt(4) == 0) {
                        from.rest(message.message(), group.recipients(), group.attempts());
                    }
                }
            }
            if (isMore && random.nextInt(3) == 0) {
                from.wanted(queue, 1 + random.nextInt(9));
            }
        }
    }

    private void abort() {
        if (open.size() > OPEN_BODIES_MOST / 2) {
            open.remove(random.nextInt(open.size())).close();
        }
    }

    private void outcome(Spool running) {
        List<QueueId> queue = ledger.inQueue();
        if (queue.isEmpty()) {
            return;
        }
        QueueId id = queue.get(random.nextInt(queue.size()));
        var some = new TreeSet<Integer>();
        boolean all = random.nextBoolean();
        for (int recipient : ledger.waiting(id)) {
            if (all || random.nextBoolean()) {
                some.add(recipient);
            }
        }
        if (some.isEmpty()) {
            return;
        }
        if (random.nextInt(3) > 0) {
            settle(running, id, some, random.nextInt(4) == 0);
        } else {
            defer(running, id, some);
        }
    }

    private void settle(Spool running, QueueId id, Iterable<Integer> some, boolean withReport) {
        RecipientNumbers recipients = numbers(some);
        var record =
                new SpoolRecord.Settled(
                        NOW, id, recipients, SpoolRecord.Disposition.BOUNCED, 1, AttemptFacts.NONE);
        byte[] notice = bytes(1 + random.nextInt(3000), random.nextLong());
        List<SpoolBatch.Report> reports =
                withReport ? List.of(new SpoolBatch.Report(envelope(1), notice, id)) : List.of();
        Object token = ledger.settling(id, recipients, reports);
        running.append(
                new SpoolBatch(List.of(record), reports), made -> ledger.settled(token, made));
    }

    private void defer(Spool running, QueueId id, Iterable<Integer> some) {
        RecipientNumbers recipients = numbers(some);
        int attempt = ledger.nextAttempt(id);
        Instant due = NOW.plusSeconds(random.nextInt(100_000));
        var record =
                new SpoolRecord.Deferred(
                        NOW, id, recipients, attempt, due, false, false, AttemptFacts.NONE);
        Object token = ledger.deferring(record);
        running.append(batch(record), _ -> ledger.deferred(token));
    }

    private void change(Spool running) {
        switch (random.nextInt(3)) {
            case 0 -> operate(running);
            case 1 -> move(running);
            default -> work(running);
        }
    }

    private void move(Spool running) {
        List<QueueId> queue = ledger.inQueue();
        if (queue.isEmpty()) {
            return;
        }
        QueueId id = queue.get(random.nextInt(queue.size()));
        var stream = new MailStream("moved" + random.nextInt(99), "", PriorityClass.BULK);
        ledger.moving(id, stream);
        var record = new SpoolRecord.Moved(NOW, id, stream, new QueueId(1));
        running.append(batch(record), _ -> ledger.moved(id));
    }

    /// A job begins, comes further, or ends.
    private void work(Spool running) {
        Map<QueueId, Long> jobs = ledger.jobs();
        boolean isNew = jobs.isEmpty() || random.nextInt(3) == 0;
        QueueId id = isNew ? running.nextId() : jobs.keySet().iterator().next();
        var stage =
                isNew
                        ? SpoolRecord.Stage.BEGUN
                        : random.nextInt(3) == 0
                                ? SpoolRecord.Stage.DONE
                                : SpoolRecord.Stage.RUNNING;
        var job = new QueueJob(id, new QueueJob.Work.Delete(), QueueScope.ALL, "");
        long done = jobs.getOrDefault(id, 0L) + (isNew ? 0 : 1);
        var record = new SpoolRecord.Job(NOW, job, stage, done, 9);
        ledger.working(record);
        running.append(batch(record), _ -> ledger.worked());
    }

    private void operate(Spool running) {
        var scope =
                new QueueScope(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("tenant" + random.nextInt(TENANTS)),
                        Optional.empty());
        SpoolRecord.OperatorAction action =
                random.nextBoolean()
                        ? new SpoolRecord.OperatorAction.Hold(scope, "why")
                        : new SpoolRecord.OperatorAction.Release(scope);
        ledger.operating(action);
        running.append(batch(new SpoolRecord.Operator(NOW, action)), _ -> ledger.operated());
    }

    private void readRecords(boolean save) throws InterruptedException {
        CommittedRecords records = ledger.records();
        for (var taken = records.take(Duration.ZERO);
                !taken.isEmpty();
                taken = records.take(Duration.ZERO)) {
            ledger.read(taken);
        }
        if (save) {
            ledger.save().ifPresent(records::release);
        }
    }

    private void stopCleanly(Spool running) throws Exception {
        if (random.nextInt(15) > 0) {
            return;
        }
        running.close();
        land();
        open.clear();
        flights.clear();
        start();
    }

    private static RecipientNumbers numbers(Iterable<Integer> some) {
        var list = new ArrayList<Integer>();
        some.forEach(list::add);
        return RecipientNumbers.of(list.stream().mapToInt(Integer::intValue).toArray());
    }

    /// Reads the body of a message by a reader that knows nothing of memory.
    static byte[] body(Spool spool, SpooledMessage message) throws IOException {
        return SpoolFixtures.read(spool, message);
    }
}
