package io.whimbrel.spool;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntConsumer;

/// What clients, deliveries and operators were told, and whether a recovered spool agrees.
final class SpoolLedger {
    private static final int TELLING_BYTES = 8;

    private final Map<QueueId, Mail> mails = new TreeMap<>();
    private final Set<QueueId> idsGiven = new HashSet<>();
    private final List<Settling> settlings = new ArrayList<>();
    private final List<SpoolRecord.OperatorAction> actions = new ArrayList<>();
    private final Map<String, byte[]> quarantined = new HashMap<>();
    private Set<QueueScope> holds = new HashSet<>();
    private int actionsDurable;
    private final List<SpoolRecord.Job> jobRecords = new ArrayList<>();
    private Map<QueueId, Long> jobs = new HashMap<>();
    private int jobsDurable;
    private final List<SpoolRecord> savedEvents = new ArrayList<>();
    private final List<CommittedRecord> unsavedEvents = new ArrayList<>();
    private Position cursor = Position.START;
    private Optional<CommittedRecords> records = Optional.empty();

    private static final class Mail {
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private Optional<Envelope> envelope = Optional.empty();
        private int recipients;
        private boolean isStored;
        private final Set<Integer> settling = new TreeSet<>();
        private final Set<Integer> settled = new TreeSet<>();
        private final Map<Integer, SpoolRecord.Deferred> deferring = new HashMap<>();
        private final Map<Integer, Integer> attempts = new HashMap<>();
        private int attempt;

        /// Where it was moved since the last start, and how many of these moves are durable.
        private final List<MailStream> moves = new ArrayList<>();

        private int movesDurable;
        private Optional<MailStream> stream = Optional.empty();

        void is(Envelope submitted) {
            envelope = Optional.of(submitted);
            recipients = submitted.recipients().size();
        }

        Envelope bareEnvelope() {
            return envelope.orElseThrow().withStream(MailStream.NONE);
        }

        /// It is where one of the moves that may be durable says, the durable ones included.
        void checkStream(MailStream found) {
            var possible = new ArrayList<MailStream>();
            if (movesDurable == 0) {
                possible.add(stream.orElse(envelope.orElseThrow().stream()));
            }
            possible.addAll(moves.subList(Math.max(0, movesDurable - 1), moves.size()));
            assertThat(possible).as("moves survive").contains(found);
            stream = Optional.of(found);
            moves.clear();
            movesDurable = 0;
        }

        boolean hasWaiting() {
            return settling.size() < recipients;
        }
    }

    private static final class Settling {
        private final QueueId id;
        private final RecipientNumbers recipients;
        private final List<SpoolBatch.Report> reports;
        private boolean isDurable;

        Settling(QueueId id, RecipientNumbers recipients, List<SpoolBatch.Report> reports) {
            this.id = id;
            this.recipients = recipients;
            this.reports = reports;
        }
    }

    CommittedRecords records() {
        return records.orElseThrow();
    }

    int size() {
        return mails.size();
    }

    void begun(QueueId id) {
        assertThat(mails).as("queue ids are unique").doesNotContainKey(id);
        idsGiven.add(id);
        mails.put(id, new Mail());
    }

    void wrote(QueueId id, byte[] piece) {
        mail(id).body.writeBytes(piece);
    }

    void submitted(QueueId id, Envelope envelope) {
        mail(id).is(envelope);
    }

    void stored(QueueId id) {
        mail(id).isStored = true;
    }

    void refused(QueueId id) {
        mails.remove(id);
    }

    /// Messages that were acknowledged and have recipients that nobody tried to settle.
    List<QueueId> inQueue() {
        return mails.entrySet().stream()
                .filter(entry -> entry.getValue().isStored)
                .filter(entry -> entry.getValue().hasWaiting())
                .map(Map.Entry::getKey)
                .toList();
    }

    Set<Integer> waiting(QueueId id) {
        Mail mail = mail(id);
        var waiting = new TreeSet<Integer>();
        for (int i = 0; i < mail.envelope.orElseThrow().recipients().size(); i++) {
            if (!mail.settling.contains(i)) {
                waiting.add(i);
            }
        }
        return waiting;
    }

    int nextAttempt(QueueId id) {
        return ++mail(id).attempt;
    }

