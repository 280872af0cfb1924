package io.whimbrel.tidy;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.tidy.Tidy.Source;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The whole source is tidy, and each rule is proved by a fixture that breaks it.
class TidyTest {
    private static final Path ROOT = Path.of(System.getProperty("whimbrel.root", ".."));

    /// A room is to be learned in an hour: about 25 files. The largest ones have more; never raise
    /// it.
    private static final int PACKAGE_FILES_MAX = 40;

    private static final Pattern RFC = Pattern.compile("RFC (\\d{3,5})");

    @Test
    void source_isTidy() throws IOException {
        assertThat(Tidy.check(sources())).isEmpty();
    }

    /// A fixture's first line names the path it pretends to have, the second what must be found.
    @TestFactory
    Stream<DynamicTest> fixture_isFound() throws IOException {
        Path folder = ROOT.resolve("server/src/test/resources/tidy");
        List<Path> fixtures;
        try (var files = Files.list(folder)) {
            fixtures = files.sorted().toList();
        }
        assertThat(fixtures).hasSizeGreaterThanOrEqualTo(14);
        return fixtures.stream()
                .map(fixture ->
                        DynamicTest.dynamicTest(
                                fixture.getFileName().toString(), () -> assertFound(fixture)));
    }

    private static void assertFound(Path fixture) throws IOException {
        List<String> lines = Files.readAllLines(fixture);
        String path = lines.get(0).substring("// path: ".length());
        String expected = lines.get(1).substring("// finds: ".length());
        String text = "\n\n" + String.join("\n", lines.subList(2, lines.size()));
        if (text.contains("#repeat")) {
            text = text.replace("#repeat", "\n".repeat(Tidy.FILE_LINES_MAX));
        }
        assertThat(Tidy.check(List.of(new Source(path, text))))
                .singleElement()
                .asString()
                .startsWith(path)
                .contains(expected);
    }

    @Test
    void packages_areRoomsThatCanBeLearned() throws IOException {
        Map<String, Integer> files = new TreeMap<>();
        for (Source source : sources()) {
            if (source.isServer()) {
                files.merge(source.path().replaceAll("/[^/]*$", ""), 1, Integer::sum);
            }
        }
        assertThat(files)
                .allSatisfy((room, count) ->
                        assertThat(count).as(room).isLessThanOrEqualTo(PACKAGE_FILES_MAX));
        for (String room : files.keySet()) {
            assertThat(ROOT.resolve(room).resolve("package-info.java"))
                    .as("package-info.java of " + room)
                    .exists();
        }
    }

    @Test
    void rfcsCited_areInTheList() throws IOException {
        String list = Files.readString(ROOT.resolve("docs/rfc.md"));
        var missing = new TreeSet<String>();
        for (Source source : sources()) {
            if (!source.isServer()) {
                continue;
            }
            var matcher = RFC.matcher(source.text());
            while (matcher.find()) {
                if (!list.contains("RFC " + matcher.group(1))) {
                    missing.add("RFC " + matcher.group(1) + " cited in " + source.path());
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    private static List<Source> sources() throws IOException {
        List<Source> sources = new ArrayList<>();
        for (String module : List.of("server", "simulator", "bench")) {
            try (var walk = Files.walk(ROOT.resolve(module).resolve("src"))) {
                for (Path file : walk.filter(TidyTest::isJava).sorted().toList()) {
                    String path = ROOT.relativize(file).toString();
                    sources.add(new Source(path, Files.readString(file)));
                }
            }
        }
        return sources;
    }

    private static boolean isJava(Path path) {
        return path.toString().endsWith(".java");
    }
}
