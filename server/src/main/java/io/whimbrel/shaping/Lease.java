package io.whimbrel.shaping;

import java.util.Optional;

/// That a connection may be open. Thread-safe.
public final class Lease {
    private final Limiter limiter;
    private final Flow flow;
    private final Flow mail;
    private final Object path;
    private final int messagesMax;

    /// Replaced under the lock of the limiter when limits change.
    private volatile SlotGate[] slots;

    /// Guarded by the lock of the limiter.
    private boolean isOver;

    /// @param mail the flow, and whose mail it was opened for
    Lease(Limiter limiter, Flow mail, Object path, Bound bound) {
        this.limiter = limiter;
        this.flow = mail.carrying("", "", "");
        this.mail = mail;
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

    /// Asks for one more connection, in the place of the one before, which failed: limits count
    /// each that is opened.
    ///
    /// @return what stands against it; empty where it may be opened, and is counted
    public Optional<Blocked> another(long nowMicros) {
        return limiter.another(this, nowMicros);
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

    Flow mail() {
        return mail;
    }

    SlotGate[] slots() {
        return slots;
    }

    void hold(SlotGate[] others) {
        slots = others;
    }
}
