package io.whimbrel.keydesk;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.Console;
import io.whimbrel.cli.Words;
import io.whimbrel.dkimport.DkimTable;
import io.whimbrel.dkimport.Imported;
import io.whimbrel.dkimport.KumoDkimImport;
import io.whimbrel.dkimport.OpenDkimImport;
import io.whimbrel.dkimport.PmtaImport;
import io.whimbrel.dkimport.Remark;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/// `whimbrel dkim import`: takes over what another MTA was told about signing. Needs no running
/// node, and shows no key. Confined to one thread.
@Command(
        name = "import",
        description =
                "Read what another MTA signs, and write tables [[dkim]] of ours, with a comment for"
                        + " everything that could not be taken over. Exit code 0 also where"
                        + " something could not.")
final class DkimImportCommand implements Callable<Integer> {
    private static final String FILE_NAME = "dkim.toml";

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_WRITES =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_READS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r--------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ENTERS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /// Whose files they are.
    enum Origin {
        OPENDKIM,
        POWERMTA,
        KUMOMTA;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Console console;

    @Option(
            names = "--from",
            required = true,
            paramLabel = "MTA",
            description = "opendkim, powermta or kumomta.")
    private Origin origin = Origin.OPENDKIM;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description =
                    "Where dkim.toml is written, which must not be there yet, and keys that stand"
                        + " in the files themselves, as keys/NAME.pem; without it the tables are"
                        + " printed.")
    private Optional<Path> folder = Optional.empty();

    @Parameters(
            arity = "1..2",
            paramLabel = "FILE",
            description =
                    "OpenDKIM: its KeyTable and SigningTable, each a path or such as refile:/path,"
                            + " or opendkim.conf alone. PowerMTA: its configuration. KumoMTA:"
                            + " dkim_data.toml.")
    private List<String> files = List.of();

    /// @param console of the verb that this one stands below
    DkimImportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (files.size() == 2 && origin != Origin.OPENDKIM) {
            throw console.usage("--from " + origin + " takes one file");
        }
        return console.run(() -> {
            Imported imported = read();
            if (folder.isPresent()) {
                write(folder.get(), imported);
            } else if (!console.isJson()) {
                console.out().print(imported.text());
            }
            if (console.isJson()) {
                imported.tables().forEach(this::print);
                imported.remarks().forEach(this::print);
            } else if (folder.isPresent()) {
                imported.remarks()
                        .forEach(it -> console.err().println(Words.printable(it.toString())));
                console.out()
                        .println(
                                imported.tables().size()
                                        + " tables in "
                                        + folder.get().resolve(FILE_NAME)
                                        + "; copy them into whimbrel.toml and run: whimbrel config"
                                        + " check");
            }
            return Console.OK;
        });
    }

    private Imported read() throws IOException {
        Optional<Path> keyFolder = folder.map(it -> it.resolve("keys"));
        return switch (origin) {
            case OPENDKIM ->
                    files.size() == 2
                            ? OpenDkimImport.ofTables(files.get(0), files.get(1), keyFolder)
                            : OpenDkimImport.ofConf(Path.of(files.get(0)), keyFolder);
            case POWERMTA -> PmtaImport.read(Path.of(files.get(0)));
            case KUMOMTA -> KumoDkimImport.read(Path.of(files.get(0)));
        };
    }

    private void print(DkimTable table) {
        ObjectNode line =
                Json.object()
                        .put("type", "table")
                        .put("file", table.place().file())
                        .put("line", table.place().line())
                        .put("domain", table.domain())
                        .put("selector", table.selector())
                        .put("key", table.key());
        table.authors().forEach(line.putArray("authors")::add);
        console.printJson(line.put("toml", table.text()));
    }

    private void print(Remark remark) {
        console.printJson(
                Json.object()
                        .put("type", "remark")
                        .put("file", remark.place().file())
                        .put("line", remark.place().line())
                        .put("outcome", remark.outcome().word())
                        .put("message", remark.message()));
    }

    private static void write(Path folder, Imported imported) throws IOException {
        Files.createDirectories(folder);
        create(folder.resolve(FILE_NAME), imported.text(), OWNER_WRITES);
        if (!imported.inlineKeys().isEmpty()) {
            Path keys = folder.resolve("keys");
            if (!Files.isDirectory(keys)) {
                Files.createDirectory(keys, OWNER_ENTERS);
            }
            for (Imported.InlineKey key : imported.inlineKeys()) {
                create(keys.resolve(key.fileName()), key.pem(), OWNER_READS);
            }
        }
    }

    private static void create(
            Path file, String text, FileAttribute<Set<PosixFilePermission>> permissions)
            throws IOException {
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (var out = FileChannel.open(file, options, permissions)) {
            ByteBuffer left = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (left.hasRemaining()) {
                out.write(left);
            }
        } catch (FileAlreadyExistsException _) {
            throw new IOException(file + " is there already; name an empty folder");
        }
    }
}
