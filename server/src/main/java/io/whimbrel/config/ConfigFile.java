package io.whimbrel.config;

import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.SizeText;
import io.whimbrel.toml.TomlDocument;
import io.whimbrel.toml.TomlText;

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

/// Reads a configuration file. It looks at nothing but the file: not at the machine's addresses,
/// disks or names. Stateless.
public final class ConfigFile {
    /// No sensible file comes near it.
    static final int BYTES_MAX = 1 << 20;

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
        TomlDocument document =
                TomlDocument.parse(
                        name,
                        text,
                        ConfigKeys.TABLES,
                        (values, meaning) -> new ConfigChecks(values, meaning).run());
        Findings findings = document.findings();
        return findings.hasErrors()
                ? new ConfigResult.Invalid(findings.errors(), findings.warnings())
                : new ConfigResult.Valid(
                        new ConfigAssembly(name, document.values()).assemble(),
                        findings.warnings());
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

    private static ConfigResult unreadable(String name, String message) {
        return new ConfigResult.Invalid(List.of(Findings.ofWholeFile(name, message)), List.of());
    }
}
