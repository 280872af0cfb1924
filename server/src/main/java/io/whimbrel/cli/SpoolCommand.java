package io.whimbrel.cli;

import io.whimbrel.config.Config;
import io.whimbrel.eventlog.EventLog;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.salvage.Export;
import io.whimbrel.salvage.Import;
import io.whimbrel.salvage.ImportDefaults;
import io.whimbrel.salvage.SpoolCheck;
import io.whimbrel.salvage.SpoolTotals;
import io.whimbrel.spool.OfflineSpool;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolLock;
import io.whimbrel.time.SteadyClock;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongConsumer;

/// `whimbrel spool`: check, count, export and import the mail of a node that is stopped. Exit 0
/// where all is good, 1 where something was found wrong or left out, 2 where it could not be done.
@Command(
        name = "spool",
        description = {
            "Check, count, export and import the mail of a node that is stopped.",
            "Exit: 0 all is good, 1 something is wrong or was left out, 2 it could not be done."
        })
final class SpoolCommand implements Runnable {
    private static final int CANNOT = 2;
    private static final int TOP_MOST = 100_000;

    @Mixin private Console console = new Console();
    @Mixin private DataOptions data = new DataOptions();

    @Option(
            names = "--work",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description =
                    "Where an index is built meanwhile, about as large as the node's; default: the"
                            + " system's folder for temporary files.")
    private Optional<Path> work = Optional.empty();

    @Spec private CommandSpec spec = CommandSpec.create();

    private final SteadyClock clock = new SteadyClock();

    /// What a verb does with a spool that is open.
    private interface Body {
        int run(OfflineSpool spool) throws IOException;
    }

    @Override
    public void run() {
        throw console.usage("Say what to do: check, stat, export or import");
    }

    @Command(
            name = "check",
            description =
                    "Read all of the log, every queued message and the index; change nothing.")
    int check() {
        return offline(spool -> {
            var text = new SpoolText(console);
            SpoolCheck.Summary summary = new SpoolCheck(spool, text::finding).run();
            text.summary(summary);
            return summary.damages() > 0 ? Console.FAILED : Console.OK;
        });
    }

    @Command(name = "stat", description = "Count what is in the spool; change nothing.")
    int stat(
            @Option(
                            names = "--by",
                            paramLabel = "KEY",
                            description = "Only by this: tenant, campaign or domain; default: all.")
                    Optional<String> by,
            @Option(
                            names = "--top",
                            paramLabel = "N",
                            defaultValue = "10",
                            description = "At most so many lines by each, 1 to 100000; default 10.")
                    int top) {
        if (top < 1 || top > TOP_MOST) {
            throw console.usage("--top is 1 to " + TOP_MOST);
        }
        List<SpoolTotals.Key> keys = by.map(this::key).orElse(List.of(SpoolTotals.Key.values()));
        return offline(spool -> {
            OfflineSpool.Reading reading = reading(spool);
            LongConsumer counted = new Progress(console, clock, "messages counted");
            var totals = new SpoolTotals(spool, reading, clock.instant(), counted);
            new SpoolText(console).totals(totals, keys, top, clock.instant());
            return Console.OK;
        });
    }

    @Command(
            name = "export",
            description = {
                "Write queued mail into a folder: ID.eml, the message as it would be sent, and"
                        + " ID.json, its envelope and where its recipients stand.",
                "The spool stays as it is. With conditions only the recipients that meet all of"
                        + " them are written."
            })
    int export(
            @Parameters(paramLabel = "DIR", description = "A new or empty folder.") Path folder,
            @Option(names = "--id", paramLabel = "ID", description = "One message.")
                    Optional<String> id,
            @Mixin MailConditions conditions,
            @Option(
                            names = "--resume",
                            description = "Go on with an export that stopped; skip what is there.")
                    boolean isResumed) {
        Optional<QueueId> one =
                id.flatMap(text -> QueueId.parse(ScopeOptions.requireId(spec, text)));
        QueueScope meant = conditions.scope(one, clock.instant());
        return offline(spool -> {
            LongConsumer written = new Progress(console, clock, "messages written");
            var export = new Export(folder, meant, console::fail, written);
            export.prepare(isResumed);
            Export.Result result = export.run(reading(spool));
            new SpoolText(console).exported(result, folder);
            return result.failed() + result.removed() > 0 ? Console.FAILED : Console.OK;
        });
    }

