package io.whimbrel.cli;

import io.whimbrel.admin.EgressSight;
import io.whimbrel.admin.Explanation;
import io.whimbrel.admin.Json;
import io.whimbrel.config.Config;
import io.whimbrel.mail.DomainName;
import io.whimbrel.time.SteadyClock;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.Callable;

/// `whimbrel shaping explain`: what holds for mail of a domain, by the node that runs, or by its
/// file where none does. Confined to one thread.
@Command(
        name = "explain",
        description = {
            "What holds for mail to a domain: where it goes, from which sources, within which",
            "limits, by which rules and over which TLS, with the file and line that say so.",
            "Without a running node, from the configuration file and by the DNS, or by --mx."
        })
final class ShapingExplain implements Callable<Integer> {
    private static final int RULES_SHOWN = 12;

    private final Console console;
    private final NodeOptions node;

    @Parameters(paramLabel = "DOMAIN", description = "A recipients' domain.")
    private String domain = "";

    @Option(names = "--source", paramLabel = "NAME", description = "Leaving by this source.")
    private Optional<String> source = Optional.empty();

    @Option(names = "--pool", paramLabel = "NAME", description = "Leaving by this pool.")
    private Optional<String> pool = Optional.empty();

    @Option(names = "--tenant", paramLabel = "NAME", description = "Of this tenant.")
    private Optional<String> tenant = Optional.empty();

    @Option(names = "--campaign", paramLabel = "NAME", description = "Of this campaign.")
    private Optional<String> campaign = Optional.empty();

    @Option(
            names = "--mx",
            paramLabel = "HOST",
            description = "As if these were its MX hosts; from the file, without any question.")
    private List<String> mxHosts = List.of();

    ShapingExplain(Console console, NodeOptions node) {
        this.console = console;
        this.node = node;
    }

    @Override
    public Integer call() {
        DomainName name =
                DomainName.parse(domain)
                        .orElseThrow(() -> console.usage("Not a domain: " + domain));
        return console.run(() -> {
            boolean isRunning = mxHosts.isEmpty() && node.client().isAnswering();
            ObjectNode line = isRunning ? ofNode(name) : ofFile(name);
            if (console.isJson()) {
                console.printJson(line);
            } else {
                print(line, isRunning, console.out());
            }
            return Console.OK;
        });
    }

    private ObjectNode ofNode(DomainName name) throws IOException {
        ObjectNode request =
                Json.object().put("verb", "shaping-explain").put("domain", name.value());
        source.ifPresent(it -> request.put("source", it));
        pool.ifPresent(it -> request.put("pool", it));
        tenant.ifPresent(it -> request.put("tenant", it));
        campaign.ifPresent(it -> request.put("campaign", it));
        return node.client().lines(request).getFirst();
    }

    private ObjectNode ofFile(DomainName name) throws IOException {
        Config config =
                node.config()
                        .orElseThrow(() ->
                                new IOException(
                                        "no node answers; give its configuration file with -c"
                                                + " FILE"));
        EgressSight sight = OfflineEgress.of(config);
        var asked =
                new Explanation.Asked(
                        name, source, pool, tenant.orElse(""), campaign.orElse(""), mxHosts);
        Optional<String> problem = Explanation.problem(asked, sight);
        if (problem.isPresent()) {
            throw new IOException(problem.get());
        }
        return Explanation.of(asked, sight, new SteadyClock().instant());
    }

    private static void print(ObjectNode line, boolean isRunning, PrintWriter out) {
        if (!isRunning) {
            out.println("by the configuration file: no running node was asked");
        }
        print(out, "domain", Json.text(line, "domain"));
        print(out, "route", Json.text(line, "route"));
        print(out, "trouble", Json.text(line, "trouble"));
        print(out, "site", Json.text(line, "site"));
        String sign = Json.text(line, "recognised_by");
        print(
                out,
                "provider",
                Json.text(line, "provider") + (sign.isEmpty() ? "" : ", known by " + sign));
        print(out, "tls", tls(line.path("tls")));
        print(out, "pool", Json.text(line, "pool"));
        print(
                out,
                "at most",
                Json.shown(line, "site_connections_max")
                        + " connections at once, over all sources ([delivery] connections)");
        out.println();
        var sources = new TextTable("SOURCE", "ADDRESS", "PROFILE", "WEIGHT", "STATE");
        for (JsonNode one : line.path("sources")) {
            String backup = one.path("backup").booleanValue(false) ? " (backup)" : "";
            sources.add(
                    Json.text(one, "source").isEmpty() ? "(unnamed)" : Json.text(one, "source"),
                    Json.text(one, "address"),
                    Json.text(one, "profile"),
                    Json.shown(one, "weight") + backup,
                    Json.text(one, "state"));
        }
        sources.print(out);
        out.println();
        var limits = new TextTable("LIMIT", "USED", "MOST", "ROOM IN", "WRITTEN IN");
        for (JsonNode one : line.path("limits")) {
            limits.add(
                    Json.text(one, "limit"),
                    Json.shown(one, "used"),
                    Json.shown(one, "most"),
                    one.has("free_in_ms")
                            ? Words.duration(Duration.ofMillis(one.path("free_in_ms").asLong(0)))
                            : "",
                    Json.text(one, "written_in"));
        }
        limits.print(out);
        printRules(line.path("rules"), out);
    }

    private static String tls(JsonNode tls) {
        if (tls.isMissingNode()) {
            return "";
        }
        String host = Json.text(tls, "host");
        String trouble = Json.text(tls, "trouble");
        return Json.text(tls, "policy")
                + (host.isEmpty() ? "" : " with " + host)
                + ", said by "
                + Json.text(tls, "said_by")
                + (trouble.isEmpty() ? "" : ": " + trouble);
    }

    private static void printRules(JsonNode rules, PrintWriter out) {
        var names = new StringJoiner(", ");
        int count = 0;
        for (JsonNode rule : rules) {
            if (count++ < RULES_SHOWN) {
                names.add(Json.text(rule, "rule"));
            }
        }
        out.println();
        String more = count > RULES_SHOWN ? " and " + (count - RULES_SHOWN) + " more" : "";
        out.println(
                Words.printable(
                        Words.count(count, "rule")
                                + " on replies"
                                + (count == 0 ? "" : ": " + names + more)));
    }

    private static void print(PrintWriter out, String name, String value) {
        if (!value.isEmpty()) {
            out.println(Words.printable(String.format("%-9s %s", name, value)));
        }
    }
}
