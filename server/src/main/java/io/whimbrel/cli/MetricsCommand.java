package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import tools.jackson.databind.node.ObjectNode;

import java.util.Optional;
import java.util.concurrent.Callable;

/// `whimbrel metrics`: every counter and gauge of a node in Prometheus' text format, or with
/// `--json` one object `{"metric","value"}` per sample.
@Command(name = "metrics", description = "Counters and gauges of a node, as Prometheus reads them.")
final class MetricsCommand implements Callable<Integer> {
    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    @Override
    public Integer call() {
        return console.run(() -> {
            ObjectNode request = Json.object().put("verb", "metrics");
            Optional<String> refusal = node.client().ask(request, this::print);
            return refusal.isPresent() ? console.fail(refusal.get()) : Console.OK;
        });
    }

    private void print(ObjectNode line) {
        String text = Json.text(line, "text");
        if (!console.isJson()) {
            console.out().println(text);
            return;
        }
        int space = text.lastIndexOf(' ');
        if (space > 0 && !text.startsWith("#")) {
            console.printJson(
                    Json.object()
                            .put("metric", text.substring(0, space))
                            .put("value", text.substring(space + 1)));
        }
    }
}
