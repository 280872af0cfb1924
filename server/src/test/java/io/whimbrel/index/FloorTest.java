package io.whimbrel.index;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class FloorTest {
    private final Floor floor = new Floor();

    @Test
    void firstRowFound_isTheFloor() {
        scan(5);
        assertThat(peek()).isEqualTo(5);
        scan(200);
        assertThat(peek()).isEqualTo(200);
    }

    @Test
    void lowerRow_lowersIt() {
        scan(5);
        floor.written(key(3));
        assertThat(peek()).isEqualTo(3);
        floor.written(key(4));
        assertThat(peek()).isEqualTo(3);
    }

    @Test
    void rowWrittenDuringAScan_isNotSkippedLater() {
        floor.begin();
        floor.written(key(3));
        floor.end(key(5));
        assertThat(peek()).isEqualTo(3);
    }

    @Test
    void rowWrittenDuringOneOfTwoScans_isNotSkippedLater() {
        floor.begin();
        floor.written(key(3));
        floor.begin();
        floor.end(key(4));
        floor.end(key(5));
        assertThat(peek()).isEqualTo(3);
        scan(5);
        assertThat(peek()).isEqualTo(5);
    }

    private void scan(int first) {
        floor.begin();
        floor.end(key(first));
    }

    private int peek() {
        byte[] now = floor.begin();
        floor.end(new byte[0]);
        return now.length == 0 ? -1 : now[0] & 0xff;
    }

    private static byte[] key(int value) {
        return new byte[] {(byte) value};
    }
}
