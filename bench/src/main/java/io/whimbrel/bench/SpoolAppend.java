package io.whimbrel.bench;

import io.whimbrel.log.Position;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.spool.AcceptResult;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.CommittedRecord;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolSettings;
import io.whimbrel.time.SteadyClock;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/// How many messages a second does the spool make durable, from 1 to 256 submitters?
///
/// Each submitter is a virtual thread that accepts a message of 5 KB, waits until it is durable,
/// and settles it, as a relay does. One line for each number of submitters; the first second of
/// each is warm-up. Usage: `SpoolAppend FOLDER [SECONDS]`.
public final class SpoolAppend {
    private static final int MESSAGE_BYTES = 5 << 10;
    private static final AttemptFacts FACTS =
            new AttemptFacts("", "sink", "sink [127.0.0.1]", 250, "2.0.0", "Ok", "");

    private final SteadyClock clock = new SteadyClock();
    private final Spool spool;
    private final LongAdder accepted = new LongAdder();
    private volatile boolean isRunning = true;

    private SpoolAppend(Path folder) throws IOException {
        var settings =
                new SpoolSettings(
                        folder, 64 << 20, Duration.ofMillis(20), 1 << 28, 1 << 26, 1 << 27);
        this.spool = Spool.open(settings, Position.START, clock);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path folder = Path.of(arguments[0]);
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
        IO.println("| submitters | messages/s | core-ms per message |\n|---|---|---|");
        for (int submitters : List.of(1, 16, 64, 256)) {
            new SpoolAppend(folder.resolve("submitters-" + submitters)).run(submitters, seconds);
        }
    }

    private void run(int submitters, int seconds) throws InterruptedException {
        var records = spool.records(Position.START);
        Thread.ofPlatform().daemon().start(() -> release(records::take, records::release));
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < submitters; i++) {
            threads.add(Thread.ofVirtual().start(this::submit));
        }
        threads.getFirst().join(Duration.ofSeconds(1));
        long countBefore = accepted.sum();
        long cpuBefore = cpuNanos();
        long began = clock.nanos();
        threads.getFirst().join(Duration.ofSeconds(seconds));
        double count = accepted.sum() - countBefore;
        double perSecond = count * 1e9 / (clock.nanos() - began);
        double coreMillis = (cpuNanos() - cpuBefore) / 1e6 / count;
        IO.println("| %d | %,.0f | %.3f |".formatted(submitters, perSecond, coreMillis));
        isRunning = false;
        for (Thread thread : threads) {
            thread.join();
        }
        spool.close();
    }

    private interface Take {
        List<CommittedRecord> take(Duration wait) throws InterruptedException;
    }

    private interface Release {
        void release(Position position);
    }

    /// Stands for the event log, so that segments are recycled.
    private void release(Take take, Release release) {
        try {
            while (isRunning) {
                List<CommittedRecord> records = take.take(Duration.ofMillis(100));
                if (!records.isEmpty()) {
                    release.release(records.getLast().next());
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void submit() {
        byte[] bytes = new byte[MESSAGE_BYTES];
        var path = new ForwardPath("r@example.org", new DomainName("example.org"));
        while (isRunning) {
            try (var body = spool.newBody()) {
                body.write(bytes, 0, bytes.length);
                var envelope =
                        new Envelope(
                                new ReversePath("s@example.com"),
                                List.of(Recipient.of(path)),
                                MailParameters.NONE,
                                MailStream.NONE,
                                clock.instant(),
                                DsnPolicy.NEVER);
                settle(spool.accept(envelope, body, "[127.0.0.1]"));
            }
        }
    }

    private void settle(AcceptResult result) {
        if (result instanceof AcceptResult.Stored(var message)) {
            accepted.increment();
            var settled =
                    new SpoolRecord.Settled(
                            clock.instant(),
                            message.id(),
                            RecipientNumbers.all(1),
                            SpoolRecord.Disposition.DELIVERED,
                            1,
                            FACTS);
            spool.append(new SpoolBatch(List.of(settled), List.of()), _ -> {});
        }
    }

    private static long cpuNanos() {
        var system =
                (com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime();
    }
}
