package io.whimbrel.simulator;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// What the providers did, one by one: the log file, and the last messages for tests. Both are off
/// unless asked for. Thread-safe.
final class Ledger implements AutoCloseable {
    private static final int HEADER_BYTES_MAX = 16 * 1024;

    private final SimulatorClock clock;
    private final int keptMax;
    private final ArrayDeque<KeptMessage> kept = new ArrayDeque<>();
    private final Semaphore accepted = new Semaphore(0);
    private final JsonMapper json = JsonMapper.shared();
    private final Optional<Writer> log;

    /// One line of the log: the result for one recipient, or for a connection or sender where no
    /// recipient was named yet.
    record Line(
            Instant time,
            String provider,
            String result,
            String id,
            String sender,
            String recipient,
            int code,
            String text) {}

    Ledger(SimulatorClock clock, int keptMax, Optional<Path> logFile) throws IOException {
        this.clock = clock;
        this.keptMax = keptMax;
        this.log =
                logFile.isPresent()
                        ? Optional.of(Files.newBufferedWriter(logFile.get()))
                        : Optional.empty();
    }

    /// How much of each message a session must hold on to.
    int bodyBytesKept() {
        if (keptMax > 0) {
            return SmtpSession.MESSAGE_BYTES_MAX;
        }
        return log.isPresent() ? HEADER_BYTES_MAX : 0;
    }

    /// To be called before the client is told, so that nothing it knows is missing here. Fails if
    /// the log cannot be written; then the message must not be accepted.
    void accept(String provider, SmtpSession.Transaction transaction, Body body)
            throws IOException {
        if (log.isPresent()) {
            String id = body.messageId();
            String sender = transaction.reversePath();
            for (String to : transaction.recipients()) {
                write(new Line(clock.now(), provider, "accepted", id, sender, to, 250, "OK"));
            }
        }
        if (keptMax > 0) {
            keep(new KeptMessage(provider, transaction, body.kept()));
        }
    }

    /// To be called when the counters show the message, for those who wait for it.
    void announce(int recipients) {
        // A semaphore fails at 2^31 permits, which a soak test could reach.
        if (accepted.availablePermits() < Integer.MAX_VALUE / 2) {
            accepted.release(recipients);
        }
    }

    void refuse(String provider, String id, Visit visit, List<String> recipients, Reply reply)
            throws IOException {
        if (log.isEmpty()) {
            return;
        }
        String result = reply.isTransient() ? "deferred" : "rejected";
        String sender = visit.reversePath();
        for (String to : recipients.isEmpty() ? List.of("") : recipients) {
            Instant now = clock.now();
            write(new Line(now, provider, result, id, sender, to, reply.code(), reply.text()));
        }
    }

    private synchronized void write(Line line) throws IOException {
        Writer writer = log.orElseThrow();
        writer.write(json.writeValueAsString(line));
        writer.write('\n');
        // A reader who follows the log sees a message as soon as its sender does.
        writer.flush();
    }

    private synchronized void keep(KeptMessage message) {
        if (kept.size() == keptMax) {
            kept.removeFirst();
        }
        kept.addLast(message);
    }

    synchronized List<KeptMessage> kept() {
        return new ArrayList<>(kept);
    }

    /// Waits until `recipients` were accepted since the start, for `most` at the longest.
    boolean awaitAccepted(int recipients, Duration most) throws InterruptedException {
        if (!accepted.tryAcquire(recipients, most.toNanos(), TimeUnit.NANOSECONDS)) {
            return false;
        }
        accepted.release(recipients);
        return true;
    }

    @Override
    public void close() throws IOException {
        if (log.isPresent()) {
            log.get().close();
        }
    }
}
