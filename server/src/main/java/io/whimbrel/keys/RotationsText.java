package io.whimbrel.keys;

import io.whimbrel.keys.RotationState.Idle;
import io.whimbrel.keys.RotationState.Publishing;
import io.whimbrel.keys.RotationState.Revoking;
import io.whimbrel.keys.RotationState.Switched;
import io.whimbrel.keys.RotationState.Verified;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// [Rotations] as JSON. Stateless. Strict: whatever is not as [#render] writes it is damage, for a
/// key that is replaced by mistake breaks the mail of a domain.
final class RotationsText {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final int VERSION = 1;

    private RotationsText() {}

    /// The text is not what we would have written; the message says why.
    static final class DamagedException extends Exception {
        private static final long serialVersionUID = 1L;

        DamagedException(String why) {
            super(why);
        }
    }

    static byte[] render(Rotations rotations) {
        ObjectNode root = MAPPER.createObjectNode().put("version", VERSION);
        ArrayNode all = root.putArray("rotations");
        rotations.all().forEach(it -> write(it, all.addObject()));
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }

    private static void write(Rotation rotation, ObjectNode node) {
        node.put("domain", rotation.entry().domain());
        node.put("selector", rotation.entry().selector());
        node.put("algorithm", rotation.algorithm().keyType());
        write(rotation.current(), node.putObject("current"));
        node.put("state", rotation.state().word());
        switch (rotation.state()) {
            case Idle _ -> {}
            case Publishing state -> {
                write(state.next(), node.putObject("next"));
                write(state.terms(), node);
                node.put("since", state.since().toString());
                node.put("negative-seconds", state.negative().toSeconds());
                node.put("seen", state.seen());
            }
            case Verified state -> {
                write(state.next(), node.putObject("next"));
                write(state.terms(), node);
                node.put("since", state.since().toString());
                node.put("until", state.until().toString());
                node.put("negative-seconds", state.negative().toSeconds());
                node.put("seen", state.seen());
            }
            case Switched state -> {
                write(state.old(), node.putObject("old"));
                node.put("since", state.since().toString());
                node.put("until", state.until().toString());
            }
            case Revoking state -> {
                write(state.old(), node.putObject("old"));
                node.put("since", state.since().toString());
                node.put("seen", state.seen());
            }
        }
    }

    private static void write(PlacedKey key, ObjectNode node) {
        node.put("selector", key.selector()).put("key", key.place().toString());
    }

    private static void write(RotationTerms terms, ObjectNode node) {
        node.put("spread-seconds", terms.spread().toSeconds());
        node.put("keep-seconds", terms.keep().toSeconds());
    }

    static Rotations parse(byte[] bytes) throws DamagedException {
        try {
            JsonNode root = MAPPER.readTree(bytes);
            if (!root.path("version").asString("").equals(Integer.toString(VERSION))
                    || !root.path("rotations").isArray()
                    || root.path("rotations").size() > Rotations.MOST) {
                throw new DamagedException("no rotations of version " + VERSION);
            }
            List<Rotation> all = new ArrayList<>();
            for (JsonNode node : root.path("rotations")) {
                all.add(rotation(node));
            }
            Rotations rotations = Rotations.of(all);
            if (rotations.all().size() != all.size()) {
                throw new DamagedException("an entry stands there twice");
            }
            return rotations;
        } catch (JacksonException _) {
            throw new DamagedException("no JSON");
        } catch (DateTimeException | ArithmeticException | IllegalArgumentException e) {
            throw new DamagedException(String.valueOf(e.getMessage()));
        }
    }

    private static Rotation rotation(JsonNode node) throws DamagedException {
        var entry = new KeyName(text(node, "domain"), text(node, "selector"));
        String type = text(node, "algorithm");
        for (KeyAlgorithm algorithm : KeyAlgorithm.values()) {
            if (algorithm.keyType().equals(type)) {
                return new Rotation(
                        entry, algorithm, key(node, "current", entry), state(node, entry));
            }
        }
        throw new DamagedException("unknown algorithm");
    }

    private static RotationState state(JsonNode node, KeyName entry) throws DamagedException {
        return switch (text(node, "state")) {
            case "idle" -> new Idle();
            case "publishing" ->
                    new Publishing(
                            key(node, "next", entry),
                            terms(node),
                            time(node, "since"),
                            seconds(node, "negative-seconds"),
                            text(node, "seen"));
            case "verified" ->
                    new Verified(
                            key(node, "next", entry),
                            terms(node),
                            time(node, "since"),
                            time(node, "until"),
                            seconds(node, "negative-seconds"),
                            text(node, "seen"));
            case "switched" ->
                    new Switched(key(node, "old", entry), time(node, "since"), time(node, "until"));
            case "revoking" ->
                    new Revoking(key(node, "old", entry), time(node, "since"), text(node, "seen"));
            default -> throw new DamagedException("unknown state");
        };
    }

    private static PlacedKey key(JsonNode node, String field, KeyName entry)
            throws DamagedException {
        JsonNode key = node.path(field);
        // Refuses what is no selector.
        var name = new KeyName(entry.domain(), text(key, "selector"));
        KeyPlace place =
                KeyPlace.parse(text(key, "key"))
                        .orElseThrow(() -> new DamagedException("no place of a key in " + field));
        return new PlacedKey(name.selector(), place);
    }

    private static RotationTerms terms(JsonNode node) throws DamagedException {
        return new RotationTerms(seconds(node, "spread-seconds"), seconds(node, "keep-seconds"));
    }

    private static Instant time(JsonNode node, String field) throws DamagedException {
        return Instant.parse(text(node, field));
    }

    private static Duration seconds(JsonNode node, String field) throws DamagedException {
        JsonNode value = node.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0) {
            throw new DamagedException(field + " is no number of seconds");
        }
        return Duration.ofSeconds(value.asInt());
    }

    private static String text(JsonNode node, String field) throws DamagedException {
        JsonNode value = node.path(field);
        if (!value.isString()) {
            throw new DamagedException(field + " is missing, or no text");
        }
        return value.stringValue("");
    }
}
