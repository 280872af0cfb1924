package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.mail.Network;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;

/// The verbs about who may come in: `bans`, `lockouts`, `tenants`. Exit 0 where it is done, also
/// where nobody is banned or locked out; 1 where who was named is not, or no tenant has the name.
/// Stateless.
final class DoorCommands {
    private static final String ALL = "all";

    private DoorCommands() {}

    /// Prints an answer for people.
    @FunctionalInterface
    private interface Text {
        void print(List<ObjectNode> lines, PrintWriter out);
    }

    private static int list(Console console, NodeOptions node, ObjectNode request, Text text) {
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

    private static void printLifted(
            List<ObjectNode> lines, Function<ObjectNode, String> what, PrintWriter out) {
        for (ObjectNode line : lines) {
            out.println(what.apply(line) + " is lifted");
        }
        if (lines.isEmpty()) {
            out.println("there was nobody");
        }
    }

    private static ObjectNode verb(String verb) {
        return Json.object().put("verb", verb);
    }

    /// `whimbrel bans`.
    @Command(
            name = "bans",
            description = {
                "Who is banned for too many errors; without a verb, the list.",
                "A restart ends all bans."
            })
    static final class Bans implements Callable<Integer> {
        @Mixin private Console console = new Console();
        @Mixin private NodeOptions node = new NodeOptions();

        @Override
        public Integer call() {
            return list();
        }

        @Command(name = "list", description = "Who is banned, why, until when, how often in a row.")
        int list() {
            return DoorCommands.list(console, node, verb("bans"), DoorText::bans);
        }

        @Command(
                name = "lift",
                description = "End bans, of an address and its network; the next is short again.")
        int lift(
                @Parameters(
                                paramLabel = "ADDRESS|all",
                                description = "A client's address, a network as listed, or all.")
                        String address) {
            ObjectNode request = verb("bans-lift");
            if (address.equals(ALL)) {
                request.put(ALL, true);
            } else {
                request.put("address", address);
            }
            return DoorCommands.list(
                    console,
                    node,
                    request,
                    (lines, out) ->
                            printLifted(
                                    lines, line -> "ban of " + Json.text(line, "network"), out));
        }
    }

    /// `whimbrel lockouts`.
    @Command(
            name = "lockouts",
            description = {
                "Who is locked out after failed logins; without a verb, the list.",
                "A restart ends all lock-outs."
            })
    static final class Lockouts implements Callable<Integer> {
        @Mixin private Console console = new Console();
        @Mixin private NodeOptions node = new NodeOptions();

        @Override
        public Integer call() {
            return list();
        }

        @Command(name = "list", description = "Which user, or everybody from which network.")
        int list() {
            return DoorCommands.list(console, node, verb("lockouts"), DoorText::lockouts);
        }

        @Command(name = "lift", description = "End lock-outs, and forget the failures before them.")
        int lift(
                @Parameters(
                                paramLabel = "USER|ADDRESS|all",
                                description = "A user's name, a client's address, or all.")
                        String who) {
            ObjectNode request = verb("lockouts-lift");
            if (who.equals(ALL)) {
                request.put(ALL, true);
            } else {
                request.put(Network.parse(who).isPresent() ? "address" : "user", who);
            }
            return DoorCommands.list(
                    console,
                    node,
                    request,
                    (lines, out) ->
                            printLifted(lines, line -> "lock-out of " + lockedOut(line), out));
        }

        private static String lockedOut(ObjectNode line) {
            String user = Words.printable(Json.text(line, "user"));
            String network = Json.text(line, "network");
            if (user.isEmpty()) {
                return network;
            }
            return network.isEmpty() ? user : user + " from " + network;
        }
    }

    /// `whimbrel tenants`.
    @Command(
            name = "tenants",
            description =
                    "Connections and quotas of each tenant: used, and when there is room again.")
    static final class Tenants implements Callable<Integer> {
        @Mixin private Console console = new Console();
        @Mixin private NodeOptions node = new NodeOptions();

        @Parameters(paramLabel = "NAME", arity = "0..1", description = "Only this tenant.")
        private Optional<String> name = Optional.empty();

        @Override
        public Integer call() {
            ObjectNode request = verb("tenants");
            name.ifPresent(it -> request.put("tenant", it));
            return DoorCommands.list(console, node, request, DoorText::tenants);
        }
    }
}
