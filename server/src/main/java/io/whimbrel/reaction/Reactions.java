package io.whimbrel.reaction;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.metrics.ReactionMetrics;
import io.whimbrel.reaction.Action.Pace;
import io.whimbrel.reaction.ActionNotice.Change;
import io.whimbrel.reaction.RestraintBook.FullException;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.shaping.Restraint.Force;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Turns what providers answer into actions, and ends them again. Thread-safe.
///
/// A rule's actions follow where its threshold is reached on their scope; what it says about the
/// very message follows from each match. How actions are lowered and recover says [BackOff], how
/// many there may be [RestraintBook], what their scopes are [ActionScope]. A reply that no rule
/// matches costs a look at its code and the expressions for it, without a lock.
public final class Reactions {
    /// So much later than told does the limiter end a restraint by itself, so that nothing is
    /// released between the end of a suspension and the slow-down that [#tick] puts in its place.
    static final Duration GRACE = Duration.ofSeconds(5);

    private static final int REASON_CHARS_MOST = 300;

    /// What rules and operators say beyond it counts as this.
    private static final Duration LASTS_MOST = Duration.ofDays(366);

    private static final int EXTENSIONS_MOST = 100;
    static final int UNTOLD_MOST = 10_000;
    private static final Logger LOG = LoggerFactory.getLogger(Reactions.class);

    private final Supplier<Rulebook> rules;
    private final Hooks hooks;
    private final ReactionMetrics metrics;
    private final Outbox outbox;
    private final SendRates rates = new SendRates();

    /// The lock of all below.
    private final Object lock = new Object();

    private final MatchCounts counts = new MatchCounts();
    private final RestraintBook book = new RestraintBook();
    private long changes;

    /// Who carries out and who is told: in order, by one thread at a time, and without any lock.
    ///
    /// @param restrain puts a restraint in force, in the place of the one with its id
    /// @param lift ends the one with this id
    /// @param tell of each change, for the event log; of [#UNTOLD_MOST] that wait for a slow disk
    ///   on, no more are told
    public record Hooks(
            Consumer<Restraint> restrain, Consumer<String> lift, Consumer<ActionNotice> tell) {}

    /// @param rules those of the configuration in force
    public Reactions(Supplier<Rulebook> rules, Hooks hooks, Metrics metrics) {
        this.rules = rules;
        this.hooks = hooks;
        this.metrics = metrics.reactions;
        outbox =
                new Outbox(bug -> {
                    metrics.bugs.inc();
                    LOG.error("unexpected exception in what follows from a reply", bug);
                });
    }

    /// What a rule leads to in one scope.
    private record Cause(ReactionRule rule, Reaction reaction, LimitScope scope, Observation seen) {

        /// Whether `action` is this rule's, wherever in its file that stands by now.
        boolean began(Action action) {
            return action.rule().equals(rule.name())
                    && fileOf(action.restraint().origin()).equals(fileOf(rule.origin()));
        }

        private static String fileOf(String origin) {
            return origin.substring(0, Math.max(0, origin.lastIndexOf(':')));
        }

        String reason() {
            String text = ReplyText.cut(seen.reply().toString(), REASON_CHARS_MOST);
            var conditions = scope.conditions().keySet();
            boolean isOfSender =
                    conditions.contains(Dimension.TENANT)
                            || conditions.contains(Dimension.CAMPAIGN);
            return isOfSender && !seen.reversePathDomain().isEmpty()
                    ? text + " (mail from " + ReplyText.cut(seen.reversePathDomain(), 255) + ")"
                    : text;
        }
    }

    /// A message begins to be sent: MAIL is written. O(1).
    public void sent(Flow flow, Instant now) {
        rates.sent(flow, now);
    }

