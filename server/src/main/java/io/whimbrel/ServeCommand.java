package io.whimbrel;

import io.whimbrel.config.Config;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;

import org.jline.utils.Signals;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

/// `whimbrel serve`: runs a node until SIGTERM or SIGINT, which drain it; SIGHUP reloads.
@Command(
        name = "serve",
        description = "Runs the node; prints \"ready\" once all listeners accept.",
        mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-c", "--config"},
            required = true,
            paramLabel = "FILE",
            description = "The configuration file.")
    private Path file = Path.of("");

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Config config;
        switch (ConfigFile.read(file)) {
            case ConfigResult.Invalid(var errors, _) -> {
                errors.forEach(err::println);
                err.println("not started: correct " + file + " and try again");
                return 1;
            }
            case ConfigResult.Valid(Config valid, var warnings) -> {
                warnings.forEach(warning -> LOG.warn("{}", warning));
                config = valid;
            }
        }
        try (var node = Node.start(file, config)) {
            var stop = new CountDownLatch(1);
            Signals.register("TERM", stop::countDown);
            Signals.register("INT", stop::countDown);
            Signals.register("HUP", () -> Thread.ofPlatform().start(node::reload));
            out.println("ready");
            out.flush();
            stop.await();
            LOG.info("draining");
        } catch (IOException e) {
            err.println("not started: " + e.getMessage());
            return 1;
        }
        LOG.info("stopped");
        return 0;
    }
}
