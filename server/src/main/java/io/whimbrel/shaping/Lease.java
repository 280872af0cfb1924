package io.whimbrel.shaping;

/// That a connection may be open. Thread-safe.
public final class Lease {
    private final Limiter limiter;
    private final Flow flow;
    private final Object path;
    private final int messagesMax;

    /// Replaced under the lock of the limiter when limits change.
    private volatile SlotGate[] slots;

    /// Guarded by the lock of the limiter.
    private boolean isOver;

    Lease(Limiter limiter, Flow flow, Object path, Bound bound) {
        this.limiter = limiter;
        this.flow = flow;
        this.path = path;
        this.messagesMax = bound.most();
        this.slots = bound.slots();
    }

    /// Messages before QUIT; [Integer#MAX_VALUE] where nothing is said.
    public int messagesMax() {
        return messagesMax;
    }

    /// Whether another path waits for a slot that this connection holds: it is to end when it is
    /// idle. Its own path gains nothing by that.
    public boolean isWanted() {
        for (SlotGate gate : slots) {
            if (gate.isWantedBeside(path)) {
                return true;
            }
        }
        return false;
    }

    /// The connection has ended. Not to be called with a lock held that a listener takes; what is
    /// called later does nothing.
    public void release(long nowMicros) {
        limiter.release(this, nowMicros);
    }

    /// @return false where it was over before
    boolean end() {
        boolean wasOver = isOver;
        isOver = true;
        return !wasOver;
    }

    Flow flow() {
        return flow;
    }

    SlotGate[] slots() {
        return slots;
    }

    void hold(SlotGate[] others) {
        slots = others;
    }
}