    /// Draws the consequences of a reply, positive ones too.
    public Advice observe(Observation seen) {
        String provider = seen.flow().provider();
        Optional<ReactionRule> found = rules.get().matcher(provider).match(seen.reply());
        if (found.isEmpty()) {
            return Advice.NONE;
        }
        ReactionRule rule = found.get();
        metrics.matched(rule.name(), provider);
        Flow flow = seen.flow();
        // The message that happened to wait for this connection has no part in the reply.
        Flow meant = seen.isConnectionLevel() ? flow.carrying("", "", "") : flow;
        boolean isBounced = false;
        synchronized (lock) {
            Set<LimitScope> reached = new HashSet<>();
            Set<LimitScope> counted = new HashSet<>();
            for (Reaction reaction : rule.reactions()) {
                Optional<LimitScope> scope =
                        dimensions(reaction).flatMap(all -> ActionScope.of(all, meant));
                if (scope.isPresent()) {
                    // Several reactions of a rule on one scope are one match.
                    if (counted.add(scope.get()) && counts.add(rule, scope.get(), seen.now())) {
                        reached.add(scope.get());
                    }
                    var cause = new Cause(rule, reaction, scope.get(), seen);
                    act(cause, reached.contains(scope.get()));
                    isBounced |= isBounceInForce(reaction, scope.get());
                }
            }
        }
        outbox.carry();
        return MessageAdvice.of(rule, seen, isBounced);
    }

    private boolean isBounceInForce(Reaction reaction, LimitScope scope) {
        return reaction instanceof Reaction.BounceAll
                && book.find(scope, ActionKind.BOUNCE, false).isPresent();
    }

    /// Empty for what is about the message alone.
    private static Optional<Set<Dimension>> dimensions(Reaction reaction) {
        return switch (reaction) {
            case Reaction.Suspend(var scope) -> Optional.of(scope);
            case Reaction.SlowDown(var scope, _) -> Optional.of(scope);
            case Reaction.Narrow(var scope, _) -> Optional.of(scope);
            case Reaction.BounceAll(var scope) -> Optional.of(scope);
            case Reaction.RetryElsewhere _,
                    Reaction.Bounce _,
                    Reaction.DelayMessage _,
                    Reaction.SplitRecipients _,
                    Reaction.Reconnect _,
                    Reaction.Ignore _ ->
                    Optional.empty();
        };
    }

    private void act(Cause cause, boolean isReached) {
        switch (cause.reaction) {
            case Reaction.Suspend _ -> {
                // After a pause, what is slowed down is what the rule is about.
                again(cause, ActionKind.SLOW, isReached);
                actOrBegin(cause, ActionKind.SUSPEND, isReached);
            }
            case Reaction.SlowDown _ -> actOrBegin(cause, ActionKind.SLOW, isReached);
            case Reaction.Narrow _ -> actOrBegin(cause, ActionKind.NARROW, isReached);
            case Reaction.BounceAll _ -> actOrBegin(cause, ActionKind.BOUNCE, isReached);
            case Reaction.RetryElsewhere _,
                    Reaction.Bounce _,
                    Reaction.DelayMessage _,
                    Reaction.SplitRecipients _,
                    Reaction.Reconnect _,
                    Reaction.Ignore _ -> {}
        }
    }

    private void actOrBegin(Cause cause, ActionKind kind, boolean isReached) {
        if (!again(cause, kind, isReached) && isReached) {
            begin(cause);
        }
    }

    /// Lowers or extends what is in force; false where nothing is. What another rule began is only
    /// touched where the threshold of this one is reached.
    private boolean again(Cause cause, ActionKind kind, boolean isReached) {
        Optional<Action> inForce = book.find(cause.scope, kind, false);
        if (inForce.isEmpty()) {
            return false;
        }
        if (!isReached && !cause.began(inForce.get())) {
            return true;
        }
        Action before = inForce.get();
        Instant now = cause.seen.now();
        boolean lowers = BackOff.lowers(before, now);
        double measured = lowers ? rates.rate(cause.scope, now) : 0;
        Duration lasts = bounded(cause.rule.lasts());
        Action after = BackOff.again(before, lasts, measured, now);
        boolean isSame = after.restraint().force().equals(before.restraint().force());
        Instant worthIt = before.until().plus(lasts.dividedBy(EXTENSIONS_MOST));
        if (isSame && after.until().isBefore(worthIt)) {
            // Else each of a thousand refusals a second would go to the limiter and the file. So
            // an action may end a hundredth of its time early.
            return true;
        }
        put(after);
        if (!isSame) {
            note(after, Change.LOWERED, now);
        }
        return true;
    }

