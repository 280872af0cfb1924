package io.whimbrel.keys;

import io.whimbrel.keys.RotationEvent.Abort;
import io.whimbrel.keys.RotationEvent.Begin;
import io.whimbrel.keys.RotationEvent.Looked;
import io.whimbrel.keys.RotationEvent.Passed;
import io.whimbrel.keys.RotationEvent.Revoke;
import io.whimbrel.keys.RotationState.Idle;
import io.whimbrel.keys.RotationState.Publishing;
import io.whimbrel.keys.RotationState.Revoking;
import io.whimbrel.keys.RotationState.Switched;
import io.whimbrel.keys.RotationState.Verified;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The keys of one `[[dkim]]` entry over time: which one signs, and how far its replacement is.
/// Immutable; moves by [#after] alone, which is pure.
///
/// Publishing, verified, switched, revoking, idle: it never goes further while the DNS says
/// anything else than that the record is as it should be, and goes back from verified to publishing
/// where the record is gone again.
///
/// @param entry domain and selector, as the configuration names them
/// @param current signs now
public record Rotation(
        KeyName entry, KeyAlgorithm algorithm, PlacedKey current, RotationState state) {
    private static final String NOTHING_SEEN = "the DNS has not been asked yet";

    /// RFC 2308 §5 thinks of hours; a zone may say years.
    private static final Duration NEGATIVE_MOST = Duration.ofDays(1);

    /// What an event leads to.
    ///
    /// @param rotation equal to the one before where nothing changed
    public record Transition(Rotation rotation, RotationStep step) {}

    /// What is to be asked of the DNS.
    ///
    /// @param isToBeGone there should be no key any more
    public record Question(KeyName name, PlacedKey key, boolean isToBeGone) {}

    /// An entry whose key was never replaced.
    public static Rotation idle(KeyName entry, KeyAlgorithm algorithm, KeyPlace place) {
        return new Rotation(entry, algorithm, new PlacedKey(entry.selector(), place), new Idle());
    }

    /// What the DNS has to say before it goes on; empty where it waits for time, or for nothing.
    public Optional<Question> question() {
        return switch (state) {
            case Idle _, Switched _ -> Optional.empty();
            case Publishing publishing -> Optional.of(question(publishing.next(), false));
            case Verified verified -> Optional.of(question(verified.next(), false));
            case Revoking revoking -> Optional.of(question(revoking.old(), true));
        };
    }

    /// Of every key that it is about now; that of the entry stays out once its key is gone.
    List<String> selectors() {
        return switch (state) {
            case Idle _ -> List.of(current.selector());
            case Publishing publishing -> List.of(current.selector(), publishing.next().selector());
            case Verified verified -> List.of(current.selector(), verified.next().selector());
            case Switched switched -> List.of(current.selector(), switched.old().selector());
            case Revoking revoking -> List.of(current.selector(), revoking.old().selector());
        };
    }

    private Question question(PlacedKey key, boolean isToBeGone) {
        return new Question(new KeyName(entry.domain(), key.selector()), key, isToBeGone);
    }

    /// Where it waits for time alone, until when; for the DNS too, where that is verified.
    public Optional<Instant> until() {
        return switch (state) {
            case Idle _, Publishing _, Revoking _ -> Optional.empty();
            case Verified verified -> Optional.of(verified.until());
            case Switched switched -> Optional.of(switched.until());
        };
    }

    public Transition after(RotationEvent event, Instant now) {
        return switch (event) {
            case Begin begin -> begin(begin, now);
            case Looked(String selector, Sighting sighting) -> {
                boolean isMeant =
                        question().filter(it -> it.name().selector().equals(selector)).isPresent();
                yield isMeant ? looked(sighting, now) : stay();
            }
            case Passed _ -> passed(now);
            case Abort _ -> abort();
            case Revoke _ -> revoke(now);
        };
    }

    private Transition begin(Begin begin, Instant now) {
        if (!(state instanceof Idle)) {
            return refused(
                    "a rotation of " + entry + " is under way already (" + state.word() + ")");
        }
        var publishing =
                new Publishing(begin.next(), begin.terms(), now, Duration.ZERO, NOTHING_SEEN);
        return to(publishing, new RotationStep.Publish(begin.next()));
    }

    private Transition looked(Sighting sighting, Instant now) {
        return switch (state) {
            case Idle _, Switched _ -> stay();
            case Publishing publishing -> published(publishing, sighting, now);
            case Verified verified -> verified(verified, sighting, now);
            case Revoking revoking -> revoked(revoking, sighting);
        };
    }

    private Transition published(Publishing state, Sighting sighting, Instant now) {
        if (!(sighting instanceof Sighting.Good)) {
            return to(publishing(state, negative(state.negative(), sighting), sighting));
        }
        Duration spread = state.terms().spread();
        Duration wait = spread.compareTo(state.negative()) > 0 ? spread : state.negative();
        return to(
                new Verified(
                        state.next(),
                        state.terms(),
                        now,
                        now.plus(wait),
                        state.negative(),
                        sighting.text()));
    }

    private static Publishing publishing(Publishing state, Duration negative, Sighting sighting) {
        return new Publishing(
                state.next(), state.terms(), state.since(), negative, sighting.text());
    }

    private Transition verified(Verified state, Sighting sighting, Instant now) {
        return switch (sighting) {
            case Sighting.Good _ when !now.isBefore(state.until()) -> switched(state, now);
            case Sighting.Good _ -> to(seen(state, sighting.text()));
            case Sighting.Failed(String text) -> to(seen(state, text));
            case Sighting.Missing _, Sighting.Revoked _, Sighting.Wrong _ ->
                    to(
                            new Publishing(
                                    state.next(),
                                    state.terms(),
                                    now,
                                    negative(state.negative(), sighting),
                                    sighting.text()));
        };
    }

    private static Verified seen(Verified state, String text) {
        return new Verified(
                state.next(), state.terms(), state.since(), state.until(), state.negative(), text);
    }

    private static Duration negative(Duration longest, Sighting sighting) {
        if (!(sighting instanceof Sighting.Missing missing)
                || missing.timeToLive().compareTo(longest) <= 0) {
            return longest;
        }
        return missing.timeToLive().compareTo(NEGATIVE_MOST) > 0
                ? NEGATIVE_MOST
                : missing.timeToLive();
    }

    private Transition switched(Verified state, Instant now) {
        var switched = new Switched(current, now, now.plus(state.terms().keep()));
        return new Transition(
                new Rotation(entry, algorithm, state.next(), switched),
                new RotationStep.Switch(state.next()));
    }

    private Transition revoked(Revoking state, Sighting sighting) {
        return sighting.isGone()
                ? to(new Idle(), new RotationStep.Retire(state.old()))
                : to(new Revoking(state.old(), state.since(), sighting.text()));
    }

    private Transition passed(Instant now) {
        return state instanceof Switched switched && !now.isBefore(switched.until())
                ? revoking(switched, now)
                : stay();
    }

    private Transition revoking(Switched state, Instant now) {
        return to(
                new Revoking(state.old(), now, NOTHING_SEEN),
                new RotationStep.PublishRevoked(state.old()));
    }

    private Transition abort() {
        return switch (state) {
            case Idle _ -> refused("no rotation of " + entry + " is under way");
            case Publishing publishing -> discard(publishing.next());
            case Verified verified -> discard(verified.next());
            case Switched _, Revoking _ ->
                    refused(
                            "the rotation of "
                                    + entry
                                    + " cannot be aborted: "
                                    + current.selector()
                                    + " signs already; rotate again when it is done");
        };
    }

    private Transition discard(PlacedKey next) {
        return to(new Idle(), new RotationStep.Discard(next));
    }

    private Transition revoke(Instant now) {
        return state instanceof Switched switched
                ? revoking(switched, now)
                : refused("no old key of " + entry + " waits for its end (" + state.word() + ")");
    }

    private Transition stay() {
        return new Transition(this, new RotationStep.Wait());
    }

    private Transition refused(String why) {
        return new Transition(this, new RotationStep.Refused(why));
    }

    private Transition to(RotationState next) {
        return to(next, new RotationStep.Wait());
    }

    private Transition to(RotationState next, RotationStep step) {
        return new Transition(new Rotation(entry, algorithm, current, next), step);
    }
}
