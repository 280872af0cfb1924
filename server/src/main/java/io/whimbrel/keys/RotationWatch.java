package io.whimbrel.keys;

import io.whimbrel.keys.Rotation.Question;
import io.whimbrel.keys.Rotation.Transition;
import io.whimbrel.time.Pause;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Moves rotations on while a node runs, and tells which key signs. Thread-safe.
///
/// Each [#tick] starts a round on a virtual thread, where none is under way: the file is read
/// again, the DNS is asked where a rotation waits for it ([#BETWEEN_LOOKS]), and what is due is
/// done. Where the file cannot be used, what was known goes on holding, and the log says so once.
public final class RotationWatch implements AutoCloseable {
    static final Duration BETWEEN_LOOKS = Duration.ofMinutes(5);

    private static final Logger LOG = LoggerFactory.getLogger(RotationWatch.class);

    private final RotationsFile file;
    private final KeyLookup lookup;
    private final Listener listener;
    private volatile Rotations rotations;
    private Thread round = Thread.ofVirtual().unstarted(() -> {});

    /// Of one round at a time, like what follows.
    private final Map<KeyName, Instant> looked = new HashMap<>();

    private String complaint = "";

    /// Hears of other keys. Called by the thread of a round, one after the other.
    @FunctionalInterface
    public interface Listener {

        /// From now on `current` is to sign, in the place of what signed for the entry.
        void changed(KeyName entry, PlacedKey current);
    }

    /// @throws IOException where the file cannot be used: what signs is not known then
    public RotationWatch(KeyFolder folder, KeyLookup lookup, Listener listener) throws IOException {
        this.file = new RotationsFile(folder);
        this.lookup = lookup;
        this.listener = listener;
        this.rotations = file.read();
    }

    /// As they are now.
    public Rotations rotations() {
        return rotations;
    }

    /// To be called every minute or so; never waits.
    public synchronized void tick(Instant now) {
        if (!round.isAlive()) {
            round = Thread.ofVirtual().name("key-rotations").start(() -> go(now));
        }
    }

    /// Waits for the end of the round under way, if any.
    void awaitRound() {
        Thread last;
        synchronized (this) {
            last = round;
        }
        Pause.untilEnd(last);
    }

    /// Ends the round under way.
    @Override
    public void close() {
        synchronized (this) {
            round.interrupt();
        }
        awaitRound();
    }

    private void go(Instant now) {
        String found = "";
        try {
            take(file.read());
            for (Rotation rotation : rotations.all()) {
                String trouble = moved(rotation, now);
                found = trouble.isEmpty() ? found : trouble;
            }
            looked.keySet().removeIf(entry -> rotations.find(entry).isEmpty());
        } catch (IOException e) {
            found = String.valueOf(e.getMessage());
        } catch (RuntimeException bug) {
            LOG.error("unexpected exception in the replacement of keys", bug);
        }
        if (!found.isEmpty() && !found.equals(complaint)) {
            LOG.warn("keys are not replaced any further: {}", found);
        }
        complaint = found;
    }

    /// Moves one that may be due.
    ///
    /// @return what went wrong; `""` for nothing
    private String moved(Rotation rotation, Instant now) {
        try {
            move(rotation, now);
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void take(Rotations read) {
        Rotations before = rotations;
        rotations = read;
        for (Rotation rotation : read.all()) {
            PlacedKey now = rotation.current();
            PlacedKey old =
                    before.find(rotation.entry())
                            .map(Rotation::current)
                            .orElse(new PlacedKey(rotation.entry().selector(), now.place()));
            if (!old.equals(now)) {
                LOG.info(
                        "{} signs for {} now, in the place of {}",
                        now.selector(),
                        rotation.entry().domain(),
                        old.selector());
                listener.changed(rotation.entry(), now);
            }
        }
    }

    private void move(Rotation rotation, Instant now) throws IOException {
        Optional<Question> question = rotation.question();
        if (question.isEmpty()) {
            apply(rotation, new RotationEvent.Passed(), now);
        } else if (isDue(rotation, now)) {
            looked.put(rotation.entry(), now);
            RotationEvent.Looked seen = look(question.get(), lookup);
            // What a node that stops did not wait for is no answer.
            if (!Thread.currentThread().isInterrupted()) {
                apply(rotation, seen, now);
            }
        }
    }

    private boolean isDue(Rotation rotation, Instant now) {
        Instant last = looked.getOrDefault(rotation.entry(), Instant.MIN);
        boolean isOver = rotation.until().filter(until -> !now.isBefore(until)).isPresent();
        return isOver || last.equals(Instant.MIN) || !now.isBefore(last.plus(BETWEEN_LOOKS));
    }

    private void apply(Rotation rotation, RotationEvent event, Instant now) throws IOException {
        if (rotation.after(event, now).rotation().equals(rotation)) {
            return;
        }
        Transition transition = file.apply(rotation.entry(), event, now);
        tell(transition);
        take(rotations.with(transition.rotation()));
    }

    private static void tell(Transition transition) {
        String domain = transition.rotation().entry().domain();
        switch (transition.step()) {
            case RotationStep.PublishRevoked(PlacedKey old) ->
                    LOG.warn(
                            "selector {} of {} is to be revoked in the DNS now: see `whimbrel dkim"
                                    + " rotate {} --status`",
                            old.selector(),
                            domain,
                            domain);
            case RotationStep.Retire(PlacedKey old) ->
                    LOG.info("selector {} of {} is gone", old.selector(), domain);
            case RotationStep.Wait _,
                    RotationStep.Publish _,
                    RotationStep.Switch _,
                    RotationStep.Discard _,
                    RotationStep.Refused _ -> {}
        }
    }

    /// Asks the DNS what a rotation has to know. That the key can be read counts, too: one that
    /// cannot must not be switched to.
    public static RotationEvent.Looked look(Question question, KeyLookup lookup) {
        String selector = question.name().selector();
        if (question.isToBeGone()) {
            return new RotationEvent.Looked(
                    selector, Sighting.of(lookup, question.name(), Optional.empty()));
        }
        if (!(question.key().place() instanceof KeyPlace.File(var path))) {
            return new RotationEvent.Looked(
                    selector, new Sighting.Failed("a new key lies in a file: " + question.key()));
        }
        PublicKey key;
        try {
            key = KeyFiles.read(path).publicKey();
        } catch (IOException e) {
            return new RotationEvent.Looked(
                    selector, new Sighting.Failed(String.valueOf(e.getMessage())));
        }
        return new RotationEvent.Looked(
                selector, Sighting.of(lookup, question.name(), Optional.of(key)));
    }
}
