package io.whimbrel.index;

import io.whimbrel.index.MessageRow.Entry;
import io.whimbrel.log.FramePlace;
import io.whimbrel.log.Payload;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Turns rows into bytes and back. The layout is in `docs/index-format.md`.
///
/// Decoding takes any bytes: what is no row comes back as empty, and memory stays in proportion to
/// the input plus [#RECIPIENTS_MAX] numbers.
final class RowCodec {
    /// A message has at most so many recipients.
    static final int RECIPIENTS_MAX = 100_000;

    /// Microseconds that stand for "at no time" among a queue's own rows.
    static final long NEVER = Long.MAX_VALUE;

    private static final int DOMAIN_CHARACTERS_MAX = 255;
    private static final int IS_DELAY_NOTIFIED = 1;
    private static final int HAS_STREAM_OF_PREVIOUS = 2;

    /// A constant is written as its place in this list, which only ever grows.
    private static final List<PriorityClass> PRIORITIES =
            List.of(PriorityClass.TRANSACTIONAL, PriorityClass.NORMAL, PriorityClass.BULK);

    /// What a queue's row says of it.
    ///
    /// @param wake microseconds, or [#NEVER]
    record QueueValue(QueueName name, long rows, long recipients, long wake) {}

    private RowCodec() {}

    /// The row without its id, which is the key.
    ///
    /// @throws IllegalArgumentException where it has more recipients than [#RECIPIENTS_MAX]
    static byte[] encode(MessageRow row) {
        var out = new Payload.Writer(96);
        out.number(row.size()).number(row.recipients());
        FramePlace accepted = row.accepted();
        out.number(accepted.segment()).number(accepted.offset()).number(accepted.length());
        places(out, row.body(), accepted.segment());
        places(out, row.envelope(), accepted.segment());
        out.number(row.entries().size());
        MailStream stream = MailStream.NONE;
        int recipients = 0;
        for (Entry entry : row.entries()) {
            recipients += entry.recipients().size();
            if (recipients > RECIPIENTS_MAX) {
                throw new IllegalArgumentException("too many recipients in the row of " + row.id());
            }
            entry(out, entry, stream);
            stream = entry.queue().stream();
        }
        return out.toBytes();
    }

    static Optional<MessageRow> decode(QueueId id, byte[] bytes) {
        var in = new Payload.Reader(ByteBuffer.wrap(bytes));
        try {
            long size = in.size();
            int recipients = in.integer(Integer.MAX_VALUE);
            var accepted =
                    new FramePlace(
                            in.size(),
                            in.integer(Integer.MAX_VALUE),
                            in.integer(Integer.MAX_VALUE));
            List<FramePlace> body = places(in, accepted.segment());
            List<FramePlace> envelope = places(in, accepted.segment());
            List<Entry> entries = entries(in);
            in.end();
            return Optional.of(
                    new MessageRow(id, size, recipients, body, envelope, accepted, entries));
        } catch (Payload.Malformed _) {
            return Optional.empty();
        }
    }

    static byte[] encode(QueueName name) {
        var out = new Payload.Writer(48);
        stream(out, name.stream());
        return out.text(name.domain().value()).toBytes();
    }

    static Optional<QueueName> decodeName(byte[] bytes) {
        var in = new Payload.Reader(ByteBuffer.wrap(bytes));
        try {
            var name = new QueueName(stream(in), domain(in));
            in.end();
            return Optional.of(name);
        } catch (Payload.Malformed _) {
            return Optional.empty();
        }
    }

    static byte[] encode(QueueValue queue) {
        var out = new Payload.Writer(64);
        stream(out, queue.name().stream());
        out.text(queue.name().domain().value());
        return out.number(queue.rows()).number(queue.recipients()).number(queue.wake()).toBytes();
    }

    static Optional<QueueValue> decodeQueue(byte[] bytes) {
        var in = new Payload.Reader(ByteBuffer.wrap(bytes));
        try {
            var name = new QueueName(stream(in), domain(in));
            var value = new QueueValue(name, in.size(), in.size(), in.number());
            in.end();
            return Optional.of(value);
        } catch (Payload.Malformed _) {
            return Optional.empty();
        }
    }

    static byte[] encodeNumber(long number) {
        return new Payload.Writer(5).number(number).toBytes();
    }

    static Optional<Long> decodeNumber(byte[] bytes) {
        var in = new Payload.Reader(ByteBuffer.wrap(bytes));
        try {
            long number = in.size();
            in.end();
            return Optional.of(number);
        } catch (Payload.Malformed _) {
            return Optional.empty();
        }
    }

