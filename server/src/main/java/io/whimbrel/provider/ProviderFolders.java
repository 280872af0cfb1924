package io.whimbrel.provider;

import io.whimbrel.toml.ConfigFinding;
import io.whimbrel.toml.Findings;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Reads provider files: those that we ship, in the program itself, and those of the operator, of
/// which one of the same name replaces ours. Stateless.
public final class ProviderFolders {
    static final int FILE_BYTES_MAX = 1 << 20;
    static final int FILES_MAX = 1_000;

    private static final String SHIPPED = "/providers";
    private static final String ENDING = ".toml";

    /// What came of it. Immutable.
    public sealed interface Loaded {
        record Good(Providers providers) implements Loaded {}

        /// @param errors at least one
        record Bad(List<ConfigFinding> errors) implements Loaded {}
    }

    /// The text of one file. Immutable.
    ///
    /// @param name as errors name it
    /// @param stem the name of the file without its folder and ending
    record NamedText(String name, String stem, String text) {}

    /// What to do with a folder of our own files.
    private interface Reader<T> {
        T read(Path folder) throws IOException;
    }

    private ProviderFolders() {}

    /// Never throws; whatever is wrong with a file is an error of the result.
    public static Loaded load(ShapingSettings settings) {
        Map<String, NamedText> texts = new TreeMap<>();
        try {
            shipped().forEach(it -> texts.put(it.stem(), it));
            if (settings.folder().isPresent()) {
                ofFolder(settings.folder().get()).forEach(it -> texts.put(it.stem(), it));
            }
        } catch (IOException e) {
            String folder = settings.folder().map(Path::toString).orElse(SHIPPED);
            return new Loaded.Bad(
                    List.of(Findings.ofWholeFile(folder, "cannot be read: " + reason(e))));
        }
        var errors = new ArrayList<ConfigFinding>();
        List<ProviderFile> files = parse(List.copyOf(texts.values()), errors);
        return errors.isEmpty()
                ? new Loaded.Good(new Providers(files, settings.overrides()))
                : new Loaded.Bad(errors);
    }

    /// Reads `files` alone, without those that we ship but for `default`.
    public static Loaded load(List<Path> files) {
        Map<String, NamedText> texts = new TreeMap<>();
        try {
            for (NamedText text : shipped()) {
                if (text.stem().equals(ProviderFile.DEFAULT)) {
                    texts.put(text.stem(), text);
                }
            }
            for (Path file : files) {
                NamedText text = read(file, file.toString());
                texts.put(text.stem(), text);
            }
        } catch (IOException e) {
            return new Loaded.Bad(
                    List.of(Findings.ofWholeFile(reason(e), "the file cannot be read")));
        }
        var errors = new ArrayList<ConfigFinding>();
        List<ProviderFile> read = parse(List.copyOf(texts.values()), errors);
        return errors.isEmpty()
                ? new Loaded.Good(new Providers(read, List.of()))
                : new Loaded.Bad(errors);
    }

    private static List<ProviderFile> parse(List<NamedText> texts, List<ConfigFinding> errors) {
        var files = new ArrayList<ProviderFile>();
        for (NamedText text : texts) {
            switch (ProviderText.parse(text.name(), Optional.of(text.stem()), text.text())) {
                case ProviderText.Parsed.Good(ProviderFile file) -> files.add(file);
                case ProviderText.Parsed.Bad(var found) -> errors.addAll(found);
            }
        }
        return files;
    }

    /// The names of the providers that we ship.
    public static List<String> shippedNames() {
        try {
            return shipped().stream().map(NamedText::stem).toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    /// The rules of a file that we ship, as they stand in it; empty where there is none.
    static String shippedRules(String stem) {
        try {
            return shipped().stream()
                    .filter(it -> it.stem().equals(stem))
                    .map(NamedText::text)
                    .filter(text -> text.contains("[[rule]]"))
                    .map(text -> text.substring(text.indexOf("[[rule]]")))
                    .findFirst()
                    .orElse("");
        } catch (IOException _) {
            return "";
        }
    }

    /// The provider files in the program, in the order of their names.
    static List<NamedText> shipped() throws IOException {
        return inProgram(SHIPPED, folder -> texts(folder, ENDING, "providers/"));
    }

    /// The replies in the program.
    static List<NamedText> shippedReplies() throws IOException {
        return inProgram(
                SHIPPED + "/replies", folder -> texts(folder, ".txt", "providers/replies/"));
    }

    private static List<NamedText> ofFolder(Path folder) throws IOException {
        return texts(folder, ENDING, folder + "/");
    }

    /// @param prefix of the names for errors
    private static List<NamedText> texts(Path folder, String ending, String prefix)
            throws IOException {
        List<Path> files;
        try (var list = Files.list(folder)) {
            files =
                    list.filter(it -> String.valueOf(it.getFileName()).endsWith(ending))
                            .sorted()
                            .limit(FILES_MAX)
                            .toList();
        }
        var texts = new ArrayList<NamedText>();
        for (Path file : files) {
            texts.add(read(file, prefix + file.getFileName()));
        }
        return texts;
    }

    private static NamedText read(Path file, String name) throws IOException {
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException(name + " is larger than 1 MiB");
        }
        try {
            String fileName = String.valueOf(file.getFileName());
            int dot = fileName.lastIndexOf('.');
            String stem = dot < 0 ? fileName : fileName.substring(0, dot);
            return new NamedText(name, stem, Files.readString(file));
        } catch (CharacterCodingException _) {
            throw new IOException(name + " is not UTF-8");
        }
    }

    private static String reason(IOException e) {
        return e.getClass() == IOException.class
                ? String.valueOf(e.getMessage())
                : e.getClass().getSimpleName() + " " + e.getMessage();
    }

    /// Our files lie in the jar, or in a folder while we develop.
    private static <T> T inProgram(String path, Reader<T> reader) throws IOException {
        URL url = ProviderFolders.class.getResource(path);
        if (url == null) {
            throw new IOException("the program lacks its " + path);
        }
        try {
            URI uri = url.toURI();
            if (!uri.getScheme().equals("jar")) {
                return reader.read(Path.of(uri));
            }
            String jar = uri.toString();
            URI file = URI.create(jar.substring("jar:".length(), jar.indexOf("!/")));
            try (FileSystem zip = FileSystems.newFileSystem(Path.of(file))) {
                return reader.read(zip.getPath(path));
            }
        } catch (URISyntaxException e) {
            throw new IOException("the program's " + path + " cannot be found", e);
        }
    }
}
