package io.whimbrel.simulator;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;

import tools.jackson.databind.json.JsonMapper;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

/// Runs a simulated internet until SIGTERM or ctrl-C, and prints its counters then.
@CommandLine.Command(
        name = "whimbrel simulator",
        mixinStandardHelpOptions = true,
        description = "A small internet on loopback: DNS and mailbox providers.")
public final class SimulatorMain implements Callable<Integer> {
    private static final JsonMapper JSON = JsonMapper.shared();

    @CommandLine.Option(
            names = "--port",
            description = "SMTP port of all mail hosts; 0: a free one (default ${DEFAULT-VALUE})")
    private int smtpPort = 0;

    @CommandLine.Option(
            names = "--dns-port",
            description = "DNS port of 127.0.0.1; 0: a free one (default ${DEFAULT-VALUE})")
    private int dnsPort = 0;

    @CommandLine.Option(
            names = "--seed",
            description = "picks unknown users and dropped connections (default ${DEFAULT-VALUE})")
    private long seed = 1;

    @CommandLine.Option(
            names = "--time-scale",
            description =
                    "divides greylisting waits and slow replies, not rates (default"
                            + " ${DEFAULT-VALUE})")
    private double timeScale = 1;

    @CommandLine.Option(
            names = "--log",
            description = "writes a line of JSON to this file for each result")
    private @Nullable Path log;

    @CommandLine.Option(
            names = "--real-names",
            description =
                    "the big providers under their real names (gmail.com by"
                            + " gmail-smtp-in.l.google.com, ...), so that a server's provider files"
                            + " apply; in place of the usual ones")
    private boolean realNames;

    @CommandLine.Option(
            names = "--rate",
            description =
                    "with --real-names: messages a second that each provider takes of one client"
                            + " address (default ${DEFAULT-VALUE})")
    private int rate = 20;

    @CommandLine.Option(names = "--json", description = "prints JSON, one document to a line")
    private boolean json;

    @CommandLine.Option(
            names = "--control",
            description = "answers each line 'counters' on standard input with the counters")
    private boolean control;

    private final PrintStream out;

    SimulatorMain(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] args) {
        // Standard output is for the reader of --json; libraries get to say warnings only.
        System.setProperty("logback.configurationFile", "simulator-logback.xml");
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.exit(new CommandLine(new SimulatorMain(out)).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rate < 1) {
            System.err.println("simulator: --rate is 1 or more");
            return 2;
        }
        Catalogue catalogue =
                realNames ? RealProviders.of(rate, timeScale) : Catalogue.standard(timeScale);
        SimulatorOptions options =
                SimulatorOptions.of(catalogue).withPorts(dnsPort, smtpPort).withSeed(seed);
        if (log != null) {
            options = options.withLog(log);
        }
        SimulatedInternet internet;
        try {
            internet = SimulatedInternet.start(options);
        } catch (IOException e) {
            System.err.println("simulator: " + e.getMessage());
            return 1;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(internet), "simulator-end"));
        printWorld(internet);
        if (control) {
            Thread.ofPlatform().daemon().name("control").start(() -> obey(internet));
        }
        // Only a signal ends it: the end of standard input must not, for it may run unattended.
        new CountDownLatch(1).await();
        return 0;
    }

    private void end(SimulatedInternet internet) {
        int status = 0;
        try {
            internet.close();
        } catch (IOException e) {
            System.err.println("simulator: " + e.getMessage());
            status = 1;
        }
        printCounters(internet);
        out.flush();
        // A run that ends by its signal has succeeded; the JVM would report 143.
        Runtime.getRuntime().halt(status);
    }

    private void obey(SimulatedInternet internet) {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            for (Optional<String> line = read(in); line.isPresent(); line = read(in)) {
                if (line.get().strip().equals("counters")) {
                    printCounters(internet);
                }
            }
        } catch (IOException e) {
            System.err.println("simulator: standard input: " + e.getMessage());
        }
    }

    private static Optional<String> read(BufferedReader in) throws IOException {
        return Optional.ofNullable(in.readLine());
    }

    /// Where everything is: as a table, or as JSON `{dns, smtpPort, providers: [{name, domains,
    /// mxHosts, addresses}]}`.
    void printWorld(SimulatedInternet internet) {
        String dns =
                internet.dnsServer().getAddress().getHostAddress()
                        + ":"
                        + internet.dnsServer().getPort();
        if (json) {
            List<Map<String, Object>> providers = new ArrayList<>();
            for (Provider provider : internet.providers()) {
                providers.add(describe(provider));
            }
            Map<String, Object> world = new LinkedHashMap<>();
            world.put("dns", dns);
            world.put("smtpPort", internet.smtpPort());
            world.put("providers", providers);
            out.println(JSON.writeValueAsString(world));
            return;
        }
        out.println("DNS        " + dns + " (UDP and TCP)");
        out.println("SMTP port  " + internet.smtpPort() + " on all addresses below");
        out.println();
        out.printf("%-12s %-24s %s%n", "PROVIDER", "ADDRESSES", "DOMAINS");
        for (Provider provider : internet.providers()) {
            out.printf(
                    "%-12s %-24s %s%n",
                    provider.name(), addresses(provider), String.join(" ", provider.domains()));
        }
        out.println();
        out.println("A server sends its mail here with these lines in its configuration:");
        out.println();
        out.println("  [dns]");
        out.println("  servers = [\"" + dns + "\"]");
        out.println("  [delivery]");
        out.println("  port = " + internet.smtpPort());
        out.println("  allow-private = [\"127.0.0.0/8\", \"::1/128\"]");
        out.println();
        out.println("Ctrl-C ends it.");
    }

    private static Map<String, Object> describe(Provider provider) {
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("name", provider.name());
        description.put("domains", provider.domains());
        description.put("mxHosts", provider.mxHosts());
        description.put(
                "addresses",
                provider.addresses().stream().map(address -> address.getHostAddress()).toList());
        return description;
    }

    private static String addresses(Provider provider) {
        var addresses = provider.addresses();
        String first = addresses.getFirst().getHostAddress();
        return addresses.size() == 1 ? first : first + " and " + (addresses.size() - 1) + " more";
    }

    /// As a table, or as JSON `{counters: {NAME: {...}}, total: {...}}` with the components of
    /// [ProviderCounters]. One lock, so that documents do not mix.
    synchronized void printCounters(SimulatedInternet internet) {
        Map<String, ProviderCounters> counters = new LinkedHashMap<>();
        ProviderCounters total = ProviderCounters.ZERO;
        for (Provider provider : internet.providers()) {
            ProviderCounters own = provider.counters();
            counters.put(provider.name(), own);
            total = total.plus(own);
        }
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("counters", counters);
            document.put("total", total);
            out.println(JSON.writeValueAsString(document));
            return;
        }
        out.printf(
                "%-12s %11s %9s %9s %9s %8s%n",
                "PROVIDER", "CONNECTIONS", "ACCEPTED", "DEFERRED", "REJECTED", "DROPPED");
        counters.forEach(this::printRow);
        printRow("total", total);
    }

    private void printRow(String name, ProviderCounters row) {
        out.printf(
                "%-12s %11d %9d %9d %9d %8d%n",
                name,
                row.connections(),
                row.acceptedRecipients(),
                row.deferredTotal(),
                row.rejectedTotal(),
                row.dropped());
    }
}
