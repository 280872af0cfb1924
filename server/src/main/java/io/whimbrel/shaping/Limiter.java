package io.whimbrel.shaping;

import io.whimbrel.shaping.Opening.Opened;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/// Decides for each message and each connection whether it may go now: no limit is exceeded in any
/// window of its length, and who shares one does so fairly. Thread-safe.
///
/// One lock, under which nothing else is called; listeners are called after it is released, and
/// only by [#connect], [Grant#refund], [Grant#finished], [Lease#release], [#sweep] and the changes
/// of limits. A decision takes less than two microseconds with 5 limits that apply. All instants
/// are microseconds of one clock since 1970; one before the newest that was seen counts as that.
///
/// Counters are made when they are first needed, and forgotten by [#sweep] when they hold nothing.
public final class Limiter {
    /// No connection is opened where nothing may be sent for longer.
    static final long WAIT_MOST = 2_000_000;

    /// Counters looked at by one [#sweep].
    private static final int SWEPT_MOST = 20_000;

    private static final int OPENING_BOUNDS_MOST = 10_000;

    private final Object lock = new Object();
    private final LimitTable table = new LimitTable();
    private final HashSet<Lease> leases = new HashSet<>();
    private final HashMap<Flow, Bound> openingBounds = new HashMap<>();
    private final LongAdder free = new LongAdder();
    private final LimitState state = new LimitState(table, lock);
    private volatile Consumer<Object> listener = _ -> {};
    private volatile Gates empty;
    private volatile long epoch;
    private volatile int restraintCount;
    private long latest = Long.MIN_VALUE;
    private long granted;
    private long full;
    private long turns;
    private long restrained;
    private long refunds;

    public Limiter(List<LimitSettings> limits) {
        empty = new Gates(Flow.NONE, this, List.of(), 0);
        reload(limits);
    }

    /// From now on `listener` is told each path that has room again after it was refused by
    /// [#connect], or by [#take] until [Long#MAX_VALUE]; it may be told for nothing. Called with no
    /// lock of the limiter held.
    public void onFree(Consumer<Object> listener) {
        this.listener = listener;
    }

    /// Puts these in the place of all limits. Counters stay where scope, `per` and rate are as
    /// before, and go on by the new rate where only that changed.
    public void reload(List<LimitSettings> limits) {
        change(wakes -> table.reload(limits, wakes));
    }

    /// Puts a restraint in force, in the place of one of the same id.
    public void restrain(Restraint restraint) {
        change(wakes -> table.restrain(restraint, wakes));
    }

    /// Ends a restraint before its time; nothing is done where there is none.
    public void lift(String id) {
        var wakes = new Wakes();
        synchronized (lock) {
            if (table.lift(id, wakes)) {
                renew(wakes);
            }
        }
        wakes.tell(listener);
    }

    private void change(Consumer<Wakes> change) {
        var wakes = new Wakes();
        synchronized (lock) {
            change.accept(wakes);
            renew(wakes);
        }
        wakes.tell(listener);
    }

    /// What was looked up is looked up anew, and connections are counted by what holds now.
    private void renew(Wakes wakes) {
        openingBounds.clear();
        long next = epoch + 1;
        empty = new Gates(Flow.NONE, this, List.of(), next);
        epoch = next;
        restraintCount = table.restraintCount();
        List<SlotGate> before = table.connectionGates();
        before.forEach(SlotGate::clear);
        for (Lease lease : leases) {
            Bound bound = openingBound(lease.flow());
            lease.hold(bound.slots());
            for (SlotGate gate : bound.slots()) {
                gate.take(lease);
            }
        }
        before.forEach(gate -> gate.promote(latest, wakes));
    }

    /// Those in force, and those that ended within the last second.
    public List<Restraint> restraints() {
        synchronized (lock) {
            return table.restraints();
        }
    }

    /// Grows with each change of limits or restraints; whoever was refused may ask again then.
    public long epoch() {
        return epoch;
    }

    /// What may hold back the mail of a queue; its source is said at each decision.
    ///
    /// @param path that the listener is told
    public Gates gates(Flow flow, Object path) {
        synchronized (lock) {
            return gatesNow(flow, path);
        }
    }

    private Gates gatesNow(Flow flow, Object path) {
        List<Family> families = table.covering(flow);
        return families.isEmpty() ? empty : new Gates(flow, path, families, epoch);
    }

    /// Whether a message may go now; if so it is counted everywhere, else nowhere.
    ///
    /// @param gates of the present epoch: older ones to which nothing applied grant
    public Decision take(Gates gates, FlowSource source, Turn turn, long nowMicros) {
        if (gates.isEmpty()) {
            free.increment();
            return new Decision.Granted(new Grant(this, Bound.NOTHING, nowMicros));
        }
        synchronized (lock) {
            Gates current = gates;
            if (gates.epoch() != epoch) {
                gates.leave();
                current = gatesNow(gates.flow(), gates.path());
            }
            Bound bound = current.bound(source);
            bound.refresh();
            return counted(decide(current, bound, turn, forward(nowMicros)));
        }
    }

