package io.whimbrel.reaction;

import io.whimbrel.metrics.Metrics;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;
import io.whimbrel.time.WallLead;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/// Keeps the actions of [Reactions] over a restart, in `state/restraints.json` below the data
/// folder. Thread-safe.
///
/// What is left of an action counts by the wall clock: an hour's suspension is over an hour after
/// it began, and what ended meanwhile ends with the first [Reactions#tick]. Where that clock is set
/// while we run, or set back before the next start, as much is left as without. A crash loses the
/// last second; the counts of thresholds always begin anew. An action whose names exceed
/// [ActionJson#NAME_CHARS_MOST] is left out.
public final class RestraintsFile implements AutoCloseable {
    static final String NAME = "state/restraints.json";
    static final int VERSION = 1;
    static final int BYTES_MOST = 16 * 1024 * 1024;

    private static final StateFile.Terms TERMS =
            new StateFile.Terms(
                    NAME,
                    VERSION,
                    BYTES_MOST,
                    Duration.ofSeconds(1),
                    "no suspension or slow-down from before is in force");

    private final StateFile file;

    /// Reads the file into `reactions`, which puts in force what it says; then keeps it up to date.
    /// To be made when the limiter is there, and before delivery begins.
    ///
    /// @param clock by which the instants of the actions are said
    /// @param lead of the wall clock before it
    public RestraintsFile(
            Path dataFolder,
            Reactions reactions,
            InstantSource clock,
            WallLead lead,
            Metrics metrics) {
        file = new StateFile(dataFolder, TERMS, new Content(reactions, clock, lead), metrics);
    }

    /// The actions as JSON.
    record Content(Reactions reactions, InstantSource clock, WallLead lead)
            implements StateFile.Content {

        @Override
        public long changes() {
            return reactions.changes() + lead.steps();
        }

        @Override
        public void restore(JsonNode root) throws DamagedException {
            reactions.restore(kept(root));
        }

        /// What the file says, by the clock of this process.
        Reactions.Kept kept(JsonNode root) throws DamagedException {
            return ActionJson.kept(root, ActionJson.shift(root, clock.instant()));
        }

        @Override
        public void writeTo(ObjectNode root) {
            Reactions.Kept kept = reactions.kept();
            Duration ahead = lead.now();
            ActionJson.writeClock(root, clock.instant().plus(ahead), ahead);
            root.put("drawn", kept.drawn());
            ArrayNode actions = root.putArray("actions");
            for (Action action : kept.actions()) {
                if (ActionJson.isWritable(action)) {
                    ActionJson.write(action, actions.addObject());
                }
            }
        }
    }

    void writeIfChanged() {
        file.writeIfChanged();
    }

    /// Writes a last time where something changed. To be called when delivery has ended.
    @Override
    public void close() {
        file.close();
    }
}
