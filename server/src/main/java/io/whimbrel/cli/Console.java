package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;

/// What every verb shares: help, JSON output, and how failures are told. Confined to one thread.
public final class Console {
    public static final int OK = 0;
    public static final int FAILED = 1;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean isHelp;

    @Option(
            names = "--json",
            scope = ScopeType.INHERIT,
            description = "Print JSON, one object per line.")
    private boolean isJson;

    /// The work of a verb.
    @FunctionalInterface
    public interface Body {
        int run() throws IOException;
    }

    /// Runs `body`; trouble becomes one line on standard error and exit code 1.
    public int run(Body body) {
        try {
            return body.run();
        } catch (IOException e) {
            return fail(String.valueOf(e.getMessage()));
        } finally {
            out().flush();
            err().flush();
        }
    }

    public int fail(String message) {
        err().println("whimbrel: " + Words.printable(message));
        err().flush();
        return FAILED;
    }

    /// Tells of something that is not as it should be; the work goes on.
    public void warn(String message) {
        err().println("whimbrel: warning: " + Words.printable(message));
    }

    public boolean isJson() {
        return isJson;
    }

    /// Whether people watch, so that a line may be rewritten.
    public boolean isTerminal() {
        return Optional.ofNullable(System.console())
                .filter(java.io.Console::isTerminal)
                .isPresent();
    }

    public void printJson(ObjectNode line) {
        out().println(Json.line(line));
    }

    public PrintWriter out() {
        return spec.commandLine().getOut();
    }

    public PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /// A mistake on the command line: told with the usage, exit code 2.
    public ParameterException usage(String message) {
        return usage(spec, message);
    }

    /// As above, with the usage of the verb below `command` that was given, if any.
    public static ParameterException usage(CommandSpec command, String message) {
        CommandLine line = command.commandLine();
        while (line.getParseResult().hasSubcommand()) {
            line = line.getParseResult().subcommand().commandSpec().commandLine();
        }
        return new ParameterException(line, message);
    }
}
