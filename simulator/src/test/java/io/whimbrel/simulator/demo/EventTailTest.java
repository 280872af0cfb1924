package io.whimbrel.simulator.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class EventTailTest {
    @TempDir private Path folder;

    private static String line(String id) {
        return "{\"event\":\"received\",\"id\":\"%s\",\"recipient\":\"ü@a.test\"}\n".formatted(id);
    }

    private void append(String file, String text) throws IOException {
        append(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private void append(String file, byte[] bytes) throws IOException {
        Files.write(
                folder.resolve(file), bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static List<String> ids(List<EventLine> lines) {
        return lines.stream().map(EventLine::id).toList();
    }

    @Test
    void folderThatIsNotThereYet_hasNoLines() throws IOException {
        assertThat(new EventTail(folder.resolve("absent")).read()).isEmpty();
    }

    @Test
    void partialLastLine_isReadOnceItIsWhole() throws IOException {
        var tail = new EventTail(folder);
        String second = line("2");
        append("events-1.jsonl", line("1") + second.substring(0, 20));
        assertThat(ids(tail.read())).containsExactly("1");
        assertThat(tail.read()).isEmpty();
        append("events-1.jsonl", second.substring(20, second.length() - 1));
        assertThat(tail.read()).isEmpty();
        append("events-1.jsonl", "\n" + line("3"));
        assertThat(ids(tail.read())).containsExactly("2", "3");
    }

    @Test
    void nextFile_isReadAfterTheRestOfTheLast() throws IOException {
        var tail = new EventTail(folder);
        append("events-1.jsonl", line("1"));
        assertThat(ids(tail.read())).containsExactly("1");
        append("events-2.jsonl", line("3"));
        append("events-1.jsonl", line("2"));
        append("events.cursor", "not events");
        assertThat(ids(tail.read())).containsExactly("2", "3");
        Files.delete(folder.resolve("events-1.jsonl"));
        append("events-2.jsonl", line("4"));
        assertThat(ids(tail.read())).containsExactly("4");
    }

    /// Cut anywhere, within characters and beyond the buffer too.
    @Test
    void anyPieces_giveEachLineOnce() throws IOException {
        long seed = 7;
        var random = new Random(seed);
        var expected = new ArrayList<String>();
        var text = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            String id = "id" + i + "-" + "x".repeat(i == 50 ? 200_000 : random.nextInt(2_000));
            expected.add(id);
            text.append(line(id));
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        var tail = new EventTail(folder);
        var read = new ArrayList<EventLine>();
        for (int at = 0; at < bytes.length; ) {
            int end = Math.min(bytes.length, at + 1 + random.nextInt(20_000));
            append("events-1.jsonl", Arrays.copyOfRange(bytes, at, end));
            at = end;
            read.addAll(tail.read());
        }
        assertThat(ids(read)).as("seed " + seed).isEqualTo(expected);
        assertThat(read).allSatisfy(it -> assertThat(it.recipient()).isEqualTo("ü@a.test"));
        assertThat(ids(new EventTail(folder).read())).isEqualTo(expected);
    }

    @Test
    void endlessLine_isRefused() throws IOException {
        append("events-1.jsonl", "x".repeat((1 << 20) + 1));
        assertThatThrownBy(() -> new EventTail(folder).read())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("events-1.jsonl")
                .hasMessageContaining("1048576");
    }

    @Test
    void whatIsNoEvent_isRefused() throws IOException {
        append("events-1.jsonl", "{\"id\":\n");
        assertThatThrownBy(() -> new EventTail(folder).read()).hasMessageContaining("not JSON");
        assertThatThrownBy(() -> EventLine.parse("{\"id\":\"1\"}"))
                .hasMessageContaining("no event");
        assertThatThrownBy(() -> EventLine.parse("[]")).hasMessageContaining("no event");
    }

    @Test
    void fields_areTakenOrAbsent() throws IOException {
        assertThat(
                        EventLine.parse(
                                """
                                {"event":"deferred","id":"A1","recipient":"x@a.test",\
                                "tenant":"shop","code":451,"enhanced":"4.7.1",\
                                "text":"later","queued_s":1.234}\
                                """))
                .isEqualTo(
                        new EventLine(
                                "deferred", "A1", "x@a.test", "shop", 451, "4.7.1", "later", 1234));
        assertThat(EventLine.parse("{\"event\":\"hold\"}"))
                .isEqualTo(new EventLine("hold", "", "", "", 0, "", "", 0));
    }
}
