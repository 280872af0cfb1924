package io.whimbrel.salvage;

import io.whimbrel.mail.QueueId;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// Which files of a folder were imported, and the ids that they got: `imported.jsonl` in it, a line
/// each, synced before the next message is imported. Confined to one thread.
final class ImportLedger implements AutoCloseable {
    static final String NAME = "imported.jsonl";

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final FileNames done = new FileNames();
    private final FileChannel file;

    /// Reads what earlier runs wrote. A last line that a crash cut short does not count.
    ImportLedger(Path folder) throws IOException {
        Path path = folder.resolve(NAME);
        boolean isNew = !Files.exists(path);
        if (!isNew) {
            read(path);
        }
        file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        file.position(file.size());
        if (isNew) {
            try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
                entries.force(true);
            }
        } else if (!endsWithLine()) {
            write("\n");
        }
    }

    private void read(Path path) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(path)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                name(line).ifPresent(done::add);
            }
        }
    }

    private static Optional<String> name(String line) {
        try {
            String name = MAPPER.readTree(line).path("file").stringValue("");
            return name.isEmpty() ? Optional.empty() : Optional.of(name);
        } catch (JacksonException _) {
            return Optional.empty();
        }
    }

    /// Whether the pair of that name, without its suffix, was imported by an earlier run.
    boolean contains(String name) {
        return done.contains(name);
    }

    /// Returns when the line is on the disk.
    void add(String name, QueueId id) throws IOException {
        var line = MAPPER.createObjectNode().put("file", name).put("id", id.toString());
        write(MAPPER.writeValueAsString(line) + "\n");
    }

    private boolean endsWithLine() throws IOException {
        if (file.size() == 0) {
            return true;
        }
        ByteBuffer last = ByteBuffer.allocate(1);
        file.read(last, file.size() - 1);
        return last.get(0) == '\n';
    }

    private void write(String text) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
