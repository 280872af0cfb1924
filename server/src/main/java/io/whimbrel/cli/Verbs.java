package io.whimbrel.cli;

import picocli.CommandLine;

/// The verbs of the command line that look at a node or operate it: `queue`, `spool`, `trace`,
/// `user`, `bans`, `lockouts`, `tenants`, `why`, `shaping`, `tls`, `import`, `reload`, `status`,
/// `metrics`. Stateless.
public final class Verbs {
    private Verbs() {}

    private static CommandLine shaping() {
        var shaping = new ShapingCommand();
        return shaping.addTo(new CommandLine(shaping));
    }

    /// Adds the verbs to the program's command line.
    public static void addTo(CommandLine program) {
        program.addSubcommand(new QueueCommand())
                .addSubcommand(new SpoolCommand())
                .addSubcommand(new TraceCommand())
                .addSubcommand(new UserCommand())
                .addSubcommand(new DoorCommands.Bans())
                .addSubcommand(new DoorCommands.Lockouts())
                .addSubcommand(new DoorCommands.Tenants())
                .addSubcommand(new WhyCommand())
                .addSubcommand(shaping())
                .addSubcommand(new TlsCommand())
                .addSubcommand(new ImportCommand())
                .addSubcommand(new ReloadCommand())
                .addSubcommand(new StatusCommand())
                .addSubcommand(new MetricsCommand());
    }
}
