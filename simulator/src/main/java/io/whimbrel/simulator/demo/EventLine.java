package io.whimbrel.simulator.demo;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;

/// One line of the server's event log, as far as the demo reads it. Immutable. Texts are `""` and
/// numbers 0 where the line has none.
///
/// @param queuedMillis from acceptance to this event
record EventLine(
        String event,
        String id,
        String recipient,
        String tenant,
        int code,
        String enhanced,
        String text,
        long queuedMillis) {

    private static final JsonMapper JSON = JsonMapper.shared();

    /// @throws IOException where `line` is no JSON object with an event
    static EventLine parse(String line) throws IOException {
        JsonNode node;
        try {
            node = JSON.readTree(line);
        } catch (JacksonException e) {
            throw new IOException("not JSON, in the event log: " + line, e);
        }
        if (!node.path("event").isString()) {
            throw new IOException("no event in a line of the event log: " + line);
        }
        return new EventLine(
                text(node, "event"),
                text(node, "id"),
                text(node, "recipient"),
                text(node, "tenant"),
                node.path("code").asInt(0),
                text(node, "enhanced"),
                text(node, "text"),
                Math.round(1000 * node.path("queued_s").asDouble(0)));
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).asString("");
    }
}
