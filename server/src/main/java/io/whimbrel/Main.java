package io.whimbrel;

import io.whimbrel.cli.ConfigCommand;
import io.whimbrel.cli.Verbs;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/// The program: one launcher, one verb per task.
@Command(
        name = "whimbrel",
        description = "A mail transfer agent for those who send a lot of mail themselves.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = HelpCommand.class,
        footer = {
            "",
            "Also: whimbrel demo (see it work on loopback), whimbrel simulator.",
            "Exit: 0 done, 1 failed or nothing found, 2 wrong usage."
        })
public final class Main implements Runnable {
    private final CommandLine commandLine;

    private Main() {
        commandLine = new CommandLine(this);
        commandLine.addSubcommand(new ServeCommand()).addSubcommand(new ConfigCommand());
        commandLine.addSubcommand(new JavaOptionsCommand());
        Verbs.addTo(commandLine);
    }

    public static void main(String[] arguments) {
        System.exit(new Main().commandLine.execute(arguments));
    }

    /// Without a verb: say which there are.
    @Override
    public void run() {
        commandLine.usage(commandLine.getOut());
    }
}
