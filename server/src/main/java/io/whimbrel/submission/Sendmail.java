package io.whimbrel.submission;

import io.whimbrel.cli.Words;
import io.whimbrel.config.Config;
import io.whimbrel.config.ConfigFile;
import io.whimbrel.config.ConfigResult;
import io.whimbrel.pickup.BadMessageException;
import io.whimbrel.pickup.CrlfInput;
import io.whimbrel.pickup.DropBox;
import io.whimbrel.pickup.EnvelopeFields;
import io.whimbrel.pickup.FixedMail;
import io.whimbrel.pickup.HeaderFixes;
import io.whimbrel.pickup.RawMail;
import io.whimbrel.submission.SendmailOptions.Parsed;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// `whimbrel sendmail`: sendmail(1) for the programs of this machine. Confined to one thread.
///
/// A message always goes into the pickup folder, whether the server runs or not: one way, which is
/// as good when the server is down. Exit 0 means that it is on the disk there.
public final class Sendmail {
    private static final Path CONFIG_DEFAULT = Path.of("/etc/whimbrel/whimbrel.toml");
    private static final String CONFIG_VARIABLE = "WHIMBREL_CONFIG";

    private final Caller caller;
    private final InstantSource clock;

    /// The process that a run belongs to.
    ///
    /// @param in standard input
    /// @param out standard output, for bytes
    /// @param err for people
    /// @param user login name
    /// @param config value of `WHIMBREL_CONFIG`; empty where it is not set
    public record Caller(
            InputStream in,
            OutputStream out,
            PrintWriter err,
            String user,
            Optional<String> config) {

        /// This process.
        public static Caller ofProcess() {
            return new Caller(
                    new FileInputStream(FileDescriptor.in),
                    System.out,
                    new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                    System.getProperty("user.name", ""),
                    Optional.ofNullable(System.getenv(CONFIG_VARIABLE)));
        }
    }

    /// Why nothing was done, and how programs are told.
    private static final class Failure extends Exception {
        private static final long serialVersionUID = 1;

        private final SysExit exit;

        Failure(SysExit exit, String message) {
            super(message);
            this.exit = exit;
        }
    }

    public Sendmail(Caller caller, InstantSource clock) {
        this.caller = caller;
        this.clock = clock;
    }

