package io.whimbrel.submission;

import io.whimbrel.time.SteadyClock;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/// `whimbrel sendmail` among the other verbs. The program itself calls [Sendmail] before it knows
/// of any verb, for a process that starts fast.
@Command(
        name = "sendmail",
        description = {
            "As sendmail(1): leaves a message in the pickup folder. A link to whimbrel named"
                    + " sendmail, mailq or newaliases does the same.",
            "  -t  recipients from To, Cc and Bcc      -f ADDRESS  reverse-path",
            "  -i  a line of one dot is not the end    -F NAME     full name in From",
            "  -bp list the queue   -bs speak SMTP     -C FILE     configuration file",
            "  -N, -R, -V, -B: NOTIFY, RET, ENVID and BODY"
        },
        footer = {
            "",
            "Configuration: -C FILE, or $WHIMBREL_CONFIG, or /etc/whimbrel/whimbrel.toml.",
            "Exit: those of sysexits.h; 0 means that the message is on the disk."
        })
final class SendmailCommand implements Callable<Integer> {
    /// A word that no command line has.
    private static final String NEVER = "\0";

    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "OPTIONS, RECIPIENTS", arity = "0..*")
    private List<String> words = new ArrayList<>();

    /// The verb, with all that is behind it left to [SendmailOptions].
    static CommandLine line() {
        return new CommandLine(new SendmailCommand())
                .setUnmatchedOptionsArePositionalParams(true)
                .setEndOfOptionsDelimiter(NEVER);
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        var caller = Sendmail.Caller.ofProcess();
        var here =
                new Sendmail.Caller(
                        System.in,
                        new WriterBytes(out),
                        spec.commandLine().getErr(),
                        caller.user(),
                        caller.config());
        return new Sendmail(here, new SteadyClock()).run(words);
    }

    /// What is written here is text of the console.
    private static final class WriterBytes extends OutputStream {
        private final PrintWriter out;

        WriterBytes(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            out.print(new String(bytes, from, length, StandardCharsets.UTF_8));
        }

        @Override
        public void flush() {
            out.flush();
        }
    }
}
