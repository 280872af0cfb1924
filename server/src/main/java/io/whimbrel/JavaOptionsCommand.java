package io.whimbrel;

import io.whimbrel.budget.MemoryPlan;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/// `whimbrel java-options`: for the launcher, which starts `serve` with the heap of the memory
/// budget. Prints nothing where there is anything wrong: `serve` says what.
@Command(name = "java-options", hidden = true)
final class JavaOptionsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-c", "--config"},
            required = true)
    private Path file = Path.of("");

    @Override
    public Integer call() {
        if (ConfigFile.read(file) instanceof ConfigResult.Valid(var config, _)) {
            var plan = MemoryPlan.of(config.memory(), Machine.memoryBytes());
            if (plan.problem().isEmpty()) {
                spec.commandLine().getOut().println(plan.javaOptions());
                spec.commandLine().getOut().flush();
                return 0;
            }
        }
        return 1;
    }
}