    /// Does what the words behind the program's name ask for.
    ///
    /// @return the exit code
    public int run(List<String> words) {
        SysExit exit;
        try {
            exit =
                    switch (SendmailOptions.parse(words)) {
                        case Parsed.Wrong(String reason) -> fail(SysExit.USAGE, reason);
                        case Parsed.Options(SendmailOptions options) -> run(options);
                    };
        } catch (Failure e) {
            exit = fail(e.exit, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            exit = fail(SysExit.SOFTWARE, "a bug: " + e);
        }
        caller.err.flush();
        return exit.code();
    }

    private SysExit fail(SysExit exit, String message) {
        caller.err.println("sendmail: " + Words.printable(message));
        return exit;
    }

    private SysExit run(SendmailOptions options) throws Failure {
        return switch (options.mode()) {
            case SEND -> send(options);
            case LIST -> new MailQueue(config(options), caller).print();
            case SMTP -> new SmtpPipe(config(options), caller).run();
            case NOTHING -> {
                caller.err.println(
                        "sendmail: nothing to do: whimbrel serve is the daemon, tries mail again by"
                                + " itself, and reads aliases from its configuration");
                yield SysExit.OK;
            }
        };
    }

    private SysExit send(SendmailOptions options) throws Failure {
        if (options.recipients().isEmpty() && !options.takesHeader()) {
            throw new Failure(
                    SysExit.USAGE,
                    "recipients must stand on the command line, or in the header (-t)");
        }
        Config config = config(options);
        Instant now = clock.instant();
        var fixes = new HeaderFixes(config.sendmail(), author(options), now, token(now));
        EnvelopeFields envelope = envelope(options, fixes);
        FixedMail mail = read(options, config, fixes, envelope);
        String name = leave(mail, config, now);
        if (options.isVerbose()) {
            caller.err.println("sendmail: left as " + name + " in " + config.pickup().folder());
        }
        return SysExit.OK;
    }

    private HeaderFixes.Author author(SendmailOptions options) {
        return new HeaderFixes.Author(caller.user, options.fullName());
    }

    private static EnvelopeFields envelope(SendmailOptions options, HeaderFixes fixes)
            throws Failure {
        var receivers = new ArrayList<String>();
        for (String recipient : options.recipients()) {
            boolean isBracketed = recipient.startsWith("<") && recipient.endsWith(">");
            int end = recipient.length() - (isBracketed ? 1 : 0);
            try {
                receivers.addAll(fixes.complete(recipient.substring(isBracketed ? 1 : 0, end)));
            } catch (BadMessageException e) {
                throw new Failure(SysExit.NO_USER, String.valueOf(e.getMessage()));
            }
        }
        return new EnvelopeFields(
                options.sender(), receivers, options.parameters(), options.notice());
    }

    private FixedMail read(
            SendmailOptions options, Config config, HeaderFixes fixes, EnvelopeFields envelope)
            throws Failure {
        long bytesMax = config.pickup().messageBytesMax();
        try {
            var in = new CrlfInput(caller.in, !options.ignoresDots(), bytesMax);
            return fixes.of(RawMail.read(in), envelope, options.takesHeader());
        } catch (BadMessageException e) {
            throw new Failure(SysExit.DATA_ERROR, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new Failure(SysExit.IO_ERROR, "standard input: " + e.getMessage());
        }
    }

    private String leave(FixedMail mail, Config config, Instant now) throws Failure {
        Path folder = config.pickup().folder();
        var box = new DropBox(folder);
        try {
            if (!Files.exists(box.arrived()) && isOurs(config.node().dataFolder())) {
                box.make(config.pickup().openTo());
            }
            return box.leave(mail, now);
        } catch (BadMessageException e) {
            throw new Failure(SysExit.DATA_ERROR, String.valueOf(e.getMessage()));
        } catch (AccessDeniedException _) {
            throw new Failure(
                    SysExit.NO_PERMISSION,
                    "user "
                            + caller.user
                            + " may not leave mail in "
                            + folder
                            + "; pickup.open-to = \"everyone\" would let every user do so");
        } catch (NoSuchFileException _) {
            throw new Failure(
                    SysExit.CANNOT_CREATE,
                    "there is no pickup folder "
                            + folder
                            + "; the server makes it when it starts: whimbrel serve -c FILE");
        } catch (IOException e) {
            throw new Failure(SysExit.TEMPORARY_FAILURE, folder + ": " + e.getMessage());
        }
    }

    /// Whether this is the server's user, whose folders the server can use.
    private static boolean isOurs(Path dataFolder) throws IOException {
        return Files.isDirectory(dataFolder)
                && Files.getAttribute(dataFolder, "unix:uid")
                        .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    private Config config(SendmailOptions options) throws Failure {
        Path given = options.config().or(() -> caller.config.map(Path::of)).orElse(CONFIG_DEFAULT);
        // Postfix's -C names a folder.
        Path file = Files.isDirectory(given) ? given.resolve("whimbrel.toml") : given;
        return switch (ConfigFile.read(file)) {
            case ConfigResult.Valid(var config, _) -> config;
            case ConfigResult.Invalid(var errors, _) ->
                    throw new Failure(
                            SysExit.CONFIG,
                            errors.getFirst()
                                    + " (the configuration is named by "
                                    + CONFIG_VARIABLE
                                    + ", -C, or is "
                                    + CONFIG_DEFAULT
                                    + ")");
        };
    }

    private static String token(Instant now) {
        byte[] random = new byte[10];
        new SecureRandom().nextBytes(random);
        return Long.toHexString(now.toEpochMilli()) + "." + HexFormat.of().formatHex(random);
    }
}
