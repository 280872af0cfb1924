package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.toml.DurationText;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/// The verbs about what providers' replies have led to: `whimbrel shaping actions`, `lift` and
/// `suspend`. Exit 0 where it is done, also where nothing is in force; 1 where what was named is
/// not. Stateless; their parent's console and node are theirs, for options are inherited.
final class ShapingActions {
    private ShapingActions() {}

    /// Adds the verbs below `shaping`, whose mixins the other two are.
    static CommandLine addTo(CommandLine shaping, Console console, NodeOptions node) {
        return shaping.addSubcommand(new Actions(console, node))
                .addSubcommand(new Lift(console, node))
                .addSubcommand(new Suspend(console, node));
    }

    /// Prints an answer for people.
    @FunctionalInterface
    private interface Text {
        void print(List<ObjectNode> lines, PrintWriter out);
    }

    private static int ask(Console console, NodeOptions node, ObjectNode request, Text text) {
        return console.run(() -> {
            List<ObjectNode> lines = node.client().lines(request);
            if (console.isJson()) {
                lines.forEach(console::printJson);
            } else {
                text.print(lines, console.out());
            }
            return Console.OK;
        });
    }

    private static String what(ObjectNode line) {
        return Words.printable(Json.text(line, "traffic") + ": " + Json.text(line, "effect"));
    }

    private static String left(ObjectNode line) {
        return Words.duration(Duration.ofSeconds(line.path("left_s").asLong(0)));
    }

    /// Which traffic is meant. Confined to one thread.
    private static final class TrafficOptions {
        @Option(names = "--source", paramLabel = "NAME", description = "Leaving by this source.")
        private Optional<String> source = Optional.empty();

        @Option(names = "--pool", paramLabel = "NAME", description = "Of this pool.")
        private Optional<String> pool = Optional.empty();

        @Option(names = "--provider", paramLabel = "NAME", description = "To this provider.")
        private Optional<String> provider = Optional.empty();

        @Option(names = "--site", paramLabel = "NAME", description = "To these MX hosts.")
        private Optional<String> site = Optional.empty();

        @Option(names = "--domain", paramLabel = "DOMAIN", description = "To this domain.")
        private Optional<String> domain = Optional.empty();

        @Option(names = "--tenant", paramLabel = "NAME", description = "Of this tenant.")
        private Optional<String> tenant = Optional.empty();

        @Option(names = "--campaign", paramLabel = "NAME", description = "Of this campaign.")
        private Optional<String> campaign = Optional.empty();

        @Option(
                names = "--profile",
                paramLabel = "PROFILE",
                description = "Leaving by sources as warm as this: cold, warm, hot.")
        private Optional<String> profile = Optional.empty();

        @Option(names = "--all", description = "All traffic.")
        private boolean isAll;

        /// Whether any was given.
        boolean addTo(ObjectNode request) {
            int before = request.size();
            for (Dimension dimension : Dimension.values()) {
                value(dimension).ifPresent(value -> request.put(dimension.key(), value));
            }
            if (isAll) {
                request.put("all", true);
            }
            return request.size() > before;
        }

        private Optional<String> value(Dimension dimension) {
            return switch (dimension) {
                case SOURCE -> source;
                case POOL -> pool;
                case PROVIDER -> provider;
                case SITE -> site;
                case DOMAIN -> domain;
                case TENANT -> tenant;
                case CAMPAIGN -> campaign;
                case PROFILE -> profile;
            };
        }
    }

    /// `whimbrel shaping actions`.
    @Command(
            name = "actions",
            description =
                    "What providers' replies and operators have suspended, slowed down or"
                            + " narrowed, and until when.")
    static final class Actions implements Callable<Integer> {
        private final Console console;
        private final NodeOptions node;

        Actions(Console console, NodeOptions node) {
            this.console = console;
            this.node = node;
        }

        @Override
        public Integer call() {
            ObjectNode request = Json.object().put("verb", "shaping-actions");
            return ask(console, node, request, Actions::print);
        }

