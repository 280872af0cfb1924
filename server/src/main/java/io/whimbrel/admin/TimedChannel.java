package io.whimbrel.admin;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Lines over a UNIX domain channel, each with a time limit. Confined to one thread.
///
/// Such channels have no time-outs of their own, so one watchdog thread closes a channel whose peer
/// is too slow.
final class TimedChannel implements AutoCloseable {
    private static final ScheduledThreadPoolExecutor WATCHDOG = watchdog();

    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(8 << 10).limit(0);
    private volatile boolean isTimedOut;

    TimedChannel(SocketChannel channel) {
        this.channel = channel;
    }

    /// The next line without its LF, waiting at most `most` for all of it. Empty at the end of the
    /// stream; bytes behind the last LF are dropped.
    ///
    /// @throws LineTooLongException where the line has more than `bytesMax` bytes
    /// @throws SocketTimeoutException where it did not come in time; the channel is closed
    Optional<String> readLine(int bytesMax, Duration most) throws IOException {
        ScheduledFuture<?> alarm = arm(most);
        try {
            return readLine(bytesMax);
        } catch (ClosedChannelException e) {
            throw isTimedOut ? timeout(most) : e;
        } finally {
            alarm.cancel(false);
        }
    }

    /// Writes a line and its LF, waiting at most `most` until the peer has room for it.
    void writeLine(String line, Duration most) throws IOException {
        ScheduledFuture<?> alarm = arm(most);
        try {
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (ClosedChannelException e) {
            throw isTimedOut ? timeout(most) : e;
        } finally {
            alarm.cancel(false);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private Optional<String> readLine(int bytesMax) throws IOException {
        var line = new LineBytes(bytesMax);
        while (true) {
            while (buffer.hasRemaining()) {
                byte b = buffer.get();
                if (b == '\n') {
                    return Optional.of(line.text());
                }
                if (!line.offer(b)) {
                    throw new LineTooLongException(bytesMax);
                }
            }
            buffer.clear();
            int count = channel.read(buffer);
            buffer.flip();
            if (count < 0) {
                buffer.limit(0);
                return Optional.empty();
            }
        }
    }

    private ScheduledFuture<?> arm(Duration most) {
        return WATCHDOG.schedule(this::closeSlowPeer, most.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void closeSlowPeer() {
        isTimedOut = true;
        try {
            channel.close();
        } catch (IOException _) {
            // The peer is dropped either way.
        }
    }

    private static SocketTimeoutException timeout(Duration most) {
        return new SocketTimeoutException("nothing moved for " + most);
    }

    private static ScheduledThreadPoolExecutor watchdog() {
        // One task per channel at a time, and connections are bounded, so its queue is bounded.
        var executor =
                new ScheduledThreadPoolExecutor(
                        1, Thread.ofPlatform().daemon().name("admin-watchdog").factory());
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }
}
