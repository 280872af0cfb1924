package io.whimbrel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FileLimitTest {

    @Test
    void clients_haveWhatDeliveryAndOurOwnFilesLeave() {
        assertThat(FileLimit.of(20_000, 10_000, 2_000).clients()).isEqualTo(17_744);
        assertThat(FileLimit.of(Long.MAX_VALUE, 10_000, 2_000).clients())
                .isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void deliveries_haveWhatClientsDoNotAskFor() {
        assertThat(FileLimit.of(20_000, 10_000, 2_000).deliveries()).isEqualTo(9_744);
        assertThat(FileLimit.of(20_000, 10_000, 2_000).shortage(2_000)).isEmpty();
    }

    @Test
    void shares_neverAddUpToMoreThanThereIs_whateverIsAsked() {
        for (long most : new long[] {64, 256, 1_024, 4_096, 4_600, 20_000}) {
            for (int asked : new int[] {1, 100, 2_000, 100_000}) {
                var limit = FileLimit.of(most, 10_000, asked);
                int clients = Math.min(10_000, limit.clients());
                int left = (int) (most - Math.min(256, most / 4));
                assertThat(clients + limit.deliveries()).as("%s", most).isLessThanOrEqualTo(left);
                assertThat(limit.deliveries()).isPositive();
                assertThat(limit.clients()).isPositive();
            }
        }
    }

    @Test
    void shortage_isToldWithItsRemedy() {
        var limit = FileLimit.of(1_024, 10_000, 2_000);

        assertThat(limit).isEqualTo(new FileLimit(384, 384));
        assertThat(limit.shortage(2_000).orElseThrow())
                .contains("384 connections", "max-connections = 2000", "LimitNOFILE=");
    }
}
