package io.whimbrel.eventlog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

final class EventReaderTest {
    @TempDir private Path folder;

    @Test
    void all_readsFilesByNumber_andWholeLinesOnly() throws IOException {
        write("events-20261123T120000Z-00000010.jsonl", "third\nhalf a li");
        write("events-20261124T120000Z-00000009.jsonl", "first\n\nsecond\n");
        write("cursor", "not events\n");
        write("events-x.jsonl", "nor these\n");

        assertThat(all()).containsExactly("first", "", "second", "third");
    }

    @Test
    void all_withoutFolder_isEmpty() throws IOException {
        var lines = new ArrayList<String>();
        new EventReader(folder.resolve("none")).all(lines::add);

        assertThat(lines).isEmpty();
    }

    @Test
    void all_acrossChunks_keepsEveryLine() throws IOException {
        var expected = new ArrayList<String>();
        for (int i = 0; i < 3000; i++) {
            expected.add(i + "x".repeat(i));
        }
        write("events-a-1.jsonl", String.join("\n", expected) + "\n");

        assertThat(all()).isEqualTo(expected);
    }

    @Test
    void all_lineBeyondBound_isLeftOut() throws IOException {
        write("events-a-1.jsonl", "a\n" + "x".repeat(3 * 1024 * 1024) + "\nb\n");

        assertThat(all()).containsExactly("a", "b");
    }

    @Test
    void find_matchesWholeValuesInAnyCase() throws IOException {
        String ann = "{\"recipient\":\"Ann@Example.net\"}";
        String joann = "{\"recipient\":\"joann@example.net\"}";
        String said = "{\"text\":\"<ann@example.net> \\\"ann@example.net\\\" unknown\"}";
        String sender = "{\"sender\":\"ann@example.net\",\"id\":\"1\"}";
        write("events-a-1.jsonl", String.join("\n", ann, joann, said, sender) + "\n");

        assertThat(find("ann@example.NET")).containsExactly(ann, sender);
        assertThat(find("nobody@example.net")).isEmpty();
    }

    @Test
    void find_writesTheValueAsLinesDo() throws IOException {
        String quoted = "{\"recipient\":\"\\\"a\\\\\\\"b\\\"@\u00e9.example\"}";
        write("events-a-1.jsonl", quoted + "\n");

        assertThat(find("\"a\\\"b\"@\u00e9.example")).containsExactly(quoted);
    }

    private List<String> all() throws IOException {
        var lines = new ArrayList<String>();
        new EventReader(folder).all(lines::add);
        return lines;
    }

    private List<String> find(String value) throws IOException {
        var lines = new ArrayList<String>();
        new EventReader(folder).find(value, lines::add);
        return lines;
    }

    private void write(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
    }
}
