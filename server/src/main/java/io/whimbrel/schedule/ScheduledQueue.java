package io.whimbrel.schedule;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.Gates;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.spool.SpooledMessage;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// What one stream (tenant, campaign, class) has for one domain, and whether it is restricted.
/// Guarded by the lock of the [PathQueue] it is in. Exists only while it holds entries or is linked
/// to entries that rest.
///
/// An entry is *ready* (due, in order of being due), *timed* (due later, a heap) or *apart* (its
/// message alone is held or suspended). A restriction of the whole queue is one field, so holding a
/// million entries costs as much as holding one; meanwhile timed entries go on becoming ready, and
/// on release they are tried in the order in which they came due.
///
/// A *backlogged* queue has entries at rest that are due. What comes new rests behind them; when
/// few are ready it is *hungry*, and the index is asked for more ([Backlogs]).
final class ScheduledQueue {
    private final MailStream stream;
    private final Destination destination;
    private final boolean isAside;
    private final ArrayDeque<QueueEntry> ready = new ArrayDeque<>(1);
    private final PriorityQueue<QueueEntry> timed = new PriorityQueue<>(1, ScheduledQueue::byDue);
    private final ArrayList<QueueEntry> apart = new ArrayList<>(0);
    private final DueHeap.Slot timerSlot = new DueHeap.Slot(this);
    private final DueHeap.Slot turnSlot = new DueHeap.Slot(this);
    private final DueHeap.Slot heldSlot = new DueHeap.Slot(this);
    private Optional<Blocked> heldBy = Optional.empty();
    private Restriction restriction;
    private long readyRecipients;
    private long timedRecipients;
    private int offered;
    private int counted;
    private int weight;
    private int asked;
    private int target = 1;
    private boolean isBacklogged;
    private boolean isGone;
    private Optional<Gates> gates = Optional.empty();

    /// Where an entry of a scheduled queue is.
    enum Part {
        READY,
        TIMED,
        APART
    }

    /// @param isAside whether only some recipients of its stream and domain take its route: then it
    ///   is not the one that what rests of them comes back to
    ScheduledQueue(
            MailStream stream, Destination destination, boolean isAside, Restriction restriction) {
        this.stream = stream;
        this.destination = destination;
        this.isAside = isAside;
        this.restriction = restriction;
    }

    MailStream stream() {
        return stream;
    }

    DomainName domain() {
        return destination.domain();
    }

    Destination destination() {
        return destination;
    }

    boolean isAside() {
        return isAside;
    }

    QueueName name() {
        return new QueueName(stream, destination.domain());
    }

    Restriction restriction() {
        return restriction;
    }

    void restrict(Restriction newRestriction) {
        this.restriction = newRestriction;
    }

    /// Its place by the due time of the first timed entry.
    DueHeap.Slot timerSlot() {
        return timerSlot;
    }

    /// Its place in a [ReadyQueue].
    DueHeap.Slot turnSlot() {
        return turnSlot;
    }

    /// Its place among those of a [ReadyQueue] that a limit of theirs alone holds back.
    DueHeap.Slot heldSlot() {
        return heldSlot;
    }

    /// What holds it back while it has that place.
    Optional<Blocked> heldBy() {
        return heldBy;
    }

    void heldBy(Optional<Blocked> by) {
        heldBy = by;
    }

    /// Whether something of it waits for its turn or for a limit.
    boolean isOffered() {
        return turnSlot.isIn() || heldSlot.isIn();
    }

    /// The limits that it is subject to, as they are now.
    Gates gates(Limiter limiter, EgressPath path) {
        if (gates.isEmpty() || gates.get().epoch() != limiter.epoch()) {
            Site site = path.site();
            var flow =
                    new Flow(
                            "",
                            path.pool(),
                            site.provider(),
                            site.name(),
                            domain().value(),
                            stream.tenant(),
                            stream.campaign(),
                            "");
            gates = Optional.of(limiter.gates(flow, path));
        }
        return gates.get();
    }

    /// It waits on another path from now on.
    void forgetGates() {
        gates = Optional.empty();
    }

    /// How many of its ready entries a [ReadyQueue] counts.
    int offered() {
        return offered;
    }

    void offer(int entries) {
        this.offered = entries;
    }

    /// Whether it has left its [PathQueue]; who found it there earlier must not touch it any more.
    boolean isGone() {
        return isGone;
    }

    void leave() {
        isGone = true;
    }

    /// Whether nothing keeps it: no entries, and nothing at rest that it would have to ask for.
    boolean isIdle() {
        return entries() == 0 && !isLinked();
    }

    int entries() {
        return ready.size() + timed.size() + apart.size();
    }

