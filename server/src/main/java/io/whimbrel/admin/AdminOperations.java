package io.whimbrel.admin;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.whimbrel.budget.BudgetView;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.outcome.JobRefused;
import io.whimbrel.outcome.JobView;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// The verbs of the admin socket, as `docs/admin-socket.md` lists them. Thread-safe.
///
/// Every change to the queue is durable before it is answered.
public final class AdminOperations implements AdminHandler {
    private static final int LIST_DEFAULT = 100;
    private static final int LIST_MOST = 100_001;

    private static final Logger LOG = LoggerFactory.getLogger(AdminOperations.class);

    private final QueueDesk queue;
    private final DoorDesk door;
    private final ShapingDesk shaping;
    private final EgressDesk egress;
    private final Supplier<NodeStatus> status;
    private final Supplier<ReloadResult> reload;
    private final Metrics metrics;
    private final InstantSource clock;

    /// What can be looked at and operated.
    public record Desks(QueueDesk queue, DoorDesk door, ShapingDesk shaping, EgressDesk egress) {}

    /// @param reload reads the configuration again; called by one thread at a time
    public AdminOperations(
            Desks desks,
            Supplier<NodeStatus> status,
            Supplier<ReloadResult> reload,
            Metrics metrics,
            InstantSource clock) {
        this.queue = desks.queue();
        this.door = desks.door();
        this.shaping = desks.shaping();
        this.egress = desks.egress();
        this.status = status;
        this.reload = reload;
        this.metrics = metrics;
        this.clock = clock;
    }

    @Override
    public Optional<String> handle(ObjectNode fields, AdminAnswer answer) {
        var request = new AdminRequest(fields, clock.instant());
        try {
            request.requireKnownFields();
            return switch (request.verb()) {
                case "status" -> status(answer);
                case "metrics" -> metrics(answer);
                case "reload" -> reload(answer);
                case "queue-summary" -> summary(answer);
                case "queue-list" -> list(request, answer);
                case "queue-show" -> show(request.requiredId(), answer);
                case "queue-hold", "queue-release", "queue-suspend", "queue-resume" ->
                        restrict(request, answer);
                case "queue-retry-now" -> retryNow(request, answer);
                case "queue-bounce" -> begin(request, new QueueJob.Work.Bounce(), answer);
                case "queue-delete" -> begin(request, new QueueJob.Work.Delete(), answer);
                case "queue-move" -> begin(request, request.move(), answer);
                case "queue-jobs" -> jobs(answer);
                case "queue-job" -> job(request.job(), request.isAwaited(), answer);
                case "queue-cancel" -> cancel(request.job(), answer);
                case "bans", "bans-lift", "tenants", "lockouts", "lockouts-lift" ->
                        door.handle(request, answer);
                case "shaping-actions", "shaping-lift", "shaping-suspend" ->
                        shaping.handle(request, answer);
                case "why", "shaping-explain", "tls-report", "tls-reports", "tls-reports-send" ->
                        egress.handle(request, answer);
                default -> Optional.of("unknown verb: \"" + request.verb() + "\"");
            };
        } catch (RequestException | JobRefused e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            LOG.error("admin request {} failed: {}", request.verb(), e.getMessage());
            return Optional.of("the disk failed: " + e.getMessage());
        }
    }

    private Optional<String> status(AdminAnswer answer) throws IOException {
        NodeStatus now = status.get();
        ObjectNode line =
                Json.object()
                        .put("name", now.name())
                        .put("version", now.version())
                        .put("started", Json.time(now.startedAt()))
                        .put("uptime_s", seconds(now.startedAt(), clock.instant()))
                        .put("accepting", now.spool().isEmpty())
                        .put("spool", now.spool().isEmpty() ? "ok" : now.spool())
                        .put("queued", queue.summary().recipients());
        ArrayNode listeners = line.putArray("listeners");
        now.listeners().forEach(view -> add(view, listeners.addObject()));
        now.warnings().forEach(line.putArray("warnings")::add);
        line.put("shaping", now.shaping()).put("memory", now.memory());
        ArrayNode budgets = line.putArray("budgets");
        now.budgets().forEach(view -> add(view, budgets.addObject()));
        answer.line(line);
        return Optional.empty();
    }

    private static void add(ListenerStatus view, ObjectNode listener) {
        listener.put("address", view.address())
                .put("protocol", view.protocol())
                .put("tls", view.tls())
                .put("auth", view.auth())
                .put("connections", view.connections());
        view.certificateExpires()
                .ifPresent(end -> listener.put("certificate_expires", Json.time(end)));
    }

