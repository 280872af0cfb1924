package io.whimbrel.egress;

/// Rendezvous hashing with weights: for each key every source has a score, and the highest wins. A
/// source that goes takes only its own keys along. Pure.
final class Rendezvous {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private Rendezvous() {}

    /// The same on every machine and in every version.
    static long hash(String text) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * FNV_PRIME;
        }
        return mixed(hash);
    }

    /// @return more than 0
    static double score(long sourceHash, long keyHash, int weight) {
        long bits = mixed(sourceHash ^ Long.rotateLeft(keyHash, 32)) >>> 11;
        // Between 0 and 1, neither of them.
        double uniform = (bits + 0.5) * 0x1.0p-53;
        return weight / -Math.log(uniform);
    }

    /// The last step of MurmurHash3: each bit of the input turns half of the output.
    private static long mixed(long bits) {
        long h = bits;
        h = (h ^ (h >>> 33)) * 0xff51afd7ed558ccdL;
        h = (h ^ (h >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return h ^ (h >>> 33);
    }
}
