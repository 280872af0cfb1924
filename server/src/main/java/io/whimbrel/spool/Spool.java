package io.whimbrel.spool;

import io.whimbrel.budget.Budget;
import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.SegmentCensus;
import io.whimbrel.log.EnvelopeCodec;
import io.whimbrel.log.Position;
import io.whimbrel.log.SegmentPool;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Pause;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Durable messages: an append-only log with group commit. Thread-safe.
public final class Spool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Spool.class);

    static final int PART_BYTES_MAX = 256 << 10;
    private static final int BATCH_BYTES_MAX = 16 << 20;
    private static final int READERS = 8;

    /// Mail that is delivered sooner needs no row for a checkpoint.
    private static final Duration MARK_AGE = Duration.ofSeconds(1);

    /// More than this waits for the index thread only where the disk does not keep up: messages, by
    /// their weight, so that it is a bound of memory too.
    private static final int INDEX_BACKLOG_MOST = 50_000;

    /// Exit status of a node whose spool writer failed by a bug, or whose index is damaged.
    static final int EXIT_BROKEN = 70;

    private final SpoolSettings settings;
    private final Drive drive;
    private final SpoolFiles files;
    private final SegmentPool pool;
    private final QueueIndex index;
    private final LiveMessages live;
    private final Indexer indexer;
    private final Checkpoints checkpoints;
    private final InstantSource clock;
    private final Inbox inbox;
    private final AtomicLong lastId = new AtomicLong();
    private final BodyReader.Kept kept;
    private final SpoolWriter writer;
    private final CommittedRecords committed;
    private final Optional<ExecutorService> readers;
    private final Optional<Thread> writerThread;
    private final Optional<IndexThread> indexThread;
    private Optional<Recovery> recovery;

    /// Who drives the writer.
    enum Drive {
        /// A thread of its own.
        THREAD,
        /// Whoever waits, and [#step]: so that tests are the same every time.
        CALLER,
        /// The same, but for the index, which stands still until [#stepIndex].
        WRITER_ONLY
    }

    private Spool(SpoolSettings settings, Start start, SegmentPool pool, SpoolOpening.Opened opened)
            throws IOException {
        this.settings = settings;
        drive = start.drive;
        files = start.files;
        kept = new BodyReader.Kept(settings.bodyMemoryBytes());
        this.pool = pool;
        clock = start.clock;
        inbox = new Inbox(settings.outcomeSyncMost(), clock);
        index = opened.index();
        live = opened.live();
        indexer = opened.indexer();
        Instant now = clock.instant();
        lastId.set(Math.max(QueueId.at(now).value(), opened.lastId()));
        var segments = new ArrayList<>(opened.segments());
        committed = new CommittedRecords(live, List.copyOf(segments), inbox);
        if (start.drive == Drive.THREAD) {
            pool.start();
        }
        segments.add(firstSegment(segments));
        writer =
                new SpoolWriter(
                        new SpoolWriter.Parts(
                                pool,
                                inbox,
                                live,
                                committed,
                                segments,
                                indexer,
                                lastId,
                                clock,
                                this::forgetBody,
                                new Quarantine.Leaving(live, files, clock, inbox::nudge)));
        indexer.tell(writer.damaged()::found);
        opened.leftOut().forEach(writer.damaged()::leftOut);
        live.actions().passed(SpoolWriter.THIS_RUN, now);
        writer.takeOut(opened.damaged());
        recovery =
                Optional.of(
                        new Recovery(
                                live.actions().all(), live.jobs(), List.copyOf(opened.findings())));
        Duration markAge = start.drive == Drive.THREAD ? MARK_AGE : Duration.ZERO;
        checkpoints = new Checkpoints(index, indexer, live, writer, markAge);
        if (opened.bytesRead() > settings.segmentBytes() || opened.segments().isEmpty()) {
            // So that a node which is killed again and again does not read more at each start.
            checkpointNow();
        }
        var census = new SegmentCensus(index);
        if (start.drive == Drive.THREAD) {
            ExecutorService disk = newReaders();
            readers = Optional.of(disk);
            indexer.readAheadBy(new ReadAhead(index, live, disk, READERS));
            writerThread = Optional.of(startWriter());
            var folder = SpoolOpening.indexFolder(settings);
            var parts = new IndexThread.Parts(indexer, checkpoints, index, folder, clock);
            indexThread = Optional.of(new IndexThread(parts));
            Thread.ofPlatform()
                    .name("index-census-1")
                    .daemon()
                    .start(() ->
                            IndexThread.count(census, opened.segments(), writer::pinsAreKnown));
        } else {
            readers = Optional.empty();
            writerThread = Optional.empty();
            indexThread = Optional.empty();
            IndexThread.count(census, opened.segments(), writer::pinsAreKnown);
        }
    }

    /// What a spool is opened with.
    ///
    /// @param released the event log has what is before it
    record Start(InstantSource clock, Position released, SpoolFiles files, Drive drive) {}

    /// Opens log and index and recovers; the writer runs when this returns.
    ///
    /// @param released what is before it will not be asked of [#records]
    /// @throws IOException where the folder cannot be used or locked; the message says what to do
    public static Spool open(SpoolSettings settings, Position released, InstantSource clock)
            throws IOException {
        return SpoolLock.of(settings).open(released, clock);
    }

    /// The same over other files.
    static Spool open(SpoolSettings settings, Start start) throws IOException {
        boolean isOpen = false;
        try {
            start.files.lock();
            var pool = new SegmentPool(start.files, settings.segmentBytes(), settings.lowWater());
            var given =
                    new SpoolOpening.Circumstances(start.files, pool, start.clock, start.released);
            SpoolOpening.Opened opened = SpoolOpening.open(settings, given);
            try {
                var spool = new Spool(settings, start, pool, opened);
                isOpen = true;
                return spool;
            } finally {
                if (!isOpen) {
                    pool.close();
                    opened.index().close();
                }
            }
        } finally {
            if (!isOpen) {
                start.files.close();
            }
        }
    }

    /// What the start found. The list is dropped after the first call.
    public synchronized Recovery takeRecovery() {
        Recovery taken = recovery.orElse(new Recovery(List.of(), List.of(), List.of()));
        recovery = Optional.empty();
        return taken;
    }

    /// Every record from `from` on; once per open spool, before any append.
    public CommittedRecords records(Position from) {
        return committed.startAt(from);
    }

    /// Why mail would be refused at present: disk full, disk failed, event log stuck. Empty where
    /// it is welcome.
    public Optional<SmtpReply> refusal() {
        Optional<SmtpReply> refusal = writer.refusal();
        boolean isBehind = indexer.backlog() > INDEX_BACKLOG_MOST;
        return refusal.isEmpty() && isBehind ? Optional.of(SpoolWriter.BEHIND) : refusal;
    }

    /// What an operator should know besides.
    public List<String> warnings() {
        return writer.damaged().warning().stream().toList();
    }

    /// The node begins to stop: from here on [#append] waits for room only, so that what was
    /// delivered is not delivered again.
    public void stopBegins() {
        inbox.stopBegins();
    }

    /// A message has left the queue, or will wait for long: its body need not stay in memory.
    void forgetBody(SpooledMessage message) {
        kept.forget(message);
    }

    /// How long an end-of-data is to wait for its answer, because the disk fills: 0 to 2 s.
    public Duration slowness() {
        return pool.slowness();
    }

    /// How the budgets of this room stand.
    public Map<Budget, Supplier<BudgetLevel>> budgets() {
        return Map.of(
                Budget.BODIES, kept::level,
                Budget.INDEX_BACKLOG, this::indexBacklog,
                Budget.DISK_SLOW, pool::slowLevel,
                Budget.DISK_STOP, pool::stopLevel);
    }

    private BudgetLevel indexBacklog() {
        long waiting = indexer.backlog();
        return new BudgetLevel(waiting, INDEX_BACKLOG_MOST, 0, waiting > INDEX_BACKLOG_MOST);
    }

    /// Appends a notice, unless that would wait for the disk.
    ///
    /// @return whether it was appended
    public boolean note(SpoolRecord.Notice notice) {
        if (inbox.wouldWait(Inbox.Kind.OUTCOME)) {
            return false;
        }
        append(new SpoolBatch(List.of(notice), List.of()), _ -> {});
        return true;
    }

    /// From now on mail that is due comes into memory by way of `waking`: all that was in the queue
    /// at the start rests.
    public void start(Waking waking) {
        indexer.start(waking);
    }

    /// These recipients, tried `attempts` times so far, are no longer held in memory by the caller;
    /// they come back by [Waking] when they are due. The record of the last attempt must have been
    /// given to [#append] before.
    public void rest(SpooledMessage message, RecipientNumbers recipients, int attempts) {
        forgetBody(message);
        live.rest(message, recipients, attempts);
    }

    /// There is room for at most `most` messages of `queue` that rest and are due; answered by
    /// [Waking#due].
    public void wanted(QueueName queue, int most) {
        indexer.wanted(queue, most);
    }

    /// What messages in memory weigh beside the entries that hold them, in entries.
    public long weight() {
        return live.weight();
    }

    /// What rests in `scope` and is due is offered again soon.
    public void wake(QueueScope scope) {
        indexer.wake(scope);
    }

    /// Messages in the queue with what is unsettled of each, by id. Those accepted meanwhile may be
    /// missing.
    ///
    /// @param after where to go on
    public List<RecoveredMessage> queued(Optional<QueueId> after, int most) throws IOException {
        return new QueuedPages(live, index).page(after, most);
    }

    /// Shows how many recipients each queue has in `scope`, by what is durable.
    public void counts(QueueScope scope, Consumer<QueueCount> viewer) throws IOException {
        indexer.rows().counts(scope, (count, _) -> viewer.accept(count));
    }

    /// Acceptance of the oldest message that rests, as its id tells it.
    public Optional<Instant> oldestResting() throws IOException {
        return index.messages(Optional.empty(), 1).stream()
                .map(row -> row.id().begunAt())
                .findFirst();
    }

    /// Messages of which something in `scope` rests, with that, about the oldest due first. At most
    /// `most`, and fewer where they have very many recipients.
    public List<RecoveredMessage> someResting(QueueScope scope, int most) throws IOException {
        return indexer.census().some(scope, most);
    }

    /// Walks over what rests in `scope`. What began to rest since [#awaitIndex] may be missing.
    public RestingWalk walk(QueueScope scope) {
        return new RestingWalk(index, indexer, scope);
    }

    /// Whether the index has so much to do that work which can wait should.
    public boolean isIndexBehind() {
        return indexer.backlog() > INDEX_BACKLOG_MOST / 10;
    }

    /// Waits until the index knows all that rests.
    ///
    /// @param isStopped ends the wait
    /// @throws IOException where it was ended, the index cannot be written, or the spool is closed
    public void awaitIndex(BooleanSupplier isStopped) throws IOException {
        if (indexThread.isPresent()) {
            indexThread.get().awaitRows(isStopped);
        } else {
            stepIndex();
        }
    }

    /// Begins to take a message. Never fails; trouble is told by [#accept].
    public IncomingBody newBody() {
        return new IncomingBody(this, nextId(), partBytes());
    }

    /// An id that tells the time, or the one behind the last where that is later: for a message, or
    /// for a job.
    public QueueId nextId() {
        long now = QueueId.at(clock.instant()).value();
        return new QueueId(lastId.updateAndGet(last -> Math.max(last + 1, now)));
    }

    /// Makes a message durable and waits until it is. `origin` as in [SpoolRecord.Accepted].
    ///
    /// @throws IllegalArgumentException where there are more than 100,000 recipients
    public AcceptResult accept(Envelope envelope, IncomingBody body, String origin) {
        Optional<SmtpReply> trouble = body.trouble().or(this::refusal);
        if (trouble.isPresent()) {
            body.close();
            return new AcceptResult.Refused(trouble.get());
        }
        Inbox.Bytes last = body.lastPart();
        Inbox.Submission submission = submit(envelope, body, last, origin);
        Optional<SmtpReply> refusal = await(submission);
        if (refusal.isPresent()) {
            return new AcceptResult.Refused(refusal.get());
        }
        SpooledMessage message = submission.messages().getFirst();
        if (body.parts() == 0) {
            kept.keep(message, last);
        }
        return new AcceptResult.Stored(message);
    }

    /// Appends without waiting for the sync, which follows within `outcomeSyncMost`. Waits only
    /// while the writer is more than a bounded number of batches behind, or outcomes cannot be made
    /// durable: because the disk fails, or because a sync takes long, 200 ms or five times
    /// `outcomeSyncMost`; or because the event log is far behind. After [#close] the batch is
    /// dropped, as a crash would drop it.
    ///
    /// @param whenDurable called once by a spool thread after the sync, with the reports as spooled
    ///   messages; must not block
    /// @throws IllegalArgumentException where the batch is larger than 16 MiB
    public void append(SpoolBatch batch, Consumer<List<SpooledMessage>> whenDurable) {
        put(
                new Inbox.Submission(
                        Inbox.Kind.OUTCOME, batch.items(this::nextId, partBytes()), whenDurable),
                false);
    }

    /// Appends and waits for the sync; does not wait for a disk that fails.
    ///
    /// @throws IOException where it could not be made durable; its message says why
    /// @throws IllegalArgumentException where the batch is larger than 16 MiB
    public List<SpooledMessage> appendAndWait(SpoolBatch batch) throws IOException {
        var submission =
                new Inbox.Submission(
                        Inbox.Kind.WAITED, batch.items(this::nextId, partBytes()), _ -> {});
        put(submission, true);
        Optional<SmtpReply> refusal = await(submission);
        if (refusal.isPresent()) {
            throw new IOException(refusal.get().text());
        }
        return submission.messages();
    }

    public BodyReader read(SpooledMessage message) {
        Executor disk = readers.isPresent() ? readers.get() : Runnable::run;
        return new BodyReader(message, disk, indexer::damaged);
    }

    /// Syncs what is waiting, ends the writer, unlocks the folder.
    @Override
    public void close() {
        inbox.close();
        indexThread.ifPresent(IndexThread::close);
        if (writerThread.isPresent()) {
            Pause.untilEnd(writerThread.get());
        } else {
            writer.run();
        }
        // A walk is not waited for: the next start reads again what asked for it.
        checkpointNow();
        index.close();
        committed.close();
        readers.ifPresent(ExecutorService::shutdown);
        pool.close();
        try {
            writer.closeFiles();
            files.close();
        } catch (IOException e) {
            LOG.warn("closing the spool: {}", e.getMessage());
        }
    }

    /// So that the next start has little to read; while the writer stands still.
    private void checkpointNow() {
        try {
            checkpoints.make(writer.markNow());
        } catch (IOException e) {
            LOG.warn("the next start reads more of the log: {}", e.getMessage());
        }
    }

    /// For [Drive#CALLER]: lets the writer, the pool and the index do what is to be done now.
    ///
    /// @return whether anything was written
    boolean step(Inbox.Wake wake) {
        pool.tend();
        if (drive == Drive.CALLER) {
            stepIndex();
        }
        return writer.step(wake);
    }

    void stepIndex() {
        try {
            boolean isMore = true;
            while (isMore) {
                isMore = indexer.step();
            }
            checkpoints.step(clock.instant());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// For [Drive#CALLER]: what a kill leaves of the index.
    void abandonIndex() {
        index.close();
    }

    /// Puts a message into the inbox, without waiting for its sync.
    ///
    /// @param last the part of `body` that was not sent yet
    Inbox.Submission submit(Envelope envelope, IncomingBody body, Inbox.Bytes last, String origin) {
        if (envelope.recipients().size() > RecordCodec.RECIPIENTS_MAX) {
            throw new IllegalArgumentException(
                    "a message has at most " + RecordCodec.RECIPIENTS_MAX + " recipients");
        }
        SpooledMessage.Draft draft = body.draft();
        List<Inbox.Item> records = IncomingBody.partRecords(draft, body.parts(), last, partBytes());
        LogEntry.Head head =
                new LogEntry.Head(
                        envelope.receivedAt(),
                        draft.id(),
                        draft.id(),
                        origin,
                        body.size(),
                        body.parts() + records.size(),
                        0,
                        envelope.recipients().size(),
                        Optional.of(envelope));
        records.add(acceptedRecord(head, draft));
        body.past().forEach(record -> records.add(Inbox.Item.of(new LogEntry.Fact(record))));
        var submission = new Inbox.Submission(Inbox.Kind.MAIL, records, _ -> {});
        put(submission, true);
        return submission;
    }

    Inbox.Submission submitPart(List<Inbox.Item> records) {
        var submission = new Inbox.Submission(Inbox.Kind.MAIL, records, _ -> {});
        put(submission, false);
        return submission;
    }

    /// Why the submission was refused; empty where it is durable.
    Optional<SmtpReply> await(Inbox.Submission submission) {
        while (writerThread.isEmpty() && !submission.isDone()) {
            step(Inbox.Wake.WORK);
        }
        if (!submission.isDone()) {
            inbox.hurry();
        }
        return submission.await();
    }

    private void put(Inbox.Submission submission, boolean urgent) {
        if (submission.bytes() > BATCH_BYTES_MAX) {
            throw new IllegalArgumentException("a batch has at most 16 MiB");
        }
        while (writerThread.isEmpty() && inbox.wouldWait(submission.kind())) {
            step(Inbox.Wake.WORK);
        }
        inbox.put(submission, urgent).ifPresent(submission::refuse);
    }

    /// The record that commits a message. An envelope that is larger than a part goes ahead of it,
    /// in parts.
    private Inbox.Item acceptedRecord(LogEntry.Head head, SpooledMessage.Draft draft) {
        var whole = Inbox.Item.of(new LogEntry.Accepted(head), Inbox.Bytes.NONE, draft);
        if (whole.head().length <= partBytes()) {
            return whole;
        }
        byte[] bytes = EnvelopeCodec.encode(head.envelope().orElseThrow());
        int parts = 0;
        for (int from = 0; from < bytes.length; from += partBytes()) {
            int length = Math.min(partBytes(), bytes.length - from);
            var part = new LogEntry.EnvelopePart(draft.id(), parts++);
            var slice = new Inbox.Bytes(bytes, from, length);
            submitPart(List.of(Inbox.Item.of(part, slice, draft)));
        }
        var split = new LogEntry.Accepted(head.inParts(parts));
        return Inbox.Item.of(split, Inbox.Bytes.NONE, draft);
    }

    /// A quarter of a segment at most, so that a batch of a few parts fits.
    private int partBytes() {
        return (int) Math.min(PART_BYTES_MAX, settings.segmentBytes() / 4);
    }

    private SpoolSegment firstSegment(List<SpoolSegment> past) throws IOException {
        if (past.isEmpty()) {
            return pool.take(new SegmentPool.Succession(0, 0, 0), 0, 0, lastId.get());
        }
        SpoolSegment newest = past.getLast();
        var before =
                new SegmentPool.Succession(newest.sequence(), newest.generation(), newest.end());
        return pool.take(before, 0, past.getFirst().sequence(), lastId.get());
    }

    private Thread startWriter() {
        return Thread.ofPlatform()
                .name("spool-writer-1")
                .start(() -> {
                    try {
                        writer.run();
                        writer.refuseAll();
                    } catch (RuntimeException | Error bug) {
                        // Outcomes could not be made durable any more and callers would wait for
                        // ever: a restart recovers everything that was promised.
                        LOG.error("the spool's writer failed; the node ends at once", bug);
                        Runtime.getRuntime().halt(EXIT_BROKEN);
                    }
                });
    }

    /// Its queue is bounded by its callers: each waits for the one part that it asked for.
    private static ExecutorService newReaders() {
        return Executors.newFixedThreadPool(
                READERS, Thread.ofPlatform().name("spool-read-", 1).daemon().factory());
    }
}
