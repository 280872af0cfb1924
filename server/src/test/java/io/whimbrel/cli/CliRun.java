package io.whimbrel.cli;

import io.whimbrel.submission.SubmissionVerbs;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/// One run of the command line with what it printed.
public record CliRun(int exit, String out, String err) {

    @Command(name = "whimbrel")
    private static final class Program {}

    public static CliRun of(String... arguments) {
        var program = new CommandLine(new Program());
        Verbs.addTo(program);
        SubmissionVerbs.addTo(program);
        var out = new StringWriter();
        var err = new StringWriter();
        program.setOut(new PrintWriter(out));
        program.setErr(new PrintWriter(err));
        int exit = program.execute(arguments);
        return new CliRun(exit, out.toString(), err.toString());
    }

    public List<String> lines() {
        return out.lines().toList();
    }
}