    @Command(
            name = "import",
            description = {
                "Bring messages from a folder into the spool, as export wrote them.",
                "Each is durable before it is told; what was done stands in DIR/imported.jsonl and"
                        + " is not done again.",
                "For messages without a .json beside them, give --from, --to and --tenant."
            })
    int importMail(
            @Parameters(paramLabel = "DIR", description = "With files *.eml and *.json.")
                    Path folder,
            @Option(names = "--from", paramLabel = "ADDRESS", description = "Reverse-path, or <>.")
                    Optional<String> from,
            @Option(names = "--to", paramLabel = "ADDRESS", description = "Again for more.")
                    List<String> to,
            @Option(names = "--tenant", paramLabel = "TENANT", description = "Whose mail it is.")
                    Optional<String> tenant) {
        Optional<ImportDefaults> defaults = defaults(from, Optional.ofNullable(to), tenant);
        return guarded(() -> importMail(folder, defaults));
    }

    private int importMail(Path folder, Optional<ImportDefaults> defaults) throws IOException {
        Config config = data.config();
        if (!Files.isDirectory(config.node().dataFolder())) {
            throw new IOException(
                    "there is no data folder "
                            + config.node().dataFolder()
                            + "; start the node once, or make it");
        }
        var text = new SpoolText(console);
        var work = new Import(folder, defaults, clock, text::outcome);
        Import.Result result;
        // The lock first: it keeps the event log of a running node from being touched.
        SpoolLock lock = SpoolLock.of(config.spool());
        EventLog events = openEventLog(config, lock);
        try (Spool spool = lock.open(events.position(), clock)) {
            spool.takeRecovery().findings().forEach(console::fail);
            result = work.run(spool, events);
        } finally {
            // Behind the spool, so that it tells what became durable last.
            events.close();
        }
        text.imported(result);
        return result.bad() > 0 ? Console.FAILED : Console.OK;
    }

    private EventLog openEventLog(Config config, SpoolLock lock) throws IOException {
        boolean isOpen = false;
        try {
            EventLog opened = EventLog.open(config.eventLog(), new Metrics(), clock);
            isOpen = true;
            return opened;
        } finally {
            if (!isOpen) {
                lock.close();
            }
        }
    }

    private List<SpoolTotals.Key> key(String text) {
        for (SpoolTotals.Key key : SpoolTotals.Key.values()) {
            if (key.name().equals(text.toUpperCase(Locale.ROOT))) {
                return List.of(key);
            }
        }
        throw console.usage("--by is tenant, campaign or domain: " + text);
    }

    private Optional<ImportDefaults> defaults(
            Optional<String> from, Optional<List<String>> to, Optional<String> tenant) {
        if (from.isEmpty() && to.isEmpty() && tenant.isEmpty()) {
            return Optional.empty();
        }
        if (from.isEmpty() || to.isEmpty() || tenant.isEmpty()) {
            throw console.usage("--from, --to and --tenant belong together: give all or none");
        }
        try {
            String sender = from.get().equals("<>") ? "" : from.get();
            return Optional.of(ImportDefaults.of(sender, to.get(), tenant.get()));
        } catch (IllegalArgumentException e) {
            throw console.usage(String.valueOf(e.getMessage()));
        }
    }

    /// As the next start would see it: by the index where that can be used, else from the log.
    private OfflineSpool.Reading reading(OfflineSpool spool) throws IOException {
        return switch (spool.fromIndex()) {
            case OfflineSpool.Indexed.Usable(var reading, var _) -> reading;
            case OfflineSpool.Indexed.Unusable(String why, boolean _) -> {
                console.err().println(why + "; the whole log is read");
                console.err().flush();
                yield spool.fromLog();
            }
        };
    }

    private int offline(Body body) {
        return guarded(() -> {
            Config config = data.config();
            Path made =
                    work.isPresent()
                            ? Files.createTempDirectory(work.get(), "whimbrel-spool-")
                            : Files.createTempDirectory("whimbrel-spool-");
            try {
                var setting =
                        new OfflineSpool.Setting(
                                config.spool().folder(), made, config.spool().indexMemoryBytes());
                var read = new Progress(console, clock, "bytes of the log read");
                try (OfflineSpool spool = OfflineSpool.open(setting, read)) {
                    return body.run(spool);
                }
            } finally {
                WorkFolder.delete(made);
            }
        });
    }

    private int guarded(Console.Body body) {
        return console.run(() -> {
            try {
                return body.run();
            } catch (IOException e) {
                console.fail(String.valueOf(e.getMessage()));
                return CANNOT;
            }
        });
    }
}