    private Decision decide(Gates gates, Bound bound, Turn turn, long now) {
        Blocked held = suspended(bound, now);
        if (held == null) {
            SlotGate lacking = lacking(bound, gates.path(), now);
            if (lacking != null) {
                table.await(lacking);
                held = lacking.refuse(gates.path());
            }
        }
        if (held != null) {
            gates.leave();
            return held;
        }
        RateGate last = null;
        long freeAt = now;
        for (RateGate gate : bound.rates()) {
            long at = gate.freeAt(now);
            if (at > freeAt) {
                freeAt = at;
                last = gate;
            }
        }
        for (RateGate gate : bound.rates()) {
            if (last == null && !gate.isInTurn(turn, now)) {
                last = gate;
            }
        }
        if (last != null) {
            renounce(bound, gates.path());
            return last.refuse(gates, turn, freeAt, now);
        }
        gates.leave();
        state.count(bound.rates());
        for (RateGate gate : bound.rates()) {
            gate.take(turn, now);
        }
        for (SlotGate gate : bound.slots()) {
            gate.take(gates.path());
        }
        return new Decision.Granted(new Grant(this, bound, now));
    }

    private static @Nullable Blocked suspended(Bound bound, long now) {
        for (Family family : bound.suspensions()) {
            if (!family.isOver(now)) {
                var reason = new Reason(family, List.of(), false);
                boolean dependsOnSource = family.dependsOnSource();
                return new Blocked(family.until(), reason, family.breadth(), dependsOnSource);
            }
        }
        return null;
    }

    /// Nothing where there are slots everywhere; else the one that is lacking, and the path waits
    /// for no other of these.
    private static @Nullable SlotGate lacking(Bound bound, Object path, long now) {
        for (SlotGate gate : bound.slots()) {
            if (!gate.hasRoomFor(path, now) && !gate.family().isOver(now)) {
                renounceOthers(bound, gate, path);
                return gate;
            }
        }
        return null;
    }

    /// It keeps its place among those that wait for `kept`.
    private static void renounceOthers(Bound bound, SlotGate kept, Object path) {
        for (SlotGate gate : bound.slots()) {
            if (gate != kept) {
                gate.renounce(path);
            }
        }
    }

    /// A path that waits elsewhere keeps no slot from others.
    private static void renounce(Bound bound, Object path) {
        for (SlotGate gate : bound.slots()) {
            gate.renounce(path);
        }
    }

    private Decision counted(Decision decision) {
        switch (decision) {
            case Decision.Granted _ -> granted++;
            case Blocked blocked -> count(blocked);
        }
        return decision;
    }

    private void count(Blocked blocked) {
        if (blocked.reason().isRestraint()) {
            restrained++;
        } else if (blocked.reason().isTurn()) {
            turns++;
        } else {
            full++;
        }
    }

    void end(Grant grant, boolean isRefund, long nowMicros) {
        var wakes = new Wakes();
        synchronized (lock) {
            long now = forward(nowMicros);
            if (!grant.end()) {
                return;
            }
            for (SlotGate gate : grant.slots()) {
                gate.release();
                gate.promote(now, wakes);
            }
            if (isRefund) {
                refunds++;
                state.count(grant.rates());
                for (RateGate gate : grant.rates()) {
                    gate.giveBack(grant.atMicros(), now, wakes);
                }
            }
        }
        wakes.tell(listener);
    }

    /// Whether a connection may be opened now; if so it is counted everywhere, else nowhere, and
    /// the path waits for the slot that is lacking, if one is. A path that gets one waits for no
    /// other any more. Not to be called with a lock held that a listener takes.
    ///
    /// @param flow of the connection, its source known, and of the mail that it is opened for
    public Opening connect(Flow flow, Object path, long nowMicros) {
        var wakes = new Wakes();
        Opening opening;
        synchronized (lock) {
            opening = connect(flow, path, forward(nowMicros), wakes);
        }
        wakes.tell(listener);
        return opening;
    }

    private Opening connect(Flow flow, Object path, long now, Wakes wakes) {
        Flow bare = flow.carrying("", "", "");
        Bound bound = openingBound(bare);
        bound.refresh();
        RateGate[] ofMail = Bound.openings(table.covering(flow), flow);
        Blocked blocked = blocked(bound, path, now);
        if (blocked == null) {
            blocked = full(ofMail, now, 0);
        }
        if (blocked != null) {
            count(blocked);
            return blocked;
        }
        granted++;
        count(bound.rates(), now);
        count(ofMail, now);
        for (SlotGate gate : bound.slots()) {
            gate.take(path);
        }
        table.leaveLines(path, now, wakes);
        var lease = new Lease(this, flow, path, bound);
        leases.add(lease);
        return new Opened(lease);
    }

