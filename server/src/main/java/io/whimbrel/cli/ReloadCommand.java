package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import tools.jackson.databind.node.ObjectNode;

import java.util.Optional;
import java.util.concurrent.Callable;

/// `whimbrel reload`: makes a running server read its configuration again. Exit 1 where it stays
/// with the old one; the reasons stand on standard error.
@Command(name = "reload", description = "Make a running server read its configuration again.")
final class ReloadCommand implements Callable<Integer> {
    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    @Override
    public Integer call() {
        return console.run(() -> {
            ObjectNode request = Json.object().put("verb", "reload");
            Optional<String> refusal = node.client().ask(request, this::printProblem);
            if (refusal.isPresent()) {
                return console.fail(refusal.get());
            }
            if (console.isJson()) {
                console.printJson(Json.object().put("reloaded", true));
            } else {
                console.out().println("reloaded");
            }
            return Console.OK;
        });
    }

    private void printProblem(ObjectNode line) {
        if (console.isJson()) {
            console.printJson(line);
        } else {
            console.err().println(Words.printable(Json.text(line, "problem")));
        }
    }
}
