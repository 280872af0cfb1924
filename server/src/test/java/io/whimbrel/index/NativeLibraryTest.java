package io.whimbrel.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

final class NativeLibraryTest {
    @TempDir private Path folder;

    @Test
    void folderThatIsNoexec_nextIsTried() throws IOException {
        List<String> tried = new ArrayList<>();
        NativeLibrary.load(
                List.of(folder.resolve("a"), folder.resolve("b"), folder.resolve("c")),
                name -> {
                    tried.add(name);
                    if (name.endsWith("a")) {
                        throw new UnsatisfiedLinkError("failed to map segment");
                    }
                });
        assertThat(tried)
                .containsExactly(folder.resolve("a").toString(), folder.resolve("b").toString());
    }

    @Test
    void noFolderWorks_saysWhyAndWhatToDo() {
        List<Path> folders = List.of(folder.resolve("a"), folder.resolve("b"));
        assertThatThrownBy(() ->
                        NativeLibrary.load(
                                folders,
                                name -> {
                                    throw new IOException("no space in " + name);
                                }))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("-Djava.io.tmpdir=")
                .hasMessageContaining("no space in " + folder.resolve("a"))
                .hasMessageContaining("no space in " + folder.resolve("b"));
    }
}
