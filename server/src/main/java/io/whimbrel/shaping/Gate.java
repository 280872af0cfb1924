package io.whimbrel.shaping;

/// One counter of a limit. Guarded by the lock of the [Limiter].
sealed interface Gate permits RateGate, SlotGate {
    Family family();

    /// Whether another stands in its place by now, or none.
    boolean isForgotten();

    /// Whether it holds nothing, so that it need not be kept.
    boolean isIdle(long now);

    /// No longer one that counts.
    void forget();
}
