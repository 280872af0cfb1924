package io.whimbrel.shaping;

/// That a message may go. Thread-safe. Either is called once; what is called later does nothing.
public final class Grant {
    /// What lies between being let go and being sent: the body is read, other threads run.
    static final long USABLE_MICROS = 10_000;

    private final Limiter limiter;
    private final RateGate[] rates;
    private final SlotGate[] slots;
    private final int messagesMax;
    private final long atMicros;

    /// Guarded by the lock of the limiter.
    private boolean isOver;

    Grant(Limiter limiter, Bound bound, long atMicros) {
        this.limiter = limiter;
        this.rates = bound.rates();
        this.slots = bound.slots();
        this.messagesMax = bound.carriedMost();
        this.atMicros = atMicros;
    }

    /// Messages of a connection that has carried this one, where limits of whose mail it is say so;
    /// else [Integer#MAX_VALUE].
    public int messagesMax() {
        return messagesMax;
    }

    /// MAIL is to be written by then, and not later: windows are longer by as much.
    public long usableUntil() {
        return rates.length == 0 ? Long.MAX_VALUE : atMicros + USABLE_MICROS;
    }

    /// When it was counted.
    public long atMicros() {
        return atMicros;
    }

    /// MAIL was not written: it counts nowhere. Not to be called with a lock held that a listener
    /// takes.
    public void refund(long nowMicros) {
        if (rates.length + slots.length > 0) {
            limiter.end(this, true, nowMicros);
        }
    }

    /// The transaction is over, well or not. Not to be called with a lock held that a listener
    /// takes.
    public void finished(long nowMicros) {
        if (rates.length + slots.length > 0) {
            limiter.end(this, false, nowMicros);
        }
    }

    /// @return false where it was over before
    boolean end() {
        boolean wasOver = isOver;
        isOver = true;
        return !wasOver;
    }

    RateGate[] rates() {
        return rates;
    }

    SlotGate[] slots() {
        return slots;
    }
}
