package io.whimbrel.index;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;

import java.time.Instant;
import java.util.Optional;

/// Reads stored rows. One that cannot be read passed RocksDB's checksum and is no row of ours: the
/// index is damaged.
final class Rows {

    private Rows() {}

    static MessageRow message(byte[] key, byte[] value) throws IndexDamaged {
        var id = new QueueId(Keys.segment(key));
        return RowCodec.decode(id, value).orElseThrow(() -> unreadable(Family.MESSAGES));
    }

    static RowCodec.QueueValue queue(byte[] value) throws IndexDamaged {
        return RowCodec.decodeQueue(value).orElseThrow(() -> unreadable(Family.QUEUES));
    }

    static QueueIndex.QueueRow queueRow(byte[] value) throws IndexDamaged {
        RowCodec.QueueValue row = queue(value);
        Optional<Instant> wake =
                row.wake() == RowCodec.NEVER
                        ? Optional.empty()
                        : Optional.of(Keys.instant(row.wake()));
        return new QueueIndex.QueueRow(row.name(), row.rows(), row.recipients(), wake);
    }

    static QueueIndex.DueRow due(byte[] key, byte[] value) throws IndexDamaged {
        int recipients = Math.toIntExact(number(Family.DUE, value));
        return new QueueIndex.DueRow(
                Keys.instant(Keys.dueMicros(key)), Keys.dueId(key), recipients);
    }

    static QueueIndex.Wake wake(byte[] key, byte[] value) throws IndexDamaged {
        QueueName name = RowCodec.decodeName(value).orElseThrow(() -> unreadable(Family.WAKE));
        return new QueueIndex.Wake(Keys.instant(Keys.wakeMicros(key)), name);
    }

    static long number(Family family, byte[] value) throws IndexDamaged {
        return RowCodec.decodeNumber(value).orElseThrow(() -> unreadable(family));
    }

    private static IndexDamaged unreadable(Family family) {
        return new IndexDamaged("index: a row of family " + family + " cannot be read");
    }
}
