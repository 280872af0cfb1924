package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.Catalogue;
import io.whimbrel.simulator.Fate;
import io.whimbrel.simulator.Provider;
import io.whimbrel.simulator.SimulatedInternet;
import io.whimbrel.simulator.SimulatorClock;
import io.whimbrel.simulator.SimulatorOptions;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/// One run, in order: an internet, a server, senders, and the comparison of their books. Run by one
/// thread; closed by any.
final class Demo implements Closeable {
    /// Greylisting takes 5 minutes in the catalogue and so 2 s here.
    private static final double TIME_SCALE = 150;

    private static final Duration READY_WITHIN = Duration.ofSeconds(60);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(15);
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);

    /// When to give up; a healthy run of 2,000 messages takes 10 to 20 s.
    private static final Duration RUN_AT_LEAST = Duration.ofSeconds(90);

    private static final Duration RUN_PER_MESSAGE = Duration.ofMillis(20);

    /// How long the event log may lag behind the last delivery.
    private static final Duration SETTLE_WITHIN = Duration.ofSeconds(3);

    private final DemoOptions options;
    private final Screen screen;
    private final DemoFolder folder;
    private final SimulatorClock clock = SimulatorClock.real();
    private final Deque<Closeable> opened = new ArrayDeque<>();
    private boolean isClosed;
    private volatile boolean isKept;

    private final Map<Tenant, InetSocketAddress> listeners = new EnumMap<>(Tenant.class);

    /// What the run came to.
    ///
    /// @param json the results as one line
    record Outcome(boolean addsUp, String json) {}

    Demo(DemoOptions options, Screen screen) throws IOException {
        this.options = options;
        this.screen = screen;
        this.isKept = options.isKept();
        this.folder = DemoFolder.create();
    }

    /// Runs up to the tables. Server and internet stay up until [#close].
    Outcome run() throws IOException, InterruptedException {
        SimulatedInternet internet =
                SimulatedInternet.start(
                        SimulatorOptions.of(Catalogue.everyday(TIME_SCALE))
                                .withSeed(options.seed())
                                .withLog(folder.providersLog()));
        own(internet::close);
        ServerProcess server = startServer(internet);
        List<Mailing> plan = MailingPlan.of(internet, options.seed(), options.messages());
        screen.say(
                "Sending %s messages of two tenants to %d providers; deferred mail is tried again"
                                .formatted(
                                        ResultsText.number(plan.size()),
                                        internet.providers().size())
                        + " after "
                        + NodeConfig.RETRY_TIMES
                        + ".");
        Submission submission = Submission.start(plan, listeners, clock);
        own(submission);
        Duration elapsed = watch(plan, submission, internet, server);
        var verdict = judge(plan, submission, internet);
        if (!verdict.differences().isEmpty()) {
            isKept = true;
        }
        report(verdict, submission, elapsed);
        return new Outcome(
                verdict.differences().isEmpty(),
                ResultsJson.of(
                        facts(submission, elapsed), verdict.results(), verdict.differences()));
    }

    private record Verdict(Results results, List<String> differences) {}

    private ServerProcess startServer(SimulatedInternet internet)
            throws IOException, InterruptedException {
        chooseListeners();
        var config =
                new NodeConfig(folder.data(), listeners, internet.dnsServer(), internet.smtpPort());
        Files.writeString(folder.config(), config.toml());
        screen.say(
                "Started a small internet: %s; DNS at %s, SMTP on port %d."
                        .formatted(
                                String.join(", ", names(internet)),
                                NodeConfig.text(internet.dnsServer()),
                                internet.smtpPort()));
        List<String> command =
                List.of(options.launcher().toString(), "serve", "-c", folder.config().toString());
        long began = clock.nanos();
        ServerProcess server = ServerProcess.start(command, folder.serverLog(), STOP_WITHIN);
        own(server);
        server.awaitReady(READY_WITHIN);
        screen.say(
                "Started the server in %s: shop (transactional) at %s, news (bulk) at %s."
                        .formatted(
                                ResultsText.seconds(since(began).toMillis()),
                                listener(Tenant.SHOP),
                                listener(Tenant.NEWS)));
        return server;
    }

    /// Both open at once, or the system might give the same port twice.
    private void chooseListeners() throws IOException {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        try (var shop = new ServerSocket(0, 1, loopback);
                var news = new ServerSocket(0, 1, loopback)) {
            listeners.put(Tenant.SHOP, new InetSocketAddress(loopback, shop.getLocalPort()));
            listeners.put(Tenant.NEWS, new InetSocketAddress(loopback, news.getLocalPort()));
        }
    }

    private String listener(Tenant tenant) {
        InetSocketAddress address = listeners.get(tenant);
        return address == null ? "nowhere" : NodeConfig.text(address);
    }

    /// Shows progress until nothing is left but mail that is deferred for ever, or the time is up.
    /// How long that took.
    private Duration watch(
            List<Mailing> plan,
            Submission submission,
            SimulatedInternet internet,
            ServerProcess server)
            throws IOException, InterruptedException {
        long began = clock.nanos();
        var tail = new EventTail(folder.events());
        var reckoning = reckoning(internet);
        Duration bound = RUN_PER_MESSAGE.multipliedBy(plan.size());
        bound = bound.compareTo(RUN_AT_LEAST) < 0 ? RUN_AT_LEAST : bound;
        while (true) {
            boolean isSent = submission.isDone();
            int acknowledged = submission.acknowledgedCount();
            reckoning.addAll(tail.read());
            Duration elapsed = since(began);
            boolean isOver =
                    isSent && reckoning.accepted() >= acknowledged && !isOwed(plan, reckoning);
            screen.progress(
                    Screen.progressLine(
                            acknowledged, plan.size(), reckoning.results().total(), elapsed),
                    elapsed);
            if (isOver || elapsed.compareTo(bound) > 0) {
                return elapsed;
            }
            if (!server.isAlive()) {
                throw new IOException("the server ended" + server.tail());
            }
            clock.sleep(LOOK_EVERY);
        }
    }

    /// Whether mail is queued that its provider would take or refuse for good.
    private static boolean isOwed(List<Mailing> plan, Reckoning reckoning) {
        for (Mailing mailing : plan) {
            if (mailing.fate() != Fate.DEFERRED && reckoning.isQueued(mailing.recipient())) {
                return true;
            }
        }
        return false;
    }

    /// Reads the whole event log anew and compares. The log may lag, so it gets a little time to
    /// agree with the others.
    private Verdict judge(List<Mailing> plan, Submission submission, SimulatedInternet internet)
            throws IOException, InterruptedException {
        Map<String, Fate> fates = new HashMap<>();
        plan.forEach(mailing -> fates.put(mailing.recipient(), mailing.fate()));
        Map<String, Long> acknowledged = new HashMap<>();
        for (Mailing mailing : submission.acknowledged()) {
            acknowledged.merge(providerOf(internet, mailing.recipient()), 1L, Long::sum);
        }
        long began = clock.nanos();
        while (true) {
            var troubles = new ArrayList<>(submission.troubles());
            var reckoning = reckoning(internet);
            reckoning.addAll(new EventTail(folder.events()).read());
            Results results = reckoning.results();
            OptionalLong queued = queuedByServer(troubles);
            List<String> differences =
                    new Reconciliation(acknowledged, taken(internet), queued, fates, troubles)
                            .differences(results);
            if (differences.isEmpty() || since(began).compareTo(SETTLE_WITHIN) > 0) {
                return new Verdict(results, differences);
            }
            clock.sleep(LOOK_EVERY);
        }
    }

    private OptionalLong queuedByServer(List<String> troubles) {
        try {
            return OptionalLong.of(ServerQueue.recipients(folder.data()));
        } catch (IOException e) {
            troubles.add("the server's queue cannot be asked: " + e.getMessage());
            return OptionalLong.empty();
        }
    }

    private static Map<String, Long> taken(SimulatedInternet internet) {
        Map<String, Long> taken = new HashMap<>();
        for (Provider provider : internet.providers()) {
            taken.put(provider.name(), provider.counters().acceptedRecipients());
        }
        return taken;
    }

    private static Reckoning reckoning(SimulatedInternet internet) {
        return new Reckoning(names(internet), recipient -> providerOf(internet, recipient));
    }

    private static List<String> names(SimulatedInternet internet) {
        return internet.providers().stream().map(Provider::name).toList();
    }

    private static String providerOf(SimulatedInternet internet, String recipient) {
        String domain = recipient.substring(recipient.lastIndexOf('@') + 1);
        return internet.providerOf(domain).map(Provider::name).orElse("others");
    }

    private Duration since(long nanos) {
        return Duration.ofNanos(clock.nanos() - nanos);
    }

    private void report(Verdict verdict, Submission submission, Duration elapsed) {
        Results results = verdict.results();
        screen.say("");
        screen.say(ResultsText.byProvider(results));
        screen.say(ResultsText.byTenant(results));
        screen.say(
                """
                deferred counts attempts, the other columns recipients; time is from acceptance to\
                 delivery.
                The server accepted %s messages in %s (%s messages/s); the last outcome was there \
                after %s
                (%s messages/s through the whole chain, deferrals and retries included).
                """
                        .formatted(
                                ResultsText.number(submission.acknowledgedCount()),
                                ResultsText.seconds(submission.duration().toMillis()),
                                perSecond(submission.acknowledgedCount(), submission.duration()),
                                ResultsText.seconds(elapsed.toMillis()),
                                perSecond(submission.acknowledgedCount(), elapsed)));
        screen.say(ResultsText.verdict(results, verdict.differences()));
        if (isKept) {
            screen.say("Everything is kept in " + folder.root() + ".");
        }
    }

    private static String perSecond(long count, Duration duration) {
        return ResultsText.number(1000 * count / Math.max(1, duration.toMillis()));
    }

    private Map<String, Object> facts(Submission submission, Duration elapsed) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("messages", options.messages());
        facts.put("seed", options.seed());
        facts.put("acknowledged", submission.acknowledgedCount());
        facts.put("accepting_ms", submission.duration().toMillis());
        facts.put("all_ms", elapsed.toMillis());
        facts.put("config", folder.config().toString());
        listeners.forEach((tenant, at) -> facts.put(tenant.word(), NodeConfig.text(at)));
        return facts;
    }

    /// Says what can be done with the server while it is up.
    void invite() throws IOException {
        var tail = new EventTail(folder.events());
        String example =
                tail.read().stream()
                        .filter(line -> line.event().equals("deferred"))
                        .map(EventLine::recipient)
                        .findFirst()
                        .orElse("you@gmail.example");
        Path here = Path.of("").toAbsolutePath().resolve("whimbrel");
        String whimbrel =
                options.launcher().equals(here) ? "./whimbrel" : options.launcher().toString();
        screen.say(
                """

                Server and internet stay up until Ctrl-C. Try in another terminal:
                  %1$s queue -c %2$s
                  %1$s queue list -c %2$s
                  %1$s trace -c %2$s %3$s
                  %1$s send mail.eml --to you@gmail.example --via %4$s\
                """
                        .formatted(whimbrel, folder.config(), example, listener(Tenant.SHOP)));
    }

    private void own(Closeable resource) throws IOException {
        synchronized (opened) {
            if (!isClosed) {
                opened.push(resource);
                return;
            }
        }
        resource.close();
        throw new IOException("the demo was ended");
    }

    /// Whether [#close] was called, so that failures are no news.
    boolean isClosed() {
        synchronized (opened) {
            return isClosed;
        }
    }

    /// Blocks until the server ends, which it does not by itself.
    void awaitEnd() throws InterruptedException {
        ServerProcess server = null;
        synchronized (opened) {
            for (Closeable resource : opened) {
                if (resource instanceof ServerProcess process) {
                    server = process;
                }
            }
        }
        if (server != null) {
            server.awaitEnd();
        }
    }

    /// Ends the server and the internet, and removes the folder unless it is to be kept.
    @Override
    public void close() throws IOException {
        List<Closeable> last;
        synchronized (opened) {
            if (isClosed) {
                return;
            }
            isClosed = true;
            last = List.copyOf(opened);
        }
        for (Closeable resource : last) {
            resource.close();
        }
        if (!isKept) {
            folder.delete();
        }
    }
}
