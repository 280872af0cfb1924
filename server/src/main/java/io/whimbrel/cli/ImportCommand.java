package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.provider.KumoImport;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;

/// `whimbrel import`: takes over what another MTA was told. Needs no running node. Confined to one
/// thread.
@Command(name = "import", description = "Take over files of another MTA.")
final class ImportCommand implements Runnable {
    private static final long BYTES_MAX = 4 << 20;

    @Mixin private Console console = new Console();

    /// Without a verb there is nothing to do.
    @Override
    public void run() {
        throw console.usage("Say what to import: shaping");
    }

    @Command(
            name = "shaping",
            description =
                    "Read a shaping file of KumoMTA (TOML) and write provider files and limits of"
                            + " ours; say of each key what became of it. Exit code 0 also where"
                            + " something could not be taken over.")
    int shaping(
            @Parameters(paramLabel = "FILE", description = "KumoMTA's shaping file.") Path file,
            @Option(
                            names = "--out",
                            paramLabel = "FOLDER",
                            description =
                                    "Where the files are written, none of which may be there yet;"
                                            + " without it they are printed.")
                    Optional<Path> folder) {
        return console.run(() -> {
            KumoImport.Result result = KumoImport.read(file.toString(), text(file));
            for (Map.Entry<String, String> made : result.files().entrySet()) {
                if (folder.isPresent()) {
                    write(folder.get().resolve(made.getKey()), made.getValue());
                } else if (!console.isJson()) {
                    console.out().println("# ---- " + made.getKey());
                    console.out().print(made.getValue());
                }
            }
            result.notes().forEach(this::print);
            return result.isReadable() ? Console.OK : Console.FAILED;
        });
    }

    private void print(KumoImport.Note note) {
        if (console.isJson()) {
            console.printJson(
                    Json.object()
                            .put("line", note.line())
                            .put("key", note.key())
                            .put("outcome", note.outcome().word())
                            .put("message", note.message()));
        } else {
            console.err()
                    .println(
                            Words.printable(
                                    note.line()
                                            + ": "
                                            + note.key()
                                            + ": "
                                            + note.outcome().word()
                                            + (note.message().isEmpty()
                                                    ? ""
                                                    : ": " + note.message())));
        }
    }

    private static String text(Path file) throws IOException {
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw new IOException(file + " is larger than 4 MiB");
            }
            return Files.readString(file);
        } catch (NoSuchFileException _) {
            throw new IOException("there is no file " + file);
        }
    }

    private static void write(Path file, String text) throws IOException {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException _) {
            throw new IOException(file + " is there already; name an empty folder");
        }
    }
}