    /// Entries whose turn will come without an operator.
    int comingEntries() {
        return ready.size() + timed.size();
    }

    int readyEntries() {
        return ready.size();
    }

    /// By how many the entries have changed since the last call.
    int countChange() {
        int change = entries() - counted;
        counted += change;
        return change;
    }

    /// By how much the weight has changed since the last call: what entries whose turn will come
    /// count beyond one each, for their recipients ([MemoryBudget]).
    int weightChange() {
        long beyond = readyRecipients + timedRecipients - comingEntries();
        int change = (int) (beyond / SpooledMessage.RECIPIENTS_AN_ENTRY) - weight;
        weight += change;
        return change;
    }

    /// As of the last [#weightChange].
    int weight() {
        return weight;
    }

    /// Whether entries at rest are due: then new ones rest behind them.
    boolean isBacklogged() {
        return isBacklogged;
    }

    /// There are entries at rest that are due.
    ///
    /// @param share the entries it is to have; it is hungry where fewer than half of them are ready
    void backlog(int share) {
        isBacklogged = true;
        target = share;
    }

    /// How many entries the index was asked for and has not brought yet.
    int asked() {
        return asked;
    }

    /// @param share as for [#backlog]
    void ask(int most, int share) {
        asked = most;
        target = share;
    }

    void answered(boolean isMore) {
        asked = 0;
        isBacklogged = isMore;
    }

    /// Whether it stays although it may hold nothing.
    boolean isLinked() {
        return isBacklogged || asked > 0;
    }

    /// Whether entries at rest should come.
    boolean isHungry() {
        return isBacklogged && asked == 0 && restriction.isNone() && 2 * ready.size() < target;
    }

    /// Takes over what is asked for and at rest for `older`, a queue of the same name.
    void takeInBacklog(ScheduledQueue older) {
        target = Math.max(target, older.target);
        asked += older.asked;
        isBacklogged |= older.isBacklogged;
    }

    /// Gives up entries until `most` are left: first what is due last, then the end of what is
    /// ready. What is set apart stays.
    void evict(int most, Consumer<QueueEntry> evicted) {
        int surplus = entries() - most;
        if (surplus <= 0) {
            return;
        }
        var byDue = new ArrayList<QueueEntry>(timed);
        byDue.sort(ScheduledQueue::byDue);
        int kept = Math.max(0, byDue.size() - surplus);
        byDue.subList(kept, byDue.size()).reversed().forEach(evicted);
        timed.clear();
        timed.addAll(byDue.subList(0, kept));
        while (entries() > most && !ready.isEmpty()) {
            evicted.accept(ready.removeLast());
        }
        recount();
    }

    long readyRecipients() {
        return readyRecipients;
    }

    long timedRecipients() {
        return timedRecipients;
    }

    long recipients() {
        return readyRecipients + timedRecipients + sum(apart);
    }

    long recipientsIn(QueueScope scope) {
        long recipients = 0;
        for (Collection<QueueEntry> part : List.of(ready, timed, apart)) {
            for (QueueEntry entry : part) {
                recipients += isIn(scope, entry) ? entry.recipients().size() : 0;
            }
        }
        return recipients;
    }

    QueueEntry firstReady() {
        return ready.getFirst();
    }

    /// When the first timed entry is due, or [DueHeap#NEVER].
    long nextDueMillis() {
        QueueEntry first = timed.peek();
        return first == null ? DueHeap.NEVER : DueHeap.millisUp(first.dueAt());
    }

    void addFirst(QueueEntry entry) {
        ready.addFirst(entry);
        readyRecipients += entry.recipients().size();
    }

    void addLast(QueueEntry entry) {
        ready.addLast(entry);
        readyRecipients += entry.recipients().size();
    }

    void addTimed(QueueEntry entry) {
        timed.add(entry);
        timedRecipients += entry.recipients().size();
    }

    void addApart(QueueEntry entry) {
        apart.add(entry);
    }

    QueueEntry pollReady() {
        QueueEntry entry = ready.removeFirst();
        readyRecipients -= entry.recipients().size();
        return entry;
    }

    /// Of the first ready entry `most` recipients; the others stay first.
    QueueEntry pollReady(int most) {
        QueueEntry entry = pollReady();
        int recipients = entry.recipients().size();
        if (recipients <= most) {
            return entry;
        }
        int[] numbers = new int[recipients];
        for (int i = 0; i < recipients; i++) {
            numbers[i] = entry.recipients().get(i);
        }
        int[] rest = Arrays.copyOfRange(numbers, most, recipients);
        addFirst(entry.of(RecipientNumbers.of(rest)));
        return entry.of(RecipientNumbers.of(Arrays.copyOf(numbers, most)));
    }

