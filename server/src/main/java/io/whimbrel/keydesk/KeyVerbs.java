package io.whimbrel.keydesk;

import io.whimbrel.time.SteadyClock;

import picocli.CommandLine;

/// The verbs about keys. Stateless.
public final class KeyVerbs {
    private KeyVerbs() {}

    /// Adds the verbs to the program's command line.
    public static void addTo(CommandLine program) {
        var dkim = new DkimCommand(new SteadyClock());
        program.addSubcommand(dkim.addTo(new CommandLine(dkim)));
        program.addSubcommand(new TokenCommand());
    }
}
