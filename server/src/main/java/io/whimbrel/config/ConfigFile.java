package io.whimbrel.config;

import io.whimbrel.config.Findings.Place;

import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseOptions;
import org.tomlj.TomlParseResult;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Reads a configuration file. It looks at nothing but the file: not at the machine's addresses,
/// disks or names. Stateless.
public final class ConfigFile {
    /// No sensible file comes near it.
    static final int BYTES_MAX = 1 << 20;

    private static final TomlParseOptions OPTIONS = TomlParseOptions.sourceless();

    private ConfigFile() {}

    /// Reads `file`, which may also be a pipe. Never throws; whatever keeps it from being read is
    /// an error of the result.
    public static ConfigResult read(Path file) {
        String name = file.toString();
        if (Files.isDirectory(file)) {
            return unreadable(name, "is a folder; give the file in it");
        }
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        } catch (NoSuchFileException _) {
            return unreadable(
                    name,
                    "there is no such file; `whimbrel config default` prints one to begin with");
        } catch (AccessDeniedException _) {
            return unreadable(name, "permission denied");
        } catch (IOException e) {
            return unreadable(name, "cannot be read: " + e.getMessage());
        }
        return bytes.length > BYTES_MAX
                ? unreadable(name, "is larger than " + SizeText.render(BYTES_MAX))
                : parse(name, bytes);
    }

    /// What holds for a node of which nothing but its data folder is known.
    public static ConfigResult ofDataFolder(Path folder) {
        String data = TomlText.quote(folder.toAbsolutePath().toString());
        return parse(
                folder.toString(),
                "[node]\nname = \"node.invalid\"\ndata = "
                        + data
                        + "\n[[listen]]\naddress = \"127.0.0.1:2525\"\n");
    }

    /// Reads the text of a file that is called `name`.
    static ConfigResult parse(String name, String text) {
        var findings = new Findings(name);
        TomlParseResult document = Toml.parse(text, OPTIONS);
        for (TomlParseError error : document.errors()) {
            findings.error(Place.of(error.position()), syntaxMessage(error));
        }
        var meaning = new Findings(name);
        FileValues values = new TableReader(meaning, !document.hasErrors()).read(document);
        new ConfigChecks(values, meaning).run();
        meaning.forgetLines(linesInDoubt(text, document.errors()));
        findings.addAll(meaning);
        return findings.hasErrors()
                ? new ConfigResult.Invalid(findings.errors(), findings.warnings())
                : new ConfigResult.Valid(
                        new ConfigAssembly(values).assemble(), findings.warnings());
    }

    private static ConfigResult parse(String name, byte[] bytes) {
        CharsetDecoder decoder =
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT);
        var in = ByteBuffer.wrap(bytes);
        var out = CharBuffer.allocate(bytes.length);
        CoderResult end = decoder.decode(in, out, true);
        String text = out.flip().toString();
        if (end.isError()) {
            var findings = new Findings(name);
            findings.error(endOf(text), "this byte is not UTF-8, the encoding of TOML files");
            return new ConfigResult.Invalid(findings.errors(), findings.warnings());
        }
        return parse(name, withoutMark(text));
    }

    /// Editors of Windows put a byte order mark in front of UTF-8, which nobody sees.
    private static String withoutMark(String text) {
        return text.startsWith("\ufeff") ? text.substring(1) : text;
    }

    private static Place endOf(String text) {
        int lineStart = text.lastIndexOf('\n') + 1;
        int line = 1 + (int) text.chars().filter(c -> c == '\n').count();
        return new Place(line, 1 + text.codePointCount(lineStart, text.length()));
    }

    private static String syntaxMessage(TomlParseError error) {
        String message = String.valueOf(error.getMessage());
        return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }

    /// After a header that the parser refused, it takes the keys that follow for keys of the table
    /// before. What is said about them up to the next header would be wrong.
    private static Predicate<Integer> linesInDoubt(String text, List<TomlParseError> errors) {
        List<String> lines = text.lines().toList();
        var ends = new TreeMap<Integer, Integer>();
        for (TomlParseError error : errors) {
            int line = error.position().line();
            if (isHeader(lines, line)) {
                int end = line + 1;
                while (end <= lines.size() && !isHeader(lines, end)) {
                    end++;
                }
                ends.put(line, end);
            }
        }
        return line -> {
            var start = ends.floorEntry(line);
            return start != null && line < start.getValue();
        };
    }

    private static boolean isHeader(List<String> lines, int line) {
        return line <= lines.size() && lines.get(line - 1).strip().startsWith("[");
    }

    private static ConfigResult unreadable(String name, String message) {
        return new ConfigResult.Invalid(List.of(Findings.ofWholeFile(name, message)), List.of());
    }
}
