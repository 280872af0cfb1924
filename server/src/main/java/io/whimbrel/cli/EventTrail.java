package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.eventlog.EventReader;
import io.whimbrel.mail.QueueId;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// Finds messages in the event log. Confined to one thread. What is found is bounded: the newest
/// messages, and 50,000 events in all.
final class EventTrail {
    private static final int EVENTS_MAX = 50_000;

    private final Path folder;
    private final SortedMap<String, List<Event>> found = new TreeMap<>();
    private int count;
    private long unreadableLines;
    private boolean isCut;

    /// One event, parsed and as it stands in the file.
    record Event(ObjectNode fields, String line) {}

    EventTrail(Path folder) {
        this.folder = folder;
    }

    /// The events of one message in order, and the acceptance of reports about it; by its id. Empty
    /// where there are none.
    SortedMap<String, List<Event>> ofMessage(QueueId id) throws IOException {
        String wanted = id.toString();
        read(
                wanted,
                event -> {
                    boolean isAboutIt =
                            wanted.equals(Json.text(event.fields(), "id"))
                                    || wanted.equals(Json.text(event.fields(), "cause"));
                    return isAboutIt ? Optional.of(wanted) : Optional.empty();
                },
                1);
        return found;
    }

    /// What happened between `address`, in any case, and the newest `limit` messages that it sent
    /// or was to receive; by their ids, oldest first.
    SortedMap<String, List<Event>> ofAddress(String address, int limit) throws IOException {
        read(
                address,
                event -> {
                    boolean isAboutIt =
                            address.equalsIgnoreCase(Json.text(event.fields(), "recipient"))
                                    || address.equalsIgnoreCase(
                                            Json.text(event.fields(), "sender"));
                    return isAboutIt
                            ? Optional.of(Json.text(event.fields(), "id"))
                            : Optional.empty();
                },
                limit);
        return found;
    }

    /// Lines about the subject that are no events.
    long unreadableLines() {
        return unreadableLines;
    }

    /// Whether there were more events than can be shown.
    boolean isCut() {
        return isCut;
    }

    /// Says under which id an event is to be shown; empty for not at all.
    @FunctionalInterface
    private interface Filing {
        Optional<String> idOf(Event event);
    }

    private void read(String value, Filing filing, int messagesMost) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new IOException(
                    "there is no event log in " + folder + ": no server has run with this data");
        }
        new EventReader(folder)
                .find(
                        value,
                        line -> {
                            Optional<ObjectNode> fields = Json.parse(line);
                            if (fields.isEmpty()) {
                                unreadableLines++;
                                return;
                            }
                            var event = new Event(fields.get(), line);
                            filing.idOf(event).ifPresent(id -> add(id, event, messagesMost));
                        });
    }

    private void add(String id, Event event, int messagesMost) {
        if (count == EVENTS_MAX) {
            isCut = true;
            return;
        }
        count++;
        found.computeIfAbsent(id, _ -> new ArrayList<>()).add(event);
        if (found.size() > messagesMost) {
            // Ids ascend with time. An older message that is dropped here never comes back, for
            // then as now there are enough newer ones.
            List<Event> dropped = found.remove(found.firstKey());
            count -= dropped == null ? 0 : dropped.size();
        }
    }
}
