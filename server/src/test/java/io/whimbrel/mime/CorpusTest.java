package io.whimbrel.mime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Messages of others' test suites, most of them broken in some way.
class CorpusTest {
    private static final Path DATA =
            Path.of(System.getProperty("whimbrel.root", "..")).resolve("../shared/testdata");

    /// Of these Angus Mail makes something else than we do, converted or not. It takes a line that
    /// is no field for one, and does not know what a digest has inside, nor parameters behind two
    /// semicolons, nor boundaries that are very long or end with spaces.
    private static final Set<String> READ_OTHERWISE =
            Set.of(
                    "022.eml",
                    "015.eml",
                    "basic-plain-with-bad-header-separator.msg",
                    "malformedHeader-nocrlfcrlf.msg",
                    "malformedHeader-noheader.msg",
                    "malformedHeaderStartsBody-nocrlfcrlf.msg",
                    "malformedHeaderStartsBody-noheader.msg",
                    "multi-digest.msg",
                    "double-semicolon.msg",
                    "double-semicolon2.msg",
                    "very-long-boundary.msg",
                    "very-very-long-boundary.msg",
                    "weird-boundary.msg");

    @Test
    void foreignMessages_converted_readTheSame() throws IOException {
        int converted = 0;
        for (Path file : messages()) {
            byte[] message = crlf(Files.readAllBytes(file));
            converted += readsTheSame(file, message) ? 1 : 0;
            converted += readsTheSame(file, withEightBit(message)) ? 1 : 0;
        }
        assertThat(converted).isGreaterThan(70);
    }

    /// Whether there was something to convert.
    private static boolean readsTheSame(Path file, byte[] message) throws IOException {
        Converted result = Converted.of(message);
        if (!result.findings().isConvertible()) {
            return false;
        }
        if (!READ_OTHERWISE.contains(file.getFileName().toString())) {
            assertThat(Converted.leaves(result.output()))
                    .as(file.toString())
                    .isEqualTo(Converted.leaves(message));
        }
        return true;
    }

    /// With an octet beyond US-ASCII for each `e` in bodies that are not encoded.
    private static byte[] withEightBit(byte[] message) {
        var out = new ByteArrayOutputStream();
        var walker = new Walker(new Mutation(out));
        walker.write(message, 0, message.length);
        walker.finish();
        return out.toByteArray();
    }

    private record Mutation(ByteArrayOutputStream out) implements Walker.Listener {
        @Override
        public void begin(Entity entity) {}

        @Override
        public void field(Entity entity, FieldName name, byte[] bytes, int length) {
            out.write(bytes, 0, length);
        }

        @Override
        public void headerEnd(Entity entity, boolean isBlankNext) {}

        @Override
        public void body(Entity entity, byte[] bytes, int from, int length) {
            boolean isChanged = entity.encoding().isIdentity() && !entity.isComposite();
            for (int i = from; i < from + length; i++) {
                out.write(isChanged && bytes[i] == 'e' ? 0xe9 : bytes[i]);
            }
        }

        @Override
        public void part(Entity entity) {}

        @Override
        public void structure(byte[] bytes, int from, int length) {
            out.write(bytes, from, length);
        }

        @Override
        public void epilogue(byte[] bytes, int from, int length) {
            out.write(bytes, from, length);
        }

        @Override
        public void end(Entity entity) {}
    }

    @Test
    void foreignMessages_haveTheProperties() throws IOException {
        for (Path file : messages()) {
            byte[] message = crlf(Files.readAllBytes(file));
            Properties.check(file.toString(), message);
            Properties.check(file.toString(), withEightBit(message));
        }
    }

    private static List<Path> messages() throws IOException {
        List<Path> found = new ArrayList<>();
        for (String name : List.of("mime-mail-parser", "mime-mime4j")) {
            Path folder = DATA.resolve(name);
            assumeTrue(Files.isDirectory(folder), "no " + folder);
            try (var files = Files.walk(folder)) {
                files.filter(CorpusTest::isMessage).sorted().forEach(found::add);
            }
        }
        return found;
    }

    private static boolean isMessage(Path file) {
        String name = file.getFileName().toString();
        return Files.isRegularFile(file) && (name.endsWith(".eml") || name.endsWith(".msg"));
    }

    private static byte[] crlf(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1)
                .replace("\r\n", "\n")
                .replace("\n", "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
    }
}
