package io.whimbrel.admin;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// JSON objects as single lines, read and written as trees. Stateless.
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Json() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /// Reads one object. Empty where `line` is anything else.
    public static Optional<ObjectNode> parse(String line) {
        try {
            JsonNode node = MAPPER.readTree(line);
            return node instanceof ObjectNode object ? Optional.of(object) : Optional.empty();
        } catch (JacksonException _) {
            // The caller says what was wrong with the line; the parser's words would not help more.
            return Optional.empty();
        }
    }

    /// `node` without any line break.
    public static String line(JsonNode node) {
        return MAPPER.writeValueAsString(node);
    }

    /// `instant` in UTC with milliseconds at most (RFC 3339).
    public static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    /// A text field; `""` where it is absent or no text.
    public static String text(JsonNode node, String field) {
        return node.path(field).stringValue("");
    }

    /// A field as people read it, numbers included; `""` where it is absent.
    public static String shown(JsonNode node, String field) {
        JsonNode value = node.path(field);
        return value.isMissingNode() || value.isNull() ? "" : value.asString("");
    }
}