    Object settling(QueueId id, RecipientNumbers recipients, List<SpoolBatch.Report> reports) {
        forEach(recipients, mail(id).settling::add);
        var token = new Settling(id, recipients, reports);
        settlings.add(token);
        return token;
    }

    void settled(Object token, List<SpooledMessage> made) {
        var settling = (Settling) token;
        settling.isDurable = true;
        forEach(settling.recipients, mail(settling.id).settled::add);
        assertThat(made).hasSameSizeAs(settling.reports);
        for (int i = 0; i < made.size(); i++) {
            addReport(made.get(i).id(), settling.reports.get(i));
        }
    }

    Object deferring(SpoolRecord.Deferred record) {
        forEach(record.recipients(), number -> mail(record.id()).deferring.put(number, record));
        return record;
    }

    void deferred(Object token) {
        var record = (SpoolRecord.Deferred) token;
        Mail mail = mail(record.id());
        forEach(record.recipients(), number -> mail.attempts.put(number, record.attempt()));
    }

    void moving(QueueId id, MailStream stream) {
        mail(id).moves.add(stream);
    }

    void moved(QueueId id) {
        mail(id).movesDurable++;
    }

    /// A job is put into the log, at any stage.
    void working(SpoolRecord.Job job) {
        jobRecords.add(job);
    }

    void worked() {
        jobsDurable++;
    }

    /// Jobs are as after some first part of their records, all durable ones included.
    private void checkJobs(Recovery recovery) {
        var found = new HashMap<QueueId, Long>();
        recovery.jobs().forEach(job -> found.put(job.job().id(), job.done()));
        var state = new HashMap<>(jobs);
        boolean isMatched = jobsDurable == 0 && state.equals(found);
        for (int i = 0; i < jobRecords.size(); i++) {
            SpoolRecord.Job record = jobRecords.get(i);
            if (record.stage().isEnd()) {
                state.remove(record.job().id());
            } else {
                state.put(record.job().id(), record.done());
            }
            isMatched |= i + 1 >= jobsDurable && state.equals(found);
        }
        assertThat(isMatched).as("jobs survive: %s", found).isTrue();
        jobs = found;
        jobRecords.clear();
        jobsDurable = 0;
    }

    /// Jobs that run, with how far they are.
    Map<QueueId, Long> jobs() {
        var state = new TreeMap<>(jobs);
        for (SpoolRecord.Job record : jobRecords) {
            if (record.stage().isEnd()) {
                state.remove(record.job().id());
            } else {
                state.put(record.job().id(), record.done());
            }
        }
        return state;
    }

    void operating(SpoolRecord.OperatorAction action) {
        actions.add(action);
    }

    void operated() {
        actionsDurable++;
    }

    void read(List<CommittedRecord> taken) {
        unsavedEvents.addAll(taken);
    }

    /// The event log makes what it has read durable.
    Optional<Position> save() {
        if (unsavedEvents.isEmpty()) {
            return Optional.empty();
        }
        cursor = unsavedEvents.getLast().next();
        unsavedEvents.forEach(event -> savedEvents.add(event.record()));
        unsavedEvents.clear();
        return Optional.of(cursor);
    }

    /// Judges a recovery, and takes for true from now on what it says.
    void recovered(Spool spool, FaultyFiles files) throws Exception {
        Recovery recovery = spool.takeRecovery();
        CommittedRecords reader = spool.records(cursor);
        records = Optional.of(reader);
        unsavedEvents.clear();
        for (var taken = reader.take(Duration.ZERO);
                !taken.isEmpty();
                taken = reader.take(Duration.ZERO)) {
            unsavedEvents.addAll(taken);
        }
        var events = new ArrayList<>(savedEvents);
        unsavedEvents.forEach(event -> events.add(event.record()));
        checkOrder();
        Map<QueueId, Set<Integer>> settled = checkEvents(events);
        checkMessages(spool, settled);
        checkActions(recovery);
        checkJobs(recovery);
        assertThat(recovery.findings())
                .as("a power cut damages nothing that was acknowledged")
                .noneMatch(line -> !line.contains("was cut short"));
        checkQuarantine(recovery, files);
    }

    private void checkQuarantine(Recovery recovery, FaultyFiles files) {
        quarantined.forEach((name, bytes) ->
                assertThat(files.content(name)).as("what is in quarantine stays").isEqualTo(bytes));
        for (String line : recovery.findings()) {
            String name = line.substring(line.indexOf(SpoolFiles.QUARANTINE));
            quarantined.put(name, files.content(name).clone());
        }
    }

