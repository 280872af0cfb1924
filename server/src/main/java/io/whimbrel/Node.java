package io.whimbrel;

import io.whimbrel.admin.AdminOperations;
import io.whimbrel.admin.AdminSocket;
import io.whimbrel.admin.DoorDesk;
import io.whimbrel.admin.EgressDesk;
import io.whimbrel.admin.ListenerStatus;
import io.whimbrel.admin.NodeStatus;
import io.whimbrel.admin.ReloadResult;
import io.whimbrel.admin.ScheduleDesk;
import io.whimbrel.admin.ShapingDesk;
import io.whimbrel.admin.TlsReportDesk;
import io.whimbrel.budget.HeapWatch;
import io.whimbrel.budget.MemoryPlan;
import io.whimbrel.config.Config;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;
import io.whimbrel.delivery.Dispatcher;
import io.whimbrel.delivery.PathRests;
import io.whimbrel.delivery.PathsFile;
import io.whimbrel.eventlog.EventLog;
import io.whimbrel.mail.BodySource;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.JobRunner;
import io.whimbrel.outcome.OperatorDesk;
import io.whimbrel.outcome.Settlement;
import io.whimbrel.pickup.PickupFolder;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.QuotasFile;
import io.whimbrel.reaction.ActionNotice;
import io.whimbrel.reception.ListenSettings;
import io.whimbrel.reception.Reception;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.Recovery;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolLock;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.NoticeKind;
import io.whimbrel.spool.SpooledMessage;
import io.whimbrel.time.SteadyClock;
import io.whimbrel.time.Ticker;
import io.whimbrel.tlsrpt.TlsReporter;
import io.whimbrel.toml.AddressText;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/// A running node, wired in the order in which mail flows. Thread-safe.
final class Node implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final Duration TICK = Duration.ofMillis(25);
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");
    private static final Duration CLOCK_STEP_WORTH_TELLING = Duration.ofSeconds(10);

    private final Path file;
    private final SteadyClock clock = new SteadyClock();
    private final Metrics metrics = new Metrics();
    private final Instant startedAt = clock.instant();
    private final FileLimit fileLimit;
    private final EventLog eventLog;
    private final Spool spool;
    private final RestingMail resting;
    private final PathsFile pathsFile;
    private final QuotasFile quotasFile;
    private final Outgoing outgoing;
    private final Dispatcher dispatcher;
    private final Schedule schedule;
    private final Settlement settlement;
    private final JobRunner jobs;
    private final Reception reception;
    private final PickupFolder pickup;
    private final TlsReporter tlsReporter;
    private final AdminSocket adminSocket;
    private final Ticker ticker;
    private final HeapWatch heap = HeapWatch.ofProcess();
    private final NodeBudgets budgets;
    private final MemoryPlan plan;
    private volatile Config config;
    private Instant disciplinedAt = startedAt;
    private boolean isClockStepTold;

    /// Recovers what the spool holds, starts delivery, then listens.
    ///
    /// @throws IOException where the node cannot run; the message says what to do
    static Node start(Path file, Config config) throws IOException {
        MemoryPlan plan = Machine.plan(config.memory());
        LOG.info("memory {}", plan.text());
        // Before anything is open: a file of the operator's that is wrong ends the start.
        Outgoing.check(config);
        makeDataFolder(config.node().dataFolder());
        return new Node(file, config.with(plan), plan);
    }

    /// Mail lies there in the clear: nobody but the owner may enter.
    private static void makeDataFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        try {
            Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileSystemException e) {
            String why = Optional.ofNullable(e.getReason()).orElse("no such place, or no right to");
            throw new IOException(
                    "cannot make the data folder "
                            + folder
                            + ": "
                            + why
                            + "; make it yourself, or name another in node.data",
                    e);
        }
    }

    /// Cuts an unfinished line, which another node may be writing: so the folder must be ours.
    private EventLog openEventLog(SpoolLock folder) throws IOException {
        boolean isOpen = false;
        try {
            EventLog opened = EventLog.open(config.eventLog(), metrics, clock);
            isOpen = true;
            return opened;
        } finally {
            if (!isOpen) {
                folder.close();
            }
        }
    }

    private Node(Path file, Config config, MemoryPlan plan) throws IOException {
        this.file = file;
        this.config = config;
        this.plan = plan;
        fileLimit = FileLimit.ofProcess(clients(config), config.delivery().connectionsMax());
        fileLimit.shortage(config.delivery().connectionsMax()).ifPresent(LOG::warn);
        SpoolLock folder = SpoolLock.of(config.spool());
        eventLog = openEventLog(folder);
        spool = folder.open(eventLog.position(), clock);
        eventLog.start(spool.records(eventLog.position()));
        resting = new RestingMail(spool);
        var rests = new PathRests(clock);
        pathsFile = new PathsFile(config.node().dataFolder(), rests, metrics);
        outgoing = new Outgoing(config, fileLimit, this::tell, clock, metrics);
        var ways =
                new Dispatcher.Means(
                        this::body,
                        resting,
                        rests,
                        outgoing.limiter(),
                        outgoing.reactions(),
                        outgoing.signing());
        dispatcher = new Dispatcher(outgoing.plan(config), ways, clock, metrics);
        schedule =
                new Schedule(
                        config.schedule(),
                        outgoing.destinations(config),
                        outgoing.limiter(),
                        dispatcher);
        metrics.egress.watchReadyQueues(schedule::readyQueues);
        settlement = new Settlement(config.report(), spool, schedule, metrics, clock, new Random());
        jobs = new JobRunner(spool, schedule, settlement, metrics, clock);
        var quotas = new Quotas(clock, metrics.door);
        quotasFile = new QuotasFile(config.node().dataFolder(), quotas, clock.lead(), metrics);
        var means =
                new Reception.Means(
                        spool, schedule, heap, plan.arrivingBytes(), quotas, outgoing.resolver());
        reception = new Reception(config.reception(), means, metrics, clock);
        pickup =
                new PickupFolder(
                        config.pickup(),
                        config.sendmail(),
                        config.node().name(),
                        reception.local()::accept,
                        metrics,
                        clock);
        dispatcher.start(schedule, settlement::settle);
        // Before listening: a restart must not reorder mail.
        recover(spool.takeRecovery());
        jobs.start();
        ticker = new Ticker("ticker-1", TICK, this::tick);
        var rooms = new NodeBudgets.Rooms(spool, schedule, reception, heap);
        budgets = new NodeBudgets(rooms, metrics, clock);
        reception.start(fileLimit.clients());
        pickup.start();
        tlsReporter =
                new TlsReporter(
                        config.node().dataFolder(),
                        new TlsReporter.Means(
                                outgoing.tlsState().results(), reception.local(), new Random()),
                        tlsReportSight(config),
                        metrics,
                        clock);
        adminSocket = AdminSocket.open(config.node().dataFolder(), operations(quotas), metrics);
    }

    private static int clients(Config config) {
        long clients = 0;
        for (ListenSettings listen : config.listens()) {
            clients += listen.limits().connectionsMax();
        }
        return (int) Math.min(clients, Integer.MAX_VALUE);
    }

    private BodySource body(SpooledMessage message) {
        return spool.read(message)::nextPart;
    }

    private void recover(Recovery recovery) {
        recovery.findings().forEach(finding -> LOG.warn("spool: {}", finding));
        Instant now = clock.instant();
        for (SpoolRecord.Operator record : recovery.operatorActions()) {
            schedule.apply(record.action(), now);
        }
        jobs.recover(recovery.jobs());
        resting.start(schedule, heap::isTight, clock);
    }

    private AdminOperations operations(Quotas quotas) {
        var desk = new OperatorDesk(spool, schedule, clock);
        var queue = new ScheduleDesk(schedule, resting, desk::apply, jobs, clock);
        var tenancy =
                new DoorDesk.Tenancy(reception::tenants, quotas, reception.tenantConnections());
        var door = new DoorDesk(reception.bans(), reception::authenticators, tenancy, clock);
        var shaping =
                new ShapingDesk(
                        outgoing.reactions(),
                        dimension -> outgoing.names(config, dimension),
                        clock);
        var egress =
                new EgressDesk(
                        queue,
                        () -> outgoing.sight(config),
                        deliveries(),
                        outgoing.reactions(),
                        new TlsReportDesk(tlsReports(), clock),
                        clock);
        return new AdminOperations(
                new AdminOperations.Desks(queue, door, shaping, egress),
                this::status,
                () -> new ReloadResult(reload()),
                metrics,
                clock);
    }

    private EgressDesk.Deliveries deliveries() {
        return new EgressDesk.Deliveries(
                entry -> schedule.survey().path(entry),
                entry -> schedule.survey().destinationOf(entry),
                schedule::held,
                dispatcher::view,
                dispatcher::view);
    }

    private TlsReportDesk.Reports tlsReports() {
        return new TlsReportDesk.Reports(
                tlsReporter::report, tlsReporter::views, tlsReporter::hasten);
    }

    private TlsReporter.Sight tlsReportSight(Config now) {
        return new TlsReporter.Sight(
                now.tlsReport(), outgoing.resolver(), now.delivery().allowPrivate());
    }

    /// Of what providers' replies lead to, for the event log.
    private void tell(ActionNotice notice) {
        String id = notice.restraint().id();
        LOG.info("shaping {}: {}", id, notice.text());
        spool.note(new SpoolRecord.Notice(notice.at(), NoticeKind.SHAPING, id, notice.text()));
    }

    private void tick() {
        try {
            Instant now = clock.instant();
            schedule.tick(now);
            if (Duration.between(disciplinedAt, now).compareTo(Duration.ofSeconds(1)) >= 0) {
                disciplinedAt = now;
                followWallClock();
                outgoing.tick(now);
            }
        } catch (RuntimeException bug) {
            metrics.bugs.inc();
            LOG.error("tick failed; the next one follows", bug);
        }
    }

    private void followWallClock() {
        Duration ahead = clock.discipline();
        boolean isFar = ahead.abs().compareTo(CLOCK_STEP_WORTH_TELLING) > 0;
        if (isFar && !isClockStepTold) {
            LOG.warn(
                    "the wall clock jumped by {}; waits go on as they were, time stamps follow"
                            + " slowly, a restart takes the new time",
                    ahead);
        }
        isClockStepTold = isFar;
    }

    private NodeStatus status() {
        var warnings = new ArrayList<>(outgoing.warnings());
        warnings.addAll(spool.warnings());
        warnings.addAll(reception.warnings());
        fileLimit.shortage(config.delivery().connectionsMax()).ifPresent(warnings::add);
        return new NodeStatus(
                config.node().name(),
                Version.text(),
                startedAt,
                reception.views().stream().map(Node::status).toList(),
                spool.refusal().map(SmtpReply::toString).orElse(""),
                warnings,
                outgoing.restraints(clock.instant()),
                plan.text(),
                budgets.views());
    }

    private static ListenerStatus status(Reception.ListenerView view) {
        ListenSettings settings = view.settings();
        return new ListenerStatus(
                AddressText.render(view.address()),
                settings.isLmtp() ? "lmtp" : "smtp",
                settings.entrance().tls().mode().name().toLowerCase(Locale.ROOT),
                settings.access().auth().mode().name().toLowerCase(Locale.ROOT),
                view.connections(),
                view.certificateExpires());
    }

    /// Reads the file again. All of it becomes active, or nothing does.
    ///
    /// @return what stands against it, a line each; empty where it is active now
    synchronized List<String> reload() {
        List<String> problems = tryReload();
        if (problems.isEmpty()) {
            LOG.info("reloaded {}", file);
        } else {
            problems.forEach(problem -> LOG.warn("not reloaded: {}", problem));
        }
        return problems;
    }

    private List<String> tryReload() {
        return switch (ConfigFile.read(file)) {
            case ConfigResult.Invalid(var errors, _) ->
                    errors.stream().map(Object::toString).toList();
            case ConfigResult.Valid(Config fresh, _) -> {
                List<String> restart = Config.restartNeeded(config, fresh);
                yield restart.isEmpty()
                        ? tryActivate(fresh)
                        : restart.stream().map(key -> key + " takes a restart to change").toList();
            }
        };
    }

    /// Certificates are read first: where one cannot be used, nothing is changed.
    private List<String> tryActivate(Config fresh) {
        try {
            Outgoing.Fresh opened = outgoing.open(config, fresh);
            reception.reload(fresh.reception(), opened.resolver());
            activate(fresh, opened);
        } catch (IOException e) {
            return List.of(String.valueOf(e.getMessage()));
        }
        return List.of();
    }

    private void activate(Config fresh, Outgoing.Fresh opened) {
        outgoing.reload(fresh, opened);
        if (fresh.delivery().connectionsMax() != config.delivery().connectionsMax()) {
            fileLimit.shortage(fresh.delivery().connectionsMax()).ifPresent(LOG::warn);
        }
        dispatcher.reload(outgoing.plan(fresh));
        schedule.reroute(outgoing.destinations(fresh), clock.instant());
        settlement.reconfigure(fresh.report());
        pickup.reload(fresh.pickup(), fresh.sendmail());
        tlsReporter.reload(tlsReportSight(fresh));
        config = fresh;
    }

    /// Drains in the order in which mail flows: what is in flight finishes within `node.drain`,
    /// then everything is synced.
    @Override
    public void close() {
        Instant deadline = clock.instant().plus(config.node().drainMost());
        try {
            adminSocket.close();
        } catch (IOException e) {
            LOG.warn("the admin socket: {}", e.getMessage());
        }
        try {
            pickup.close();
            tlsReporter.close();
            reception.close(left(deadline));
            spool.stopBegins();
            dispatcher.close(left(deadline));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        pathsFile.close();
        ticker.close();
        outgoing.close();
        quotasFile.close();
        budgets.close();
        jobs.close();
        spool.close();
        eventLog.close();
    }

    private Duration left(Instant deadline) {
        Duration left = Duration.between(clock.instant(), deadline);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /// Where the node listens, with the actual ports.
    List<SocketAddress> addresses() {
        return reception.addresses();
    }
}