    /// Timed entries that are due become ready.
    ///
    /// @return how many did, at most `most`
    int moveDue(long nowMillis, int most) {
        int moved = 0;
        while (moved < most && nextDueMillis() <= nowMillis) {
            addLast(pollTimed());
            moved++;
        }
        return moved;
    }

    /// Timed entries in `scope` become ready and due at `now`, in the order they were due.
    ///
    /// @return their recipients
    long retryNow(QueueScope scope, Instant now) {
        var called = new ArrayList<QueueEntry>();
        takeOut(timed, entry -> isIn(scope, entry), called::add);
        called.sort(ScheduledQueue::byDue);
        called.forEach(entry -> addLast(entry.withDueAt(now)));
        recount();
        long recipients = sum(called);
        for (int i = 0; i < apart.size(); i++) {
            QueueEntry entry = apart.get(i);
            if (entry.dueAt().isAfter(now) && isIn(scope, entry)) {
                apart.set(i, entry.withDueAt(now));
                recipients += entry.recipients().size();
            }
        }
        return recipients;
    }

    /// Sets apart the entries that `isRestricted` says are restricted by themselves.
    void setApart(Predicate<QueueEntry> isRestricted) {
        Predicate<QueueEntry> moves =
                entry -> {
                    boolean isMoving = isRestricted.test(entry);
                    if (isMoving) {
                        apart.add(entry);
                    }
                    return isMoving;
                };
        ready.removeIf(moves);
        timed.removeIf(moves);
        recount();
    }

    /// Puts entries that are no longer restricted by themselves where their due time says; those
    /// that are due go to the head, for they have waited longest.
    void rejoin(Predicate<QueueEntry> isRestricted, long nowMillis) {
        var free = new ArrayList<QueueEntry>();
        apart.removeIf(entry -> !isRestricted.test(entry) && free.add(entry));
        free.sort(ScheduledQueue::byDue);
        for (QueueEntry entry : free.reversed()) {
            if (DueHeap.millisUp(entry.dueAt()) > nowMillis) {
                addTimed(entry);
            } else {
                addFirst(entry);
            }
        }
    }

    /// Takes out every entry that is `meant`, whatever it waits for.
    void takeOut(Predicate<QueueEntry> meant, Consumer<QueueEntry> taken) {
        takeOut(ready, meant, taken);
        takeOut(timed, meant, taken);
        takeOut(apart, meant, taken);
        recount();
    }

    /// Takes in everything that `older`, a queue of the same stream and domain, holds.
    void takeIn(ScheduledQueue older) {
        while (!older.ready.isEmpty()) {
            ready.addFirst(older.ready.removeLast());
        }
        timed.addAll(older.timed);
        apart.addAll(older.apart);
        recount();
    }

    void forEach(BiConsumer<QueueEntry, Part> visitor) {
        ready.forEach(entry -> visitor.accept(entry, Part.READY));
        timed.forEach(entry -> visitor.accept(entry, Part.TIMED));
        apart.forEach(entry -> visitor.accept(entry, Part.APART));
    }

    void forEachApart(Consumer<QueueEntry> visitor) {
        apart.forEach(visitor);
    }

    /// Whether `entry` is in `scope`, for an entry of a queue that [#isIn(QueueScope)].
    static boolean isIn(QueueScope scope, QueueEntry entry) {
        return scope.matchesMessage(entry.message().id());
    }

    /// Whether entries of this queue can be in `scope`.
    boolean isIn(QueueScope scope) {
        return scope.matchesQueue(stream, destination.domain());
    }

    /// The older message first among those due at the same time.
    static int byDue(QueueEntry one, QueueEntry other) {
        int byDue = one.dueAt().compareTo(other.dueAt());
        return byDue != 0 ? byDue : one.message().id().compareTo(other.message().id());
    }

    private QueueEntry pollTimed() {
        QueueEntry entry = timed.remove();
        timedRecipients -= entry.recipients().size();
        return entry;
    }

    private static void takeOut(
            Collection<QueueEntry> from, Predicate<QueueEntry> meant, Consumer<QueueEntry> taken) {
        from.removeIf(entry -> {
            boolean isTaken = meant.test(entry);
            if (isTaken) {
                taken.accept(entry);
            }
            return isTaken;
        });
    }

    private void recount() {
        readyRecipients = sum(ready);
        timedRecipients = sum(timed);
    }

    private static long sum(Collection<QueueEntry> entries) {
        long recipients = 0;
        for (QueueEntry entry : entries) {
            recipients += entry.recipients().size();
        }
        return recipients;
    }
}