    private void checkOrder() {
        Position last = cursor;
        for (CommittedRecord event : unsavedEvents) {
            assertThat(event.position()).as("events ascend").isGreaterThanOrEqualTo(last);
            assertThat(event.next()).isGreaterThan(event.position());
            last = event.next();
        }
    }

    /// What the whole event log says: which recipients of which messages were settled.
    private Map<QueueId, Set<Integer>> checkEvents(List<SpoolRecord> events) {
        var settled = new TreeMap<QueueId, Set<Integer>>();
        for (SpoolRecord event : events) {
            switch (event) {
                case SpoolRecord.Accepted accepted -> {
                    adoptReport(accepted);
                    assertThat(mails)
                            .as("only what was sent is accepted")
                            .containsKey(accepted.id());
                    assertThat(settled).as("accepted once").doesNotContainKey(accepted.id());
                    assertThat(accepted.envelope().withStream(MailStream.NONE))
                            .isEqualTo(mail(accepted.id()).bareEnvelope());
                    settled.put(accepted.id(), new TreeSet<>());
                }
                case SpoolRecord.Settled record -> {
                    assertThat(settled).as("accepted before settled").containsKey(record.id());
                    Set<Integer> done = settled.getOrDefault(record.id(), Set.of());
                    forEach(
                            record.recipients(),
                            number -> {
                                if (!done.add(number)) {
                                    throw new AssertionError("settled twice: " + record);
                                }
                            });
                }
                case SpoolRecord.Quarantined record ->
                        throw new AssertionError("a power cut damages no mail: " + record);
                case SpoolRecord.Deferred _,
                        SpoolRecord.Operator _,
                        SpoolRecord.Job _,
                        SpoolRecord.Moved _,
                        SpoolRecord.Notice _ -> {}
            }
        }
        return settled;
    }

    /// A report of a batch whose callback did not come before the cut.
    private void adoptReport(SpoolRecord.Accepted accepted) {
        if (accepted.origin().equals("local") && !mails.containsKey(accepted.id())) {
            Settling settling =
                    settlings.stream()
                            .filter(s -> !s.isDurable && s.id.equals(accepted.cause()))
                            .filter(s -> !s.reports.isEmpty())
                            .filter(s -> s.reports.getFirst().body().length == accepted.size())
                            .findFirst()
                            .orElseThrow(() -> new AssertionError("no cause: " + accepted));
            addReport(accepted.id(), settling.reports.getFirst());
        }
    }

    private void addReport(QueueId id, SpoolBatch.Report report) {
        var mail = new Mail();
        mail.body.writeBytes(report.body());
        mail.is(report.envelope());
        mail.isStored = true;
        mails.put(id, mail);
        idsGiven.add(id);
    }

    private void checkMessages(Spool spool, Map<QueueId, Set<Integer>> settled) throws Exception {
        var inQueue = new HashSet<QueueId>();
        for (RecoveredMessage recovered : SpoolFixtures.queued(spool)) {
            QueueId id = recovered.message().id();
            assertThat(inQueue.add(id)).as("recovered once").isTrue();
            assertThat(settled).as("in the queue and in the events").containsKey(id);
            checkMessage(spool, recovered, settled.getOrDefault(id, Set.of()));
        }
        for (Map.Entry<QueueId, Mail> entry : Map.copyOf(mails).entrySet()) {
            QueueId id = entry.getKey();
            Mail mail = entry.getValue();
            Set<Integer> done = settled.get(id);
            if (done == null) {
                assertThat(mail.isStored).as("lost: %s", id).isFalse();
                mails.remove(id);
                continue;
            }
            assertThat(done.size() < mail.recipients)
                    .as("%s: %s of %d are settled", id, done, mail.recipients)
                    .isEqualTo(inQueue.contains(id));
            assertThat(done.containsAll(mail.settled)).as("settled, durable: %s", id).isTrue();
            assertThat(mail.settling.containsAll(done)).as("settled by us: %s", id).isTrue();
            mail.isStored = true;
            mail.settling.retainAll(done);
            mail.settled.addAll(done);
        }
        settlings.forEach(one -> checkBatch(one, settled));
        settlings.clear();
    }

