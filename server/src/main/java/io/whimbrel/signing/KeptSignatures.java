package io.whimbrel.signing;

import io.whimbrel.mail.AddedField;
import io.whimbrel.mail.QueueId;

import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Signatures and hashes of bodies that may be needed again. Thread-safe. Beyond its bound in bytes
/// those go first that nobody has asked for the longest; they are made anew where they are needed.
final class KeptSignatures {
    /// Of an entry beside its bytes.
    private static final int OVERHEAD = 200;

    private final long bytesMost;
    private final Map<Object, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    sealed interface Entry {
        int weight();
    }

    /// As what a message leaves.
    ///
    /// @param isSevenBit its 8-bit text is encoded
    /// @param recipient to whom alone; -1: as to everybody
    record Version(QueueId id, boolean isSevenBit, int recipient) {
        private Body body() {
            return new Body(id, isSevenBit);
        }
    }

    /// Under which the hashes of a body are kept.
    private record Body(QueueId id, boolean isSevenBit) {}

    /// What stands in front of a message, and why.
    ///
    /// @param added what was to stand in front of it as well
    /// @param front fields with CRLF
    /// @param until when it is to be made anew
    record Kept(
            RuleBook book,
            List<Applied> applied,
            List<AddedField> added,
            byte[] front,
            long size,
            Instant until)
            implements Entry {

        /// Whether `others` are the same fields.
        boolean isOf(List<AddedField> others) {
            boolean isSame = added.size() == others.size();
            for (int i = 0; isSame && i < added.size(); i++) {
                isSame =
                        added.get(i).unless().equals(others.get(i).unless())
                                && Arrays.equals(added.get(i).bytes(), others.get(i).bytes());
            }
            return isSame;
        }

        @Override
        public int weight() {
            return OVERHEAD + front.length;
        }
    }

    /// Hashes of a body; of no bytes where it was not hashed so.
    record Hashes(byte[] relaxed, byte[] simple) implements Entry {
        static final Hashes NONE = new Hashes(new byte[0], new byte[0]);

        boolean has(boolean isRelaxed) {
            return of(isRelaxed).length > 0;
        }

        /// These, and those of `other` where these are not there.
        Hashes or(Hashes other) {
            return new Hashes(
                    has(true) ? relaxed : other.relaxed, has(false) ? simple : other.simple);
        }

        byte[] of(boolean isRelaxed) {
            return isRelaxed ? relaxed : simple;
        }

        @Override
        public int weight() {
            return OVERHEAD + relaxed.length + simple.length;
        }
    }

    KeptSignatures(long bytesMost) {
        this.bytesMost = bytesMost;
    }

    synchronized Optional<Kept> find(Version version) {
        return entries.get(version) instanceof Kept kept ? Optional.of(kept) : Optional.empty();
    }

    synchronized Optional<Hashes> hashes(Version version) {
        return entries.get(version.body()) instanceof Hashes hashes
                ? Optional.of(hashes)
                : Optional.empty();
    }

    synchronized void keep(Version version, Kept kept) {
        put(version, kept);
    }

    synchronized void keep(Version version, Hashes hashes) {
        put(version.body(), hashes);
    }

    private void put(Object key, Entry entry) {
        Entry before = entries.put(key, entry);
        bytes += entry.weight() - (before == null ? 0 : before.weight());
        var eldest = entries.values().iterator();
        while (bytes > bytesMost && eldest.hasNext()) {
            bytes -= eldest.next().weight();
            eldest.remove();
        }
    }

    synchronized long bytes() {
        return bytes;
    }
}
