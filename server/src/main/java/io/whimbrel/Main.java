package io.whimbrel;

import io.whimbrel.cli.ConfigCommand;
import io.whimbrel.cli.Verbs;
import io.whimbrel.doctor.DoctorCommand;
import io.whimbrel.keydesk.KeyVerbs;
import io.whimbrel.submission.Sendmail;
import io.whimbrel.submission.SubmissionVerbs;
import io.whimbrel.time.SteadyClock;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

import java.util.List;

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
        KeyVerbs.addTo(commandLine);
        commandLine.addSubcommand(new DoctorCommand());
        SubmissionVerbs.addTo(commandLine);
    }

    public static void main(String[] arguments) {
        if (arguments.length > 0 && arguments[0].equals("sendmail")) {
            // Programs call it for each message: the other verbs cost half a second to make.
            var words = List.of(arguments).subList(1, arguments.length);
            System.exit(new Sendmail(Sendmail.Caller.ofProcess(), new SteadyClock()).run(words));
        }
        System.exit(new Main().commandLine.execute(arguments));
    }

    /// Without a verb: say which there are.
    @Override
    public void run() {
        commandLine.usage(commandLine.getOut());
    }
}
