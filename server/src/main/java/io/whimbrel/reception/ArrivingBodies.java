package io.whimbrel.reception;

import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/// The memory of all bodies that are arriving. Thread-safe; a [Claim] is confined to its
/// connection's thread.
///
/// MAIL claims what the announced size will take, or the least there is. Where that finds no room
/// MAIL is refused; what has begun grows as it must and is never cut, so nobody ever waits here. In
/// exchange the bound can be exceeded by transactions that announced less than they send: at a
/// quarter more new connections are refused too.
final class ArrivingBodies {
    /// A body has one part in hand and one on its way to the disk.
    static final long PART_BYTES = 256 << 10;

    private static final long LEAST = 8 << 10;
    private static final SmtpReply FULL =
            SmtpReply.of(452, 4, 3, 1, "Too much mail is arriving at once; try again soon");
    private static final SmtpReply OVERFULL =
            SmtpReply.of(421, 4, 3, 1, "Too much mail is arriving at once; try again later");

    private final long bytesMost;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    /// @param bytesMost 1 MiB or more
    ArrivingBodies(long bytesMost) {
        this.bytesMost = bytesMost;
    }

    /// Why a new connection is refused now; empty where it is welcome.
    Optional<SmtpReply> refusalOfConnection() {
        if (bytes.get() < bytesMost + bytesMost / 4) {
            return Optional.empty();
        }
        refused.incrementAndGet();
        return Optional.of(OVERFULL);
    }

    /// For one connection; without effect until it begins.
    Claim claim() {
        return new Claim();
    }

    BudgetLevel level() {
        long used = bytes.get();
        return new BudgetLevel(used, bytesMost, refused.get(), used > bytesMost);
    }

    /// What a body of so many bytes takes: arrays double as they fill, up to two parts.
    static long memoryOf(long size) {
        if (size > PART_BYTES) {
            return 2 * PART_BYTES;
        }
        long power = Long.highestOneBit(Math.max(1, size - 1)) << 1;
        return Math.max(LEAST, power);
    }

    /// What the open transaction of one connection takes.
    final class Claim {
        private long claimed;

        /// A transaction begins.
        ///
        /// @param size announced, 0 where it was not
        /// @return why it may not; nothing is claimed then
        Optional<SmtpReply> begin(long size) {
            end();
            long wanted = memoryOf(size);
            if (bytes.addAndGet(wanted) > bytesMost) {
                bytes.addAndGet(-wanted);
                refused.incrementAndGet();
                return Optional.of(FULL);
            }
            claimed = wanted;
            return Optional.empty();
        }

        /// So many bytes have come.
        void grow(long size) {
            if (size > claimed && claimed < 2 * PART_BYTES) {
                long wanted = memoryOf(size);
                bytes.addAndGet(wanted - claimed);
                claimed = wanted;
            }
        }

        /// So many bytes have come of a message that is held as a whole.
        ///
        /// @return false where there is no room for them
        boolean holds(long size) {
            if (size > claimed) {
                long wanted = Math.max(LEAST, size + PART_BYTES);
                if (bytes.addAndGet(wanted - claimed) > bytesMost) {
                    bytes.addAndGet(claimed - wanted);
                    refused.incrementAndGet();
                    return false;
                }
                claimed = wanted;
            }
            return true;
        }

        /// The transaction is over.
        void end() {
            bytes.addAndGet(-claimed);
            claimed = 0;
        }
    }
}
