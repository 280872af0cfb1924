package io.whimbrel.submission;

import picocli.CommandLine;

/// The verbs of the command line that hand in mail: `send` and `sendmail`. Stateless.
public final class SubmissionVerbs {
    private SubmissionVerbs() {}

    /// Adds the verbs to the program's command line.
    public static void addTo(CommandLine program) {
        program.addSubcommand(new SendCommand()).addSubcommand(SendmailCommand.line());
    }
}
