package io.whimbrel.shaping;

import io.whimbrel.shaping.Contenders.Contender;

import org.jspecify.annotations.Nullable;

import java.util.List;

/// The counter of one rate for one combination of values. Guarded by the lock of the [Limiter].
final class RateGate implements Gate {
    private final Family family;
    private final List<String> values;
    private SlidingWindow window;
    private boolean isForgotten;

    /// Only where it refused somebody of late.
    private @Nullable Contenders contenders;

    /// The path that it refused last.
    private @Nullable Object refused;

    RateGate(Family family, List<String> values, WindowShape shape) {
        this.family = family;
        this.values = values;
        this.window = new SlidingWindow(shape);
    }

    @Override
    public Family family() {
        return family;
    }

    List<String> values() {
        return values;
    }

    SlidingWindow window() {
        return window;
    }

    @Override
    public boolean isForgotten() {
        return isForgotten;
    }

    @Override
    public void forget() {
        isForgotten = true;
    }

    /// Counts on by another rate.
    void reshape(WindowShape shape) {
        var next = new SlidingWindow(shape);
        next.absorb(window);
        window = next;
        contenders = null;
    }

    /// The earliest instant from which one more may go.
    long freeAt(long now) {
        long at = window.freeAt(now);
        return at > now && family.isOver(now) ? now : at;
    }

    boolean isInTurn(Turn turn, long now) {
        Contenders all = contenders;
        return all == null || all.isInTurn(all.of(turn, now), now);
    }

    void take(Turn turn, long now) {
        window.add(now, 1);
        Contenders all = contenders;
        if (all != null) {
            all.granted(all.of(turn, now));
        }
    }

    /// @param freeAt as the window says, not after `now` where it is the turn of others
    Blocked refuse(Gates gates, Turn turn, long freeAt, long now) {
        Contenders all = contenders;
        if (all == null || all.isIdle(now)) {
            all = new Contenders(window.shape());
            contenders = all;
        }
        refused = gates.path();
        boolean isTurn = freeAt <= now;
        Contender asking = all.of(turn, now);
        // A queue that many connections ask for waits once: each ask would put off the next.
        long told = gates.toldBy(asking);
        gates.leave();
        long sooner = Math.min(freeAt, family.until());
        long until = all.whenToAsk(asking, sooner, isTurn, told, now);
        gates.waitBy(all.join(asking), until);
        // Other tenants of the same path may be those whose turn it is.
        Breadth breadth = family.breadth();
        if (isTurn && breadth == Breadth.PATH) {
            breadth = Breadth.TENANT;
        }
        var reason = new Reason(family, values, isTurn);
        return new Blocked(until, reason, breadth, family.dependsOnSource());
    }

    /// A grant was not used; whoever was refused before may be told.
    void giveBack(long stamp, long now, Wakes wakes) {
        boolean wasFull = window.freeAt(now) > now;
        window.giveBack(stamp);
        Object path = refused;
        if (path != null && wasFull && window.freeAt(now) <= now) {
            wakes.add(path);
            refused = null;
        }
    }

    @Override
    public boolean isIdle(long now) {
        Contenders all = contenders;
        return window.used(now) == 0 && (all == null || all.isIdle(now));
    }
}
