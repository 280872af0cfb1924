package io.whimbrel.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.log.LogFormat.SegmentHeader;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

final class LogFormatTest {
    private static final SegmentHeader HEADER = new SegmentHeader(7, 1L << 33, 6, 5, 4096, 2, 99);

    /// A log of an earlier version is gone on with; one of a later version is left alone.
    @ParameterizedTest
    @CsvSource({"0, false", "1, true", "2, true", "3, true", "4, false", "-1, false"})
    void header_isReadFromTheFirstVersionOn(int version, boolean isRead) {
        ByteBuffer block = LogFormat.headerBlock(HEADER);
        for (int at = 0; at < LogFormat.HEADER_BYTES; at += LogFormat.HEADER_BYTES / 2) {
            block.putInt(at + 8, version);
            var crc = new CRC32C();
            crc.update(block.duplicate().limit(at + 68).position(at));
            block.putInt(at + 68, (int) crc.getValue());
        }

        assertThat(LogFormat.header(block).filter(HEADER::equals).isPresent()).isEqualTo(isRead);
        assertThat(LogFormat.claimedVersion(block)).isEqualTo(version);
    }
}
