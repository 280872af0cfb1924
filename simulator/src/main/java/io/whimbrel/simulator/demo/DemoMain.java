package io.whimbrel.simulator.demo;

import picocli.CommandLine;

import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/// `./whimbrel demo`. Exit 0 where all books agree, 1 where they do not or nothing could be tried,
/// 2 for a mistake on the command line, 130 where it was broken off before the tables.
@CommandLine.Command(
        name = "whimbrel demo",
        description = {
            "Starts a small internet and the server on loopback, sends mail of two tenants through"
                    + " it, and compares what the server logged with what the providers counted.",
            "Exit 0 where that adds up, 1 otherwise."
        })
public final class DemoMain implements Callable<Integer> {
    private static final int BROKEN_OFF = 130;
    private static final int FAILED = 1;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

    @CommandLine.Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "shows this help")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean isHelp;

    @CommandLine.Option(names = "--exit", description = "ends after the tables")
    private boolean isExit;

    @CommandLine.Option(
            names = "--messages",
            paramLabel = "N",
            description = "how many to send, 1 to 100000 (default ${DEFAULT-VALUE})")
    private int messages = 2_000;

    @CommandLine.Option(
            names = "--seed",
            paramLabel = "N",
            description = "another seed, other mail (default ${DEFAULT-VALUE})")
    private long seed = 1;

    @CommandLine.Option(
            names = "--keep",
            description = "keeps the temporary folder; it stays anyway where something differs")
    private boolean isKept;

    @CommandLine.Option(
            names = "--json",
            description = "prints the results as JSON; all else goes to standard error")
    private boolean isJson;

    private final PrintStream out;
    private final PrintStream err;

    /// What to exit with when a signal comes now.
    private final AtomicInteger status = new AtomicInteger(BROKEN_OFF);

    DemoMain(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    public static void main(String[] args) {
        // Standard output is for the reader of --json; libraries get to say warnings only.
        System.setProperty("logback.configurationFile", "simulator-logback.xml");
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(new CommandLine(new DemoMain(out, err)).execute(args));
    }

    @Override
    public Integer call() throws InterruptedException {
        String launcher = System.getProperty("whimbrel.launcher", "");
        if (launcher.isEmpty()) {
            err.println("demo: cannot tell which server to start; use ./whimbrel demo");
            return FAILED;
        }
        DemoOptions options;
        try {
            options = new DemoOptions(Path.of(launcher), messages, seed, isKept);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        try {
            Demo demo = new Demo(options, new Screen(isJson ? err : out, isTerminal()));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(demo), "demo-end"));
            return run(demo);
        } catch (IOException e) {
            err.println("demo: " + e.getMessage());
            return FAILED;
        }
    }

    private static boolean isTerminal() {
        // There is none where input or output is redirected, as of JDK 25.
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    private int run(Demo demo) throws InterruptedException {
        try {
            Demo.Outcome outcome = demo.run();
            if (isJson) {
                out.println(outcome.json());
            }
            status.set(outcome.addsUp() ? 0 : FAILED);
            if (!isExit) {
                demo.invite();
                demo.awaitEnd();
                fail(demo, "the server ended");
            }
        } catch (IOException e) {
            fail(demo, String.valueOf(e.getMessage()));
        }
        return status.get();
    }

    /// Says it, unless it is we who are ending.
    private void fail(Demo demo, String message) {
        if (!demo.isClosed()) {
            status.set(FAILED);
            err.println();
            err.println("demo: " + message);
        }
    }

    /// Runs at every end, that by a signal included.
    private void end(Demo demo) {
        try {
            demo.close();
        } catch (IOException e) {
            err.println("demo: " + e.getMessage());
        }
        out.flush();
        err.flush();
        // A run that was ended by its signal after the tables has its result; the JVM would say
        // 130.
        Runtime.getRuntime().halt(status.get());
    }
}
