package io.whimbrel.salvage;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

class FileNamesTest {

    @Test
    void ids_comeFirst_ascending_andOnce() throws IOException {
        var names = new FileNames();
        for (int i = 3_000; i > 0; i--) {
            names.add(new QueueId(i).toString());
        }
        names.add("b");
        names.add(new QueueId(7).toString());
        names.add("a");
        // It is read as an id, but is not the name of that file.
        names.add(new QueueId(999).toString().toLowerCase(java.util.Locale.ROOT) + "x");

        var visited = new ArrayList<String>();
        names.forEach(visited::add);

        assertThat(visited).hasSize(3_003).startsWith(new QueueId(1).toString());
        assertThat(visited.subList(3_000, 3_002)).isNotEqualTo(List.of());
        assertThat(visited).contains("a", "b").doesNotHaveDuplicates();
        assertThat(names.contains(new QueueId(3_000).toString())).isTrue();
        assertThat(names.contains(new QueueId(3_001).toString())).isFalse();
        assertThat(names.contains("b")).isTrue();
        assertThat(names.contains("c")).isFalse();
    }
}
