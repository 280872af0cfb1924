package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FileLimitTest {

    @Test
    void clients_haveWhatDeliveryAndOurOwnFilesLeave() {
        assertThat(FileLimit.forClients(20_000, 2_000)).isEqualTo(17_744);
        assertThat(FileLimit.forClients(Long.MAX_VALUE, 2_000)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void clients_haveHalf_whereThereIsLittle() {
        assertThat(FileLimit.forClients(1_024, 2_000)).isEqualTo(512);
    }
}
