package io.whimbrel.cli;

import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigReference;
import io.whimbrel.config.ConfigResult;
import io.whimbrel.config.ConfigSummary;
import io.whimbrel.config.DefaultFile;
import io.whimbrel.toml.ConfigFinding;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;

/// `whimbrel config`: checks a configuration file, prints one to begin with, prints the reference.
/// Confined to one thread.
@Command(
        name = "config",
        description = "Check a configuration file, or print a default one or the reference.")
public final class ConfigCommand implements Runnable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    boolean isHelp;

    /// Without a verb there is nothing to do.
    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "Say what to do: check, default or reference");
    }

    /// Exit 0 where the file can be used, 1 where it cannot.
    @Command(
            name = "check",
            description =
                    "Read a configuration file and report every error in it with line and column."
                            + " Does not look at the machine. Exit code 0: the file can be used;"
                            + " 1: it cannot.")
    int check(
            @Parameters(paramLabel = "FILE", description = "The configuration file.") Path file,
            @Option(names = "--json", description = "Print one JSON object.") boolean isJson) {
        ConfigResult result = ConfigFile.read(file);
        if (isJson) {
            out().println(JSON.writeValueAsString(json(file, result)));
        } else {
            print(file, result);
        }
        out().flush();
        return switch (result) {
            case ConfigResult.Valid _ -> 0;
            case ConfigResult.Invalid _ -> 1;
        };
    }

    @Command(
            name = "default",
            description = "Print a commented configuration file with every key there is.")
    int printDefault() {
        return print(DefaultFile.toml());
    }

    @Command(name = "reference", description = "Print the reference of all keys in Markdown.")
    int printReference() {
        return print(ConfigReference.markdown());
    }

    private int print(String text) {
        out().print(text);
        out().flush();
        return 0;
    }

    private void print(Path file, ConfigResult result) {
        switch (result) {
            case ConfigResult.Valid(var config, var warnings) -> {
                out().println(file + ": ok");
                ConfigSummary.lines(config).forEach(line -> out().println("  " + line));
                printWarnings(warnings);
            }
            case ConfigResult.Invalid(var errors, var warnings) -> {
                errors.forEach(out()::println);
                printWarnings(warnings);
            }
        }
    }

    private void printWarnings(List<ConfigFinding> warnings) {
        warnings.forEach(warning -> out().println("warning: " + warning));
    }

    private static ObjectNode json(Path file, ConfigResult result) {
        ObjectNode json = JSON.createObjectNode();
        json.put("file", file.toString());
        switch (result) {
            case ConfigResult.Valid(var config, var warnings) -> {
                json.put("valid", true);
                ArrayNode summary = json.putArray("summary");
                ConfigSummary.lines(config).forEach(summary::add);
                add(warnings, json.putArray("warnings"));
            }
            case ConfigResult.Invalid(var errors, var warnings) -> {
                json.put("valid", false);
                add(errors, json.putArray("errors"));
                add(warnings, json.putArray("warnings"));
            }
        }
        return json;
    }

    private static void add(List<ConfigFinding> findings, ArrayNode array) {
        for (ConfigFinding finding : findings) {
            ObjectNode node = array.addObject();
            if (finding.line() > 0) {
                node.put("line", finding.line());
                node.put("column", finding.column());
            }
            node.put("message", finding.message());
            finding.allowed().ifPresent(it -> node.put("allowed", it));
            finding.suggestion().ifPresent(it -> node.put("suggestion", it));
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