    /// Most frames lie where `accepted` lies or shortly before it, so the distance is one byte.
    private static void places(Payload.Writer out, List<FramePlace> places, long acceptedAt) {
        out.number(places.size());
        for (FramePlace place : places) {
            out.number(acceptedAt - place.segment()).number(place.offset()).number(place.length());
        }
    }

    private static List<FramePlace> places(Payload.Reader in, long acceptedAt)
            throws Payload.Malformed {
        int count = in.count(3);
        List<FramePlace> places = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long segment = acceptedAt - in.number();
            if (segment < 0) {
                throw new Payload.Malformed();
            }
            int offset = in.integer(Integer.MAX_VALUE);
            places.add(new FramePlace(segment, offset, in.integer(Integer.MAX_VALUE)));
        }
        return List.copyOf(places);
    }

    private static void entry(Payload.Writer out, Entry entry, MailStream previous) {
        boolean hasPrevious = entry.queue().stream().equals(previous);
        out.octet(
                (entry.isDelayNotified() ? IS_DELAY_NOTIFIED : 0)
                        | (hasPrevious ? HAS_STREAM_OF_PREVIOUS : 0));
        if (!hasPrevious) {
            stream(out, entry.queue().stream());
        }
        out.text(entry.queue().domain().value());
        out.number(entry.attempts()).number(Keys.micros(entry.dueAt()));
        recipients(out, entry.recipients());
    }

    private static List<Entry> entries(Payload.Reader in) throws Payload.Malformed {
        int count = in.count(6);
        List<Entry> entries = new ArrayList<>(count);
        MailStream stream = MailStream.NONE;
        int room = RECIPIENTS_MAX;
        for (int i = 0; i < count; i++) {
            int flags = in.octet();
            if (flags > (IS_DELAY_NOTIFIED | HAS_STREAM_OF_PREVIOUS)) {
                throw new Payload.Malformed();
            }
            stream = (flags & HAS_STREAM_OF_PREVIOUS) == 0 ? stream(in) : stream;
            var queue = new QueueName(stream, domain(in));
            int attempts = in.integer(Integer.MAX_VALUE);
            Instant dueAt = time(in);
            RecipientNumbers recipients = recipients(in, room);
            room -= recipients.size();
            boolean isDelayNotified = (flags & IS_DELAY_NOTIFIED) != 0;
            entries.add(new Entry(queue, recipients, attempts, dueAt, isDelayNotified));
        }
        return List.copyOf(entries);
    }

    /// Runs of numbers that follow each other: how many are left out before it, how many are in it.
    private static void recipients(Payload.Writer out, RecipientNumbers recipients) {
        out.number(recipients.size());
        int next = 0;
        int i = 0;
        while (i < recipients.size()) {
            int first = recipients.get(i);
            int length = 1;
            while (i + length < recipients.size() && recipients.get(i + length) == first + length) {
                length++;
            }
            out.number(first - next).number(length);
            next = first + length;
            i += length;
        }
    }

    private static RecipientNumbers recipients(Payload.Reader in, int most)
            throws Payload.Malformed {
        int count = in.integer(most);
        var numbers = new int[count];
        int next = 0;
        int i = 0;
        while (i < count) {
            next += in.integer(Integer.MAX_VALUE - RECIPIENTS_MAX - next);
            int length = in.integer(count - i);
            if (length == 0) {
                throw new Payload.Malformed();
            }
            for (int end = i + length; i < end; i++) {
                numbers[i] = next++;
            }
            if (next > Integer.MAX_VALUE - RECIPIENTS_MAX) {
                throw new Payload.Malformed();
            }
        }
        return RecipientNumbers.of(numbers);
    }

    private static void stream(Payload.Writer out, MailStream stream) {
        out.text(stream.tenant())
                .text(stream.campaign())
                .constant(stream.priority(), PRIORITIES)
                .text(stream.pool());
    }

    private static MailStream stream(Payload.Reader in) throws Payload.Malformed {
        return new MailStream(in.text(), in.text(), in.constant(PRIORITIES), in.text());
    }

    private static Instant time(Payload.Reader in) throws Payload.Malformed {
        long micros = in.number();
        if (!Keys.isTime(micros)) {
            throw new Payload.Malformed();
        }
        return Keys.instant(micros);
    }

    private static DomainName domain(Payload.Reader in) throws Payload.Malformed {
        String text = in.text();
        if (text.isEmpty() || text.length() > DOMAIN_CHARACTERS_MAX) {
            throw new Payload.Malformed();
        }
        return new DomainName(text);
    }
}
