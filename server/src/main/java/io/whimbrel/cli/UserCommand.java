package io.whimbrel.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.admin.Json;
import io.whimbrel.auth.UserEntry;
import io.whimbrel.auth.UsersFile;
import io.whimbrel.auth.Verifier;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.List;
import java.util.Optional;

/// `whimbrel user`: who may log in. Works on the file alone; running servers notice by themselves.
/// Exit 0 where it is done, 1 where it is not.
@Command(
        name = "user",
        description = {
            "Add, list and remove users that may log in to send mail.",
            "Servers use a changed file at once."
        })
final class UserCommand implements Runnable {
    private static final int PASSWORD_OCTETS_MAX = 1_024;
    private static final int PASSWORD_SHORT = 12;

    @Mixin private Console console = new Console();

    @Option(
            names = "--users",
            paramLabel = "FILE",
            required = true,
            scope = ScopeType.INHERIT,
            description = "The users file, as `users` in [[listen]] names it.")
    private Path file = Path.of("");

    @Override
    public void run() {
        throw console.usage("Say what to do: add, list or remove");
    }

    @Command(
            name = "add",
            description = {
                "Add a user. The password is the first line of standard input; on a terminal it is"
                        + " asked for.",
                "Where the file does not exist, it is made, for this user of the system only: give"
                        + " it to the server's user."
            })
    int add(
            @Parameters(paramLabel = "NAME", description = "As the user logs in.") String name,
            @Option(
                            names = "--tenant",
                            paramLabel = "T",
                            required = true,
                            description = "Whose mail the user sends.")
                    String tenant,
            @Option(
                            names = "--hash",
                            paramLabel = "HASH",
                            description =
                                    "A hash of another system instead of a password: bcrypt, argon2"
                                        + " or SCRAM-SHA-256. The first two serve PLAIN and LOGIN"
                                        + " only.")
                    Optional<String> hash,
            @Option(
                            names = "--iterations",
                            paramLabel = "N",
                            defaultValue = "100000",
                            description =
                                    "How costly each guess at the password is; default 100000.")
                    int iterations,
            @Option(
                            names = "--control",
                            description =
                                    "Header fields of the user's messages may control delivery.")
                    boolean mayControl,
            @Option(names = "--replace", description = "Change a user that is there already.")
                    boolean isReplaced) {
        String user = Normalizer.normalize(name, Normalizer.Form.NFKC);
        UserEntry.complaint(user, tenant)
                .ifPresent(complaint -> {
                    throw console.usage(complaint);
                });
        if (iterations < Verifier.Scram.ITERATIONS_MIN
                || iterations > Verifier.Scram.ITERATIONS_MAX) {
            throw console.usage(
                    "--iterations is "
                            + Verifier.Scram.ITERATIONS_MIN
                            + " to "
                            + Verifier.Scram.ITERATIONS_MAX);
        }
        return console.run(() -> {
            Verifier verifier =
                    hash.isPresent()
                            ? imported(hash.get())
                            : Verifier.Scram.of(password(), iterations);
            var entry = new UserEntry(user, tenant, verifier, mayControl);
            var users = new UsersFile(file);
            if (isReplaced) {
                users.replace(entry);
            } else {
                users.add(entry);
            }
            return done(user, isReplaced ? "changed" : "added");
        });
    }

    @Command(name = "list", description = "List users, without anything about their passwords.")
    int list() {
        return console.run(() -> {
            List<UserEntry> all = new UsersFile(file).users();
            var table = new TextTable("USER", "TENANT", "PASSWORD", "CONTROL");
            for (UserEntry entry : all) {
                String kind = entry.verifier().kind();
                if (console.isJson()) {
                    console.printJson(
                            Json.object()
                                    .put("user", entry.name())
                                    .put("tenant", entry.tenant())
                                    .put("password", kind)
                                    .put("control", entry.mayControl()));
                } else {
                    String control = entry.mayControl() ? "yes" : "no";
                    table.add(entry.name(), entry.tenant(), kind, control);
                }
            }
            if (!console.isJson() && !table.isEmpty()) {
                table.print(console.out());
            }
            return Console.OK;
        });
    }

    @Command(name = "remove", description = "Remove a user, who is then refused at once.")
    int remove(@Parameters(paramLabel = "NAME", description = "As listed.") String name) {
        String user = Normalizer.normalize(name, Normalizer.Form.NFKC);
        return console.run(() -> {
            new UsersFile(file).remove(user);
            return done(user, "removed");
        });
    }

    private int done(String user, String what) {
        if (console.isJson()) {
            console.printJson(Json.object().put("user", user).put("done", what));
        } else {
            console.out().println(Words.printable(user) + " " + what + " in " + file);
        }
        return Console.OK;
    }

    private static Verifier imported(String hash) throws IOException {
        return Verifier.parse(hash)
                .orElseThrow(() ->
                        new IOException(
                                "--hash is none that can be used: give $2b$... (cost 4 to 14),"
                                        + " $argon2id$v=19$... (at most m=131072,t=64,p=16) or"
                                        + " SCRAM-SHA-256$..., in single quotes for the shell"));
    }

    private String password() throws IOException {
        String password = console.isTerminal() ? asked() : firstLine(System.in);
        if (password.isEmpty()) {
            throw new IOException("no password: give it as the first line of standard input");
        }
        if (password.getBytes(UTF_8).length > PASSWORD_OCTETS_MAX || password.indexOf(0) >= 0) {
            throw new IOException(
                    "the password is longer than "
                            + PASSWORD_OCTETS_MAX
                            + " octets or has a NUL; give another");
        }
        if (password.length() < PASSWORD_SHORT) {
            console.err()
                    .println(
                            "whimbrel: warning: a password of less than "
                                    + PASSWORD_SHORT
                                    + " characters can be guessed; `openssl rand -base64 24` makes"
                                    + " a good one");
        }
        return password;
    }

    private static String asked() throws IOException {
        java.io.Console terminal =
                Optional.ofNullable(System.console())
                        .orElseThrow(() -> new IOException("there is no terminal"));
        String first = read(terminal, "Password: ");
        if (!first.equals(read(terminal, "Again: "))) {
            throw new IOException("the two passwords differ; nothing was changed");
        }
        return first;
    }

    private static String read(java.io.Console terminal, String prompt) {
        char[] typed = terminal.readPassword("%s", prompt);
        return typed == null ? "" : new String(typed);
    }

    /// Without its end of line.
    private static String firstLine(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        int octet = in.read();
        while (octet >= 0 && octet != '\n' && line.size() <= PASSWORD_OCTETS_MAX + 1) {
            line.write(octet);
            octet = in.read();
        }
        try {
            String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(line.toByteArray())).toString();
            return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        } catch (CharacterCodingException e) {
            throw new IOException("the password is not in UTF-8", e);
        }
    }
}