    Optional<Blocked> another(Lease lease, long nowMicros) {
        synchronized (lock) {
            long now = forward(nowMicros);
            Bound bound = openingBound(lease.flow());
            bound.refresh();
            RateGate[] ofMail = Bound.openings(table.covering(lease.mail()), lease.mail());
            Blocked blocked = suspended(bound, now);
            if (blocked == null) {
                blocked = full(bound.rates(), now, 0);
            }
            if (blocked == null) {
                blocked = full(ofMail, now, 0);
            }
            if (blocked != null) {
                count(blocked);
                return Optional.of(blocked);
            }
            granted++;
            count(bound.rates(), now);
            count(ofMail, now);
            return Optional.empty();
        }
    }

    private void count(RateGate[] openings, long now) {
        state.count(openings);
        for (RateGate gate : openings) {
            gate.window().add(now, 1);
        }
    }

    /// Why no mail of `flow` may go for longer than [#WAIT_MOST]; empty where some may. Counts
    /// nothing.
    ///
    /// @param flow of a message, its source known
    public Optional<Blocked> shut(Flow flow, long nowMicros) {
        synchronized (lock) {
            List<Family> families = table.covering(flow);
            if (families.isEmpty()) {
                return Optional.empty();
            }
            long now = forward(nowMicros);
            Bound bound = Bound.ofMessages(families, flow);
            Blocked held = suspended(bound, now);
            return Optional.ofNullable(held != null ? held : full(bound.rates(), now, WAIT_MOST));
        }
    }

    private Bound openingBound(Flow flow) {
        Bound known = openingBounds.get(flow);
        if (known == null) {
            if (openingBounds.size() >= OPENING_BOUNDS_MOST) {
                openingBounds.clear();
            }
            known = Bound.ofConnections(table.covering(flow), flow);
            openingBounds.put(flow, known);
        }
        return known;
    }

    private @Nullable Blocked blocked(Bound bound, Object path, long now) {
        Blocked held = suspended(bound, now);
        if (held == null) {
            held = full(bound.others(), now, WAIT_MOST);
        }
        if (held == null) {
            held = full(bound.rates(), now, 0);
        }
        if (held != null) {
            renounce(bound, path);
            return held;
        }
        SlotGate lacking = lacking(bound, path, now);
        if (lacking == null) {
            return null;
        }
        table.await(lacking, path);
        return lacking.refuse(path);
    }

    private static @Nullable Blocked full(RateGate[] gates, long now, long wait) {
        for (RateGate gate : gates) {
            long at = gate.freeAt(now);
            if (at > now + wait) {
                Family family = gate.family();
                long until = Math.min(at, family.until());
                var reason = new Reason(family, gate.values(), false);
                return new Blocked(until, reason, family.breadth(), family.dependsOnSource());
            }
        }
        return null;
    }

    void release(Lease lease, long nowMicros) {
        var wakes = new Wakes();
        synchronized (lock) {
            long now = forward(nowMicros);
            if (!lease.end()) {
                return;
            }
            leases.remove(lease);
            for (SlotGate gate : lease.slots()) {
                gate.release();
                gate.promote(now, wakes);
            }
        }
        wakes.tell(listener);
    }

    /// The least number of recipients per transaction that applies; else [Integer#MAX_VALUE].
    public int recipientsMax(Gates gates, FlowSource source) {
        if (gates.isEmpty()) {
            return Integer.MAX_VALUE;
        }
        synchronized (lock) {
            return gates.bound(source).most();
        }
    }

    /// Forgets what holds nothing and what has ended, and passes on what was reserved for nothing.
    /// To be called about each second; looks at a part of the counters each time.
    public void sweep(long nowMicros) {
        var wakes = new Wakes();
        synchronized (lock) {
            long now = forward(nowMicros);
            if (table.liftEnded(now, wakes)) {
                renew(wakes);
            }
            table.sweep(now, SWEPT_MOST, wakes);
        }
        wakes.tell(listener);
    }

    /// Each limit and restraint that covers `flow`, and how much of it is used. A source `""`
    /// stands for any.
    public List<LimitView> explain(Flow flow, long nowMicros) {
        synchronized (lock) {
            long now = forward(nowMicros);
            boolean isAnySource = flow.source().isEmpty() && flow.profile().isEmpty();
            List<LimitView> views = new ArrayList<>();
            for (Family family : table.covering(flow)) {
                if (isAnySource || family.coversSource(flow)) {
                    views.add(family.view(flow, now));
                }
            }
            return views;
        }
    }

    /// What was decided, and what is held.
    public LimitCounts counts() {
        synchronized (lock) {
            return new LimitCounts(
                    free.sum(),
                    granted,
                    full,
                    turns,
                    restrained,
                    refunds,
                    table.counters(),
                    restraintCount);
        }
    }

    /// What is kept over a restart.
    LimitState state() {
        return state;
    }

    private long forward(long nowMicros) {
        latest = Math.max(latest, nowMicros);
        return latest;
    }
}