    /// Report and cause are there together, or neither. Where the report is so short that other
    /// mail may read the same by chance, nothing can be told.
    private void checkBatch(Settling settling, Map<QueueId, Set<Integer>> settled) {
        if (settling.reports.stream().anyMatch(one -> one.body().length < TELLING_BYTES)) {
            return;
        }
        Set<Integer> done = settled.getOrDefault(settling.id, Set.of());
        boolean isApplied = done.contains(settling.recipients.get(0));
        long reports =
                mails.values().stream()
                        .filter(mail -> !settling.reports.isEmpty())
                        .filter(mail ->
                                Arrays.equals(
                                        mail.body.toByteArray(),
                                        settling.reports.getFirst().body()))
                        .count();
        assertThat(reports).isEqualTo(isApplied ? settling.reports.size() : 0);
    }

    private void checkMessage(Spool spool, RecoveredMessage recovered, Set<Integer> done)
            throws Exception {
        SpooledMessage message = recovered.message();
        Mail mail = mail(message.id());
        assertThat(message.envelope().withStream(MailStream.NONE)).isEqualTo(mail.bareEnvelope());
        mail.checkStream(message.envelope().stream());
        assertThat(message.size()).isEqualTo(mail.body.size());
        assertThat(SpoolFixtures.read(spool, message)).isEqualTo(mail.body.toByteArray());
        var waiting = new TreeSet<Integer>();
        for (RecoveredMessage.Waiting group : recovered.waiting()) {
            forEach(
                    group.recipients(),
                    number -> {
                        assertThat(waiting.add(number)).isTrue();
                        checkState(mail, number, group.attempts(), group.dueAt());
                    });
        }
        assertThat(Collections.disjoint(waiting, done)).as("in one state each").isTrue();
        assertThat(waiting.size() + done.size()).isEqualTo(message.envelope().recipients().size());
    }

    private static void checkState(Mail mail, int number, int attempts, Instant dueAt) {
        int least = mail.attempts.getOrDefault(number, 0);
        SpoolRecord.Deferred last = mail.deferring.get(number);
        int most = last == null ? 0 : last.attempt();
        assertThat(attempts).as("attempts survive").isBetween(least, most);
        if (last != null && attempts == most) {
            assertThat(dueAt).as("due times survive").isEqualTo(last.dueAt());
        }
        mail.attempts.put(number, attempts);
        if (last != null && attempts < most) {
            mail.deferring.put(number, withAttempt(last, attempts, dueAt));
        }
    }

    private static SpoolRecord.Deferred withAttempt(
            SpoolRecord.Deferred r, int attempts, Instant dueAt) {
        return new SpoolRecord.Deferred(
                r.at(), r.id(), r.recipients(), attempts, dueAt, false, false, r.facts());
    }

    /// Holds are as after some first part of the actions, all durable ones included.
    private void checkActions(Recovery recovery) {
        var found = new HashSet<QueueScope>();
        for (SpoolRecord.Operator record : recovery.operatorActions()) {
            found.add(((SpoolRecord.OperatorAction.Hold) record.action()).scope());
        }
        var state = new HashSet<>(holds);
        boolean isMatched = actionsDurable == 0 && state.equals(found);
        for (int i = 0; i < actions.size(); i++) {
            switch (actions.get(i)) {
                case SpoolRecord.OperatorAction.Hold hold -> state.add(hold.scope());
                case SpoolRecord.OperatorAction.Release release -> state.remove(release.scope());
                case SpoolRecord.OperatorAction.Suspend _,
                        SpoolRecord.OperatorAction.Resume _,
                        SpoolRecord.OperatorAction.RetryNow _ ->
                        throw new AssertionError("not made here");
            }
            isMatched |= i + 1 >= actionsDurable && state.equals(found);
        }
        assertThat(isMatched).as("holds survive: %s", found).isTrue();
        holds = found;
        actions.clear();
        actionsDurable = 0;
    }

    private Mail mail(QueueId id) {
        Mail mail = mails.get(id);
        if (mail == null) {
            throw new AssertionError("unknown message " + id);
        }
        return mail;
    }

    private static void forEach(RecipientNumbers recipients, IntConsumer action) {
        for (int i = 0; i < recipients.size(); i++) {
            action.accept(recipients.get(i));
        }
    }
}