    private static void add(BudgetView view, ObjectNode budget) {
        budget.put("budget", view.budget().label())
                .put("used", view.level().used())
                .put("limit", view.level().most())
                .put("unit", view.budget().isInBytes() ? "bytes" : "entries")
                .put("felt", view.isFelt());
    }

    private Optional<String> metrics(AdminAnswer answer) throws IOException {
        var text = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create()
                .write(text, metrics.registry().scrape(), EscapingScheme.ALLOW_UTF8);
        for (String line : text.toString(StandardCharsets.UTF_8).split("\n")) {
            answer.line(Json.object().put("text", line));
        }
        return Optional.empty();
    }

    private synchronized Optional<String> reload(AdminAnswer answer) {
        List<String> problems = reload.get().problems();
        for (String problem : problems) {
            answer.line(Json.object().put("problem", problem));
        }
        return problems.isEmpty()
                ? Optional.empty()
                : Optional.of("not reloaded: the configuration that was active still is");
    }

    private Optional<String> summary(AdminAnswer answer) throws IOException {
        answer.line(QueueJson.summary(queue.summary(), clock.instant()));
        return Optional.empty();
    }

    private Optional<String> list(AdminRequest request, AdminAnswer answer)
            throws RequestException, IOException {
        int limit = request.limit(LIST_DEFAULT, LIST_MOST);
        Instant now = clock.instant();
        for (QueuedView view : queue.list(request.scope(), limit)) {
            answer.line(QueueJson.entry(view, now));
            if (answer.isClientGone()) {
                break;
            }
        }
        return Optional.empty();
    }

    private Optional<String> show(QueueId id, AdminAnswer answer) throws IOException {
        List<QueuedView> views = queue.find(id);
        if (views.isEmpty()) {
            return Optional.of(notQueued(id));
        }
        Instant now = clock.instant();
        SpooledMessage message = views.getFirst().entry().message();
        answer.line(QueueJson.message(message, now));
        for (int number = 0; number < message.envelope().recipients().size(); number++) {
            answer.line(recipient(views, number, now));
            if (answer.isClientGone()) {
                break;
            }
        }
        return Optional.empty();
    }

    private static ObjectNode recipient(List<QueuedView> views, int number, Instant now) {
        for (QueuedView view : views) {
            if (view.entry().recipients().contains(number)) {
                return QueueJson.recipient(view, number, now);
            }
        }
        return QueueJson.settledRecipient(views.getFirst().entry().message(), number);
    }

    /// Hold, release, suspend, resume: what stays in force until it is lifted.
    private Optional<String> restrict(AdminRequest request, AdminAnswer answer)
            throws RequestException, IOException {
        QueueScope scope = request.explicitScope();
        OperatorAction action =
                switch (request.verb()) {
                    case "queue-hold" -> new OperatorAction.Hold(scope, request.reason());
                    case "queue-release" -> new OperatorAction.Release(scope);
                    case "queue-suspend" ->
                            new OperatorAction.Suspend(scope, request.duration(), request.reason());
                    default -> new OperatorAction.Resume(scope);
                };
        requireSense(action);
        act(request, action, answer);
        return Optional.empty();
    }

    private Optional<String> retryNow(AdminRequest request, AdminAnswer answer)
            throws RequestException, IOException {
        QueueScope scope = request.explicitScope();
        requireQueued(scope);
        act(request, new OperatorAction.RetryNow(scope), answer);
        return Optional.empty();
    }

    private Optional<String> begin(AdminRequest request, QueueJob.Work work, AdminAnswer answer)
            throws RequestException, IOException {
        QueueScope scope = request.explicitScope();
        String reason = request.reason();
        requireQueued(scope);
        if (request.isDryRun()) {
            answer.line(count(scope));
            return Optional.empty();
        }
        Optional<JobView> begun = queue.begin(work, scope, reason);
        if (begun.isEmpty()) {
            ObjectNode line = Json.object().put("work", work.word()).put("recipients", 0);
            answer.line(QueueJson.scope(line, scope, clock.instant()));
            return Optional.empty();
        }
        LOG.info("{}: job {}", request.fields(), begun.get().job().id());
        answer.line(QueueJson.job(begun.get(), clock.instant()));
        return Optional.empty();
    }

    private Optional<String> jobs(AdminAnswer answer) {
        Instant now = clock.instant();
        queue.jobs().forEach(job -> answer.line(QueueJson.job(job, now)));
        return Optional.empty();
    }