    private void begin(Cause cause) {
        Instant now = cause.seen.now();
        Duration lasts = bounded(cause.rule.lasts());
        double measured = rates.rate(cause.scope, now);
        int percent =
                cause.reaction instanceof Reaction.SlowDown(_, int part)
                        ? part
                        : BackOff.AFTER_PAUSE_PERCENT;
        Pace pace = BackOff.begin(lasts, percent, measured, now);
        Force force =
                switch (cause.reaction) {
                    case Reaction.SlowDown _ -> BackOff.slow(pace);
                    case Reaction.Narrow(_, int connections) ->
                            new Force.Narrow(Math.clamp(connections, 1, BackOff.CONNECTIONS_MOST));
                    case Reaction.BounceAll _ -> new Force.Bounce(cause.reason());
                    case Reaction.Suspend _,
                            Reaction.RetryElsewhere _,
                            Reaction.Bounce _,
                            Reaction.DelayMessage _,
                            Reaction.SplitRecipients _,
                            Reaction.Reconnect _,
                            Reaction.Ignore _ ->
                            new Force.Suspend();
                };
        try {
            makeRoom(cause.rule.name(), now);
            var restraint =
                    new Restraint(
                            book.freshId(),
                            cause.scope,
                            force,
                            now,
                            now.plus(lasts),
                            cause.reason(),
                            cause.rule.origin());
            add(new Action(restraint, cause.rule.name(), 1, pace), now);
        } catch (FullException _) {
            // What operators did fills the book; the limits of the configuration remain.
            metrics.changed(ActionKind.of(force).key(), "no-room");
        }
    }

    private static Duration bounded(Duration lasts) {
        return lasts.compareTo(LASTS_MOST) < 0 ? lasts : LASTS_MOST;
    }

    private void makeRoom(String rule, Instant now) throws FullException {
        Optional<Action> inTheWay = book.inTheWay(rule);
        if (inTheWay.isPresent()) {
            remove(inTheWay.get(), Change.ENDED, now);
        }
    }

    /// Goes on with the recovery of all actions and ends what is over. To be called about once a
    /// second; a call costs as much as there are actions.
    public void tick(Instant now) {
        synchronized (lock) {
            for (Action action : List.copyOf(book.all())) {
                if (!now.isBefore(action.until()) || BackOff.isStepDue(action, now)) {
                    goOn(action, now);
                }
            }
        }
        outbox.carry();
    }

    private void goOn(Action action, Instant now) {
        boolean isSlow = action.kind() == ActionKind.SLOW;
        double measured = isSlow ? rates.rate(action.scope(), now) : 0;
        if (BackOff.isOver(action, measured, now)) {
            end(action, now);
        } else {
            Action after = BackOff.stepped(action, now);
            put(after);
            note(after, Change.RAISED, now);
        }
    }

    private void end(Action action, Instant now) {
        if (action.kind() != ActionKind.SUSPEND) {
            remove(action, Change.ENDED, now);
            return;
        }
        // It was slowed down before, and paused then: one slow-down is enough.
        Optional<Action> slow = book.find(action.scope(), ActionKind.SLOW, action.isByHand());
        slow.ifPresent(old -> remove(old, Change.ENDED, now));
        Action eased = BackOff.afterPause(action, now);
        metrics.inForce(action.kind().key(), -1);
        metrics.inForce(eased.kind().key(), 1);
        put(eased);
        note(eased, Change.EASED, now);
    }

    /// All in force, the oldest first.
    public List<RestraintView> actions(Instant now) {
        synchronized (lock) {
            return book.all().stream()
                    .filter(action -> now.isBefore(action.until()))
                    .map(RestraintView::of)
                    .toList();
        }
    }

    /// Ends an action at once, without a slow-down after it.
    ///
    /// @return what it was; empty where none in force has this id
    public Optional<RestraintView> lift(String id, Instant now) {
        Optional<Action> lifted;
        synchronized (lock) {
            lifted = book.get(id);
            lifted.ifPresent(action -> remove(action, Change.LIFTED, now));
        }
        outbox.carry();
        return lifted.map(RestraintView::of);
    }