        private static void print(List<ObjectNode> lines, PrintWriter out) {
            if (lines.isEmpty()) {
                out.println("no action is in force");
                return;
            }
            var table = new TextTable("ID", "TRAFFIC", "IS", "FOR ANOTHER", "BY", "WHY");
            for (ObjectNode line : lines) {
                String rule = Json.text(line, "rule");
                table.add(
                        Json.text(line, "id"),
                        Json.text(line, "traffic"),
                        Json.text(line, "effect"),
                        left(line),
                        rule.isEmpty() ? "an operator" : rule + " " + Json.text(line, "origin"),
                        Json.text(line, "reason"));
            }
            table.print(out);
        }
    }

    /// `whimbrel shaping lift`.
    @Command(
            name = "lift",
            description = {
                "End actions at once: one, all about some traffic, or all.",
                "What waits goes at the pace that the limits allow; a reply may begin the next."
            })
    static final class Lift implements Callable<Integer> {
        private final Console console;
        private final NodeOptions node;
        @Mixin private TrafficOptions traffic = new TrafficOptions();

        @Parameters(
                paramLabel = "ID",
                arity = "0..1",
                description = "An action, as `whimbrel shaping actions` lists it.")
        private Optional<String> id = Optional.empty();

        Lift(Console console, NodeOptions node) {
            this.console = console;
            this.node = node;
        }

        @Override
        public Integer call() {
            ObjectNode request = Json.object().put("verb", "shaping-lift");
            id.ifPresent(it -> request.put("id", it));
            boolean isTraffic = traffic.addTo(request);
            if (isTraffic == id.isPresent()) {
                throw console.usage(
                        isTraffic
                                ? "Give an ID or traffic, not both"
                                : "Which actions? Give an ID, or --provider, --source, ... for"
                                        + " all about that traffic, or --all");
            }
            return ask(console, node, request, Lift::print);
        }

        private static void print(List<ObjectNode> lines, PrintWriter out) {
            for (ObjectNode line : lines) {
                out.println(Json.text(line, "id") + " is lifted: " + what(line));
            }
            if (lines.isEmpty()) {
                out.println("no action was in force");
            }
        }
    }

    /// `whimbrel shaping suspend`.
    @Command(
            name = "suspend",
            description = {
                "Send nothing of some traffic for a while; its mail waits, other sources go on.",
                "Afterwards it begins slowly. The same traffic again sets another end."
            })
    static final class Suspend implements Callable<Integer> {
        private final Console console;
        private final NodeOptions node;
        @Mixin private TrafficOptions traffic = new TrafficOptions();
        @Mixin private ReasonOption reason = new ReasonOption();

        @Option(
                names = "--for",
                paramLabel = "TIME",
                required = true,
                description = "How long: 30s, 5m, 1h, 2d.")
        private String time = "";

        Suspend(Console console, NodeOptions node) {
            this.console = console;
            this.node = node;
        }

        @Override
        public Integer call() {
            Duration lasts =
                    DurationText.parse(time)
                            .filter(it -> it.toSeconds() > 0)
                            .orElseThrow(
                                    () -> console.usage("Not a time such as 30s, 5m, 1h: " + time));
            ObjectNode request = Json.object().put("verb", "shaping-suspend");
            if (!traffic.addTo(request)) {
                throw console.usage(
                        "Suspend what? Give --provider, --source, --tenant, ... (several combine),"
                                + " or --all");
            }
            reason.addTo(request).put("seconds", lasts.toSeconds());
            return ask(console, node, request, Suspend::print);
        }

        private static void print(List<ObjectNode> lines, PrintWriter out) {
            for (ObjectNode line : lines) {
                String id = Json.text(line, "id");
                out.println(
                        what(line)
                                + " for "
                                + left(line)
                                + "; end it with `whimbrel shaping lift "
                                + id
                                + "`");
            }
        }
    }
}
