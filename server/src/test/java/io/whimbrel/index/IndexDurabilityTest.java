package io.whimbrel.index;

import static io.whimbrel.index.IndexFixtures.NOW;
import static io.whimbrel.index.IndexFixtures.added;
import static io.whimbrel.index.IndexFixtures.entry;
import static io.whimbrel.index.IndexFixtures.id;
import static io.whimbrel.index.IndexFixtures.open;
import static io.whimbrel.index.IndexFixtures.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.index.QueueIndex.Change;
import io.whimbrel.index.QueueIndex.QueueRow;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// What is there after the index was closed, damaged, or written by another version.
final class IndexDurabilityTest {
    private static final byte[] META = {1, 2, 3};

    @TempDir private Path parent;

    @Test
    void newIndex_hasNoCheckpoint() throws IOException {
        try (QueueIndex index = open(folder())) {
            assertThat(index.checkpoint()).isEmpty();
            assertThat(index.messages(Optional.empty(), 9)).isEmpty();
        }
    }

    @Test
    void checkpoint_makesAllDurable_andLaterWritesAreGone() throws IOException {
        try (QueueIndex index = open(folder())) {
            index.write(List.of(added(row(1, entry("a.example", NOW, 0)))));
            index.checkpoint(META);
            index.write(List.of(added(row(2, entry("a.example", NOW, 0)))));
            index.wakeAt(IndexFixtures.queue("a.example"), Optional.empty());
        }
        try (QueueIndex index = open(folder())) {
            assertThat(index.checkpoint()).contains(META);
            assertThat(index.messages(Optional.empty(), 9))
                    .containsExactly(row(1, entry("a.example", NOW, 0)));
            assertThat(index.queues(Optional.empty(), 9))
                    .containsExactly(
                            new QueueRow(IndexFixtures.queue("a.example"), 1, 1, Optional.of(NOW)));
        }
    }

    @Test
    void noCheckpoint_nothingIsThere() throws IOException {
        try (QueueIndex index = open(folder())) {
            index.write(List.of(added(row(1, entry("a.example", NOW, 0)))));
        }
        try (QueueIndex index = open(folder())) {
            assertThat(index.checkpoint()).isEmpty();
            assertThat(index.queues(Optional.empty(), 9)).isEmpty();
            assertThat(index.wakes(Optional.empty(), NOW, 9)).isEmpty();
        }
    }

    /// Memory is full long before the end, so rows go to disk without a checkpoint. Which, depends
    /// on when; but they are those of whole writes, the first ones, in all families.
    @Test
    void moreThanMemory_closedWithoutCheckpoint_isStateAfterSomeWrite() throws IOException {
        int inWrite = 100;
        long memoryMost = 0;
        try (QueueIndex index = open(folder())) {
            index.checkpoint(META);
            for (int i = 0; i < 400; i++) {
                List<Change> changes = new ArrayList<>();
                for (int k = 0; k < inWrite; k++) {
                    long id = (long) i * inWrite + k;
                    changes.add(added(row(id, i, entry("d" + k % 7 + ".example", NOW, 0, 1))));
                }
                index.write(changes);
                memoryMost = Math.max(memoryMost, index.stats().memtableBytes());
            }
        }
        assertThat(memoryMost).isLessThan(IndexSettings.MEMORY_BYTES_MIN);
        try (QueueIndex index = open(folder());
                var census = new SegmentCensus(index)) {
            int found = index.messages(Optional.empty(), 100_000).size();
            assertThat(found).isPositive();
            assertThat(found % inWrite).isZero();
            assertThat(index.checkpoint()).contains(META);
            long rows = 0;
            for (QueueRow queue : index.queues(Optional.empty(), 9)) {
                assertThat(index.due(queue.name(), Optional.empty(), NOW, 100_000))
                        .hasSize((int) queue.rows());
                assertThat(queue.recipients()).isEqualTo(2 * queue.rows());
                rows += queue.rows();
            }
            assertThat(rows).isEqualTo(found);
            assertThat(census.sum()).hasSize(found / inWrite).containsValue(inWrite * 1200L);
            assertThat(index.segments()).hasSize(found / inWrite);
        }
    }

    @Test
    void cutFile_isDamage() throws IOException {
        fill();
        Path table = tables().getFirst();
        Files.write(table, Arrays.copyOf(Files.readAllBytes(table), 100));
        assertThatThrownBy(() -> open(folder())).isInstanceOf(IndexDamaged.class);
    }

