package io.whimbrel.index;

import static io.whimbrel.index.IndexFixtures.NOW;
import static io.whimbrel.index.IndexFixtures.entry;
import static io.whimbrel.index.IndexFixtures.id;
import static io.whimbrel.index.IndexFixtures.queue;
import static io.whimbrel.index.IndexFixtures.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.index.MessageRow.Entry;
import io.whimbrel.index.RowCodec.QueueValue;
import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

final class RowCodecTest {
    private static final QueueName OTHER =
            new QueueName(
                    new MailStream("Ä", "", PriorityClass.TRANSACTIONAL),
                    new DomainName("[192.0.2.1]"));

    static Stream<MessageRow> rows() {
        var rich =
                new MessageRow(
                        id(7),
                        50L << 30,
                        1000,
                        List.of(new FramePlace(8, 0, 5), new FramePlace(11, 1 << 30, 7)),
                        List.of(new FramePlace(10, 99, 100)),
                        new FramePlace(9, Integer.MAX_VALUE, Integer.MAX_VALUE),
                        List.of(
                                entry("example.com", NOW, 0, 1, 2, 7, 9, 10),
                                new Entry(OTHER, RecipientNumbers.of(5), 31, Instant.EPOCH, true),
                                new Entry(
                                        OTHER,
                                        RecipientNumbers.of(11, 99_999),
                                        1,
                                        Instant.EPOCH.minusNanos(1000),
                                        false)));
        int[] all = IntStream.range(0, RowCodec.RECIPIENTS_MAX).toArray();
        return Stream.of(row(1, entry("a", NOW, 0)), rich, row(2, entry("example.com", NOW, all)));
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("rows")
    void row_isReadBack(MessageRow row) {
        assertThat(RowCodec.decode(row.id(), RowCodec.encode(row))).contains(row);
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("rows")
    void cutOrLongerRow_isNone(MessageRow row) {
        byte[] bytes = RowCodec.encode(row);
        for (int length = 0; length < bytes.length; length++) {
            assertThat(RowCodec.decode(row.id(), Arrays.copyOf(bytes, length))).isEmpty();
        }
        assertThat(RowCodec.decode(row.id(), Arrays.copyOf(bytes, bytes.length + 1))).isEmpty();
    }

    @Test
    void everyonesRecipients_takeFewBytes() {
        int[] all = IntStream.range(0, RowCodec.RECIPIENTS_MAX).toArray();
        assertThat(RowCodec.encode(row(2, entry("example.com", NOW, all)))).hasSizeLessThan(70);
    }

    @Test
    void tooManyRecipients_areRefused() {
        int[] all = IntStream.range(0, RowCodec.RECIPIENTS_MAX).toArray();
        var row = row(2, entry("a", NOW, all), entry("b", NOW, 0));
        assertThatThrownBy(() -> RowCodec.encode(row)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void queue_isReadBack() {
        for (QueueName name : List.of(OTHER, queue("example.com"))) {
            assertThat(RowCodec.decodeName(RowCodec.encode(name))).contains(name);
            var value = new QueueValue(name, 3, 1L << 40, RowCodec.NEVER);
            assertThat(RowCodec.decodeQueue(RowCodec.encode(value))).contains(value);
        }
    }

    /// These bytes are on disks: another version must read them, or have another format number.
    @Test
    void format_staysAsItIs() {
        assertThat(hex(RowCodec.encode(row(1, 3, entry("example.com", NOW, 0, 2)))))
                .isEqualTo(
                        "e8070903a808c801010040e8070001000473686f7006737072696e6702000b"
                                + "6578616d706c652e636f6d0081a09e99c7a098030200010101");
        var value = new QueueValue(queue("example.com"), 2, 300, 1_000_000);
        assertThat(hex(RowCodec.encode(value)))
                .isEqualTo("0473686f7006737072696e6702000b6578616d706c652e636f6d02ac02c0843d");
        assertThat(hex(Keys.queue(queue("example.com"))))
                .isEqualTo("7669d0692cc79d68d5a2e5c0b279b1cf");
    }

    @Test
    void changedBytes_giveAValueOrNone() {
        var random = new Random(20261124);
        List<byte[]> encoded = rows().limit(2).map(RowCodec::encode).toList();
        for (int i = 0; i < 15_000; i++) {
            byte[] bytes = encoded.get(random.nextInt(encoded.size())).clone();
            for (int change = random.nextInt(3); change >= 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            decode(bytes);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAValueOrNone(byte[] bytes) {
        decode(bytes);
    }

    /// What can be read is written and read again as the same.
    private static void decode(byte[] bytes) {
        RowCodec.decode(id(1), bytes)
                .ifPresent(row ->
                        assertThat(RowCodec.decode(id(1), RowCodec.encode(row))).contains(row));
        RowCodec.decodeQueue(bytes)
                .ifPresent(queue ->
                        assertThat(RowCodec.decodeQueue(RowCodec.encode(queue))).contains(queue));
        RowCodec.decodeName(bytes)
                .ifPresent(name ->
                        assertThat(RowCodec.decodeName(RowCodec.encode(name))).contains(name));
        RowCodec.decodeNumber(bytes)
                .ifPresent(number ->
                        assertThat(RowCodec.decodeNumber(RowCodec.encodeNumber(number)))
                                .contains(number));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