    private Optional<String> job(QueueId id, boolean isAwaited, AdminAnswer answer) {
        Optional<JobView> job = queue.job(id, isAwaited);
        job.ifPresent(known -> answer.line(QueueJson.job(known, clock.instant())));
        return job.isPresent()
                ? Optional.empty()
                : Optional.of(
                        "no job "
                                + id
                                + " since the start; `whimbrel trace` and the event log tell what"
                                + " it did");
    }

    private Optional<String> cancel(QueueId id, AdminAnswer answer) {
        return queue.cancel(id)
                ? job(id, true, answer)
                : Optional.of(id + " is no job that runs; `whimbrel queue jobs` lists them");
    }

    private void act(AdminRequest request, OperatorAction action, AdminAnswer answer)
            throws IOException, RequestException {
        if (request.isDryRun()) {
            answer.line(count(action.scope()));
            return;
        }
        long touched = queue.act(action);
        LOG.info("{}: {} recipients", request.fields(), touched);
        ObjectNode line = Json.object();
        switch (action) {
            case OperatorAction.Hold(var scope, _) -> touched(touched, scope, line);
            case OperatorAction.Suspend(var scope, var duration, _) ->
                    touched(touched, scope, line).put("left_s", duration.toSeconds());
            case OperatorAction.RetryNow(var scope) -> touched(touched, scope, line);
            case OperatorAction.Release(var scope) -> freed(touched, scope, line);
            case OperatorAction.Resume(var scope) -> freed(touched, scope, line);
        }
        answer.line(line);
    }

    private ObjectNode touched(long recipients, QueueScope scope, ObjectNode line) {
        return QueueJson.scope(line.put("recipients", recipients), scope, clock.instant());
    }

    /// What another hold or suspension still keeps was not freed by the end of this one.
    private void freed(long touched, QueueScope scope, ObjectNode line) {
        Withheld withheld;
        try {
            withheld = queue.withheld(scope);
        } catch (IOException e) {
            LOG.warn(
                    "{} is freed; what else keeps mail could not be counted: {}",
                    scope,
                    e.toString());
            touched(touched, scope, line);
            return;
        }
        touched(Math.max(0, touched - withheld.recipients()), scope, line);
        if (withheld.recipients() > 0) {
            line.put("kept", withheld.recipients());
            QueueJson.addShares(line.putArray("kept_by"), withheld.shares(), clock.instant());
        }
    }

    private ObjectNode count(QueueScope scope) throws IOException {
        QueueDesk.ScopeCount count = queue.count(scope);
        return touched(count.recipients(), scope, Json.object())
                .put("in_flight", count.inFlight())
                .put("dry_run", true);
    }

    private void requireSense(OperatorAction action) throws RequestException, IOException {
        switch (action) {
            case OperatorAction.Hold(var scope, _) -> requireQueued(scope);
            case OperatorAction.Suspend(var scope, _, _) -> requireQueued(scope);
            case OperatorAction.RetryNow(var scope) -> requireQueued(scope);
            case OperatorAction.Release(var scope) -> requireRestriction("hold", scope);
            case OperatorAction.Resume(var scope) -> requireRestriction("suspension", scope);
        }
    }

    /// A message that is gone never comes back, so that an action on its id would mean nothing.
    private void requireQueued(QueueScope scope) throws RequestException, IOException {
        if (scope.id().isPresent()
                && queue.count(QueueScope.of(scope.id().get())).recipients() == 0) {
            throw new RequestException(notQueued(scope.id().get()));
        }
    }

    private void requireRestriction(String kind, QueueScope scope) throws RequestException {
        for (OperatorAction action : queue.restrictions()) {
            boolean isInForce =
                    switch (action) {
                        case OperatorAction.Hold(var held, _) ->
                                kind.equals("hold") && scope.ends(held);
                        case OperatorAction.Suspend(var suspended, _, _) ->
                                kind.equals("suspension") && scope.ends(suspended);
                        case OperatorAction.Release _,
                                OperatorAction.Resume _,
                                OperatorAction.RetryNow _ ->
                                false;
                    };
            if (isInForce) {
                return;
            }
        }
        throw new RequestException(
                "there is no "
                        + kind
                        + " with exactly this scope; `whimbrel queue` shows those in force");
    }

    static String notQueued(QueueId id) {
        return id + " is not in the queue; `whimbrel trace " + id + "` tells what became of it";
    }

    private static long seconds(Instant since, Instant now) {
        return Math.max(0, Duration.between(since, now).toSeconds());
    }
}