    @Test
    void missingFile_isDamage() throws IOException {
        fill();
        Files.delete(tables().getFirst());
        assertThatThrownBy(() -> open(folder())).isInstanceOf(IndexDamaged.class);
    }

    @Test
    void missingManifest_isDamage() throws IOException {
        fill();
        for (Path file : files("MANIFEST")) {
            Files.delete(file);
        }
        assertThatThrownBy(() -> open(folder())).isInstanceOf(IndexDamaged.class);
    }

    @Test
    void changedBytes_areDamage_atOpenOrWhenTheyAreRead() throws IOException {
        fill();
        for (Path table : tables()) {
            byte[] bytes = Files.readAllBytes(table);
            for (int i = 0; i < 60; i++) {
                bytes[i] ^= 1;
            }
            Files.write(table, bytes);
        }
        assertThatThrownBy(
                        () -> {
                            try (QueueIndex index = open(folder())) {
                                index.messages(Optional.empty(), 9);
                            }
                        })
                .isInstanceOf(IndexDamaged.class);
    }

    @Test
    void damagedIndex_isSetAside_andANewOneMade_alsoASecondTime() throws IOException {
        for (int i = 0; i < 2; i++) {
            fill();
            Path aside = QueueIndex.setAside(folder(), "damaged");
            assertThat(aside).isEqualTo(parent.resolve("index.damaged")).isNotEmptyDirectory();
            assertThat(folder()).doesNotExist();
        }
    }

    @Test
    void otherFormat_isRefusedByName() throws IOException {
        fill();
        try (Store store = Store.open(folder(), IndexSettings.MEMORY_BYTES_MIN);
                Store.Batch batch = store.batch()) {
            batch.put(Family.META, new byte[] {'f'}, RowCodec.encodeNumber(QueueIndex.FORMAT + 1));
            store.write(batch);
            store.flush();
        }
        assertThatThrownBy(() -> open(folder()))
                .isInstanceOf(IndexDamaged.class)
                .hasMessageContaining("format " + (QueueIndex.FORMAT + 1) + " of another version")
                .hasMessageContaining("reads format " + QueueIndex.FORMAT);
    }

    @Test
    void indexInUse_isNoDamage() throws IOException {
        try (QueueIndex _ = open(folder())) {
            assertThatThrownBy(() -> open(folder()))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(IndexDamaged.class)
                    .hasMessageContaining("lock");
        }
    }

    @Test
    void closedIndex_answersWithAnException() throws IOException {
        QueueIndex index = open(folder());
        var census = new SegmentCensus(index);
        index.close();
        index.close();
        census.close();
        assertThatThrownBy(() -> index.message(id(1))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(census::sum).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> index.write(List.of(added(row(1, entry("a", NOW, 0))))))
                .isInstanceOf(IllegalStateException.class);
    }

    /// Native code that is used after it was closed would end this process.
    @Test
    void close_waitsForReaders() throws Exception {
        fill();
        try (var threads = Executors.newFixedThreadPool(3)) {
            for (int round = 0; round < 8; round++) {
                QueueIndex index = open(folder());
                var started = new CountDownLatch(3);
                Callable<Integer> reading =
                        () -> {
                            int reads = 0;
                            try (var census = new SegmentCensus(index)) {
                                started.countDown();
                                while (true) {
                                    reads += index.messages(Optional.empty(), 9).size();
                                    reads += census.sum().size();
                                }
                            } catch (IllegalStateException _) {
                                return reads;
                            }
                        };
                List<Future<Integer>> readers =
                        List.of(
                                threads.submit(reading),
                                threads.submit(reading),
                                threads.submit(reading));
                started.await();
                index.close();
                for (Future<Integer> reader : readers) {
                    assertThat(reader.get()).isNotNegative();
                }
            }
        }
    }

    private Path folder() {
        return parent.resolve("index");
    }

    private void fill() throws IOException {
        try (QueueIndex index = open(folder())) {
            for (int i = 0; i < 50; i++) {
                index.write(List.of(added(row(i, entry("a.example", NOW, 0)))));
            }
            index.checkpoint(META);
        }
    }

    private List<Path> tables() throws IOException {
        return files("").stream().filter(file -> file.toString().endsWith(".sst")).toList();
    }

    private List<Path> files(String prefix) throws IOException {
        try (var files = Files.list(folder())) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .toList();
        }
    }
}