    /// Ends all whose scope has at least the conditions of `scope`; [LimitScope#ALL] means all.
    ///
    /// @return what they were
    public List<RestraintView> liftAll(LimitScope scope, Instant now) {
        var lifted = new ArrayList<RestraintView>();
        synchronized (lock) {
            for (Action action : List.copyOf(book.all())) {
                var conditions = action.scope().conditions().entrySet();
                if (conditions.containsAll(scope.conditions().entrySet())) {
                    remove(action, Change.LIFTED, now);
                    lifted.add(RestraintView.of(action));
                }
            }
        }
        outbox.carry();
        return lifted;
    }

    /// Suspends by hand; a suspension by hand of the same scope is replaced, and keeps its id.
    ///
    /// @param reason for people, `""` for none
    /// @return empty where [RestraintBook#MOST] such suspensions are in force
    public Optional<Restraint> suspend(
            LimitScope scope, Duration lasts, String reason, Instant now) {
        Optional<Restraint> made;
        synchronized (lock) {
            made = put(scope, lasts, reason, now);
        }
        outbox.carry();
        return made;
    }

    private Optional<Restraint> put(LimitScope scope, Duration lasts, String reason, Instant now) {
        Optional<Action> old = book.find(scope, ActionKind.SUSPEND, true);
        try {
            String id = old.map(Action::id).orElse("");
            if (old.isEmpty()) {
                makeRoom("", now);
                id = book.freshId();
            }
            Force force = new Force.Suspend();
            var restraint =
                    new Restraint(id, scope, force, now, now.plus(bounded(lasts)), reason, "");
            double measured = rates.rate(scope, now);
            double known = measured > 0 ? measured : old.map(it -> it.pace().first()).orElse(0.0);
            Pace pace = BackOff.begin(bounded(lasts), BackOff.AFTER_PAUSE_PERCENT, known, now);
            old.ifPresent(it -> metrics.inForce(it.kind().key(), -1));
            add(new Action(restraint, "", 0, pace), now);
            return Optional.of(restraint);
        } catch (FullException _) {
            return Optional.empty();
        }
    }

    private void add(Action action, Instant now) {
        metrics.inForce(action.kind().key(), 1);
        put(action);
        note(action, Change.BEGUN, now);
    }

    private void put(Action action) {
        book.put(action);
        changes++;
        restrain(action);
    }

    private void restrain(Action action) {
        Restraint restraint = forLimiter(action.restraint());
        outbox.add(() -> hooks.restrain.accept(restraint));
    }

    private static Restraint forLimiter(Restraint it) {
        Instant end = it.until().plus(GRACE);
        String origin = it.origin();
        return new Restraint(it.id(), it.scope(), it.force(), it.since(), end, it.reason(), origin);
    }

    private void remove(Action action, Change change, Instant now) {
        book.remove(action.id());
        changes++;
        outbox.add(() -> hooks.lift.accept(action.id()));
        metrics.inForce(action.kind().key(), -1);
        note(action, change, now);
    }

    private void note(Action action, Change change, Instant now) {
        metrics.changed(action.kind().key(), change.key());
        if (outbox.size() < UNTOLD_MOST) {
            var notice = new ActionNotice(now, change, action.restraint(), action.rule());
            outbox.add(() -> hooks.tell.accept(notice));
        }
    }

    /// What [RestraintsFile] keeps.
    record Kept(List<Action> actions, int drawn) {}

    /// Grows with each change of what [#kept] says.
    long changes() {
        synchronized (lock) {
            return changes;
        }
    }

    Kept kept() {
        synchronized (lock) {
            return new Kept(List.copyOf(book.all()), book.drawn());
        }
    }

    /// Begins with what was in force before a restart.
    void restore(Kept kept) {
        synchronized (lock) {
            book.restore(kept.actions, kept.drawn);
            for (Action action : kept.actions) {
                metrics.inForce(action.kind().key(), 1);
                restrain(action);
            }
        }
        outbox.carry();
    }

    /// How much memory depends on what others send: for tests.
    int remembered() {
        synchronized (lock) {
            return counts.size() + rates.size() + book.size();
        }
    }
}
