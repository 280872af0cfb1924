package io.whimbrel.salvage;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.Serial;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The fields of a JSON object, each read once and checked. Immutable.
///
/// @param place of the object, such as `recipients[3].`
record Fields(ObjectNode object, String place) {
    private static final int LABEL_CHARACTERS_MAX = 1_000;
    private static final Instant FIRST = Instant.EPOCH;
    private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

    /// A field is not as it must be; the message names it.
    static final class Wrong extends Exception {
        @Serial private static final long serialVersionUID = 1;

        Wrong(String message) {
            super(message);
        }
    }

    boolean has(String field) {
        return object.has(field);
    }

    void allow(List<String> fields) throws Wrong {
        for (String name : object.propertyNames()) {
            if (!fields.contains(name)) {
                String shown = name.substring(0, Math.min(40, name.length()));
                throw wrong(shown, "is unknown; allowed: " + String.join(", ", fields));
            }
        }
    }

    void require(boolean isSo, String field, String problem) throws Wrong {
        if (!isSo) {
            throw wrong(field, problem);
        }
    }

    String text(String field) throws Wrong {
        JsonNode node = node(field);
        require(node.isString(), field, "must be a text");
        return node.stringValue("");
    }

    /// A name that people gave: no control characters.
    String label(String field) throws Wrong {
        String text = text(field);
        boolean isPlain =
                text.length() <= LABEL_CHARACTERS_MAX
                        && text.chars().noneMatch(Character::isISOControl);
        require(isPlain, field, "must be at most 1000 characters, none of them a control one");
        return text;
    }

    /// The value of an ESMTP parameter (RFC 5321 §4.1.2, esmtp-value); may be empty.
    String parameter(String field, int most) throws Wrong {
        String text = text(field);
        boolean isValue =
                text.length() <= most
                        && text.chars()
                                .noneMatch(c -> c <= ' ' || c == '=' || Character.isISOControl(c));
        require(isValue, field, "must be xtext of at most " + most + " characters");
        return text;
    }

    boolean flag(String field) throws Wrong {
        JsonNode node = node(field);
        require(node.isBoolean(), field, "must be true or false");
        return node.booleanValue(false);
    }

    long number(String field, long least, long most) throws Wrong {
        JsonNode node = node(field);
        boolean isInRange =
                node.isIntegralNumber()
                        && node.canConvertToLong()
                        && node.asLong(-1) >= least
                        && node.asLong(-1) <= most;
        String allowed = least == most ? String.valueOf(least) : least + " to " + most;
        require(isInRange, field, "must be " + allowed);
        return node.asLong(-1);
    }

    Instant instant(String field) throws Wrong {
        try {
            Instant instant = Instant.parse(text(field));
            require(
                    !instant.isBefore(FIRST) && instant.isBefore(LAST),
                    field,
                    "must be between 1970 and 9999");
            return instant;
        } catch (DateTimeException _) {
            throw wrong(field, "must be a time such as 2026-11-24T10:00:00Z");
        }
    }

    QueueId id(String field) throws Wrong {
        return QueueId.parse(text(field)).orElseThrow(() -> wrong(field, "must be a queue id"));
    }

    /// Which of `words` it is.
    int choice(String field, List<String> words) throws Wrong {
        int index = words.indexOf(text(field));
        String allowed = words.toString().replace("[,", "[\"\",");
        require(index >= 0, field, "must be one of " + allowed);
        return index;
    }

    /// An object within this one.
    Fields fields(String field) throws Wrong {
        if (node(field) instanceof ObjectNode fields) {
            return new Fields(fields, place + field + ".");
        }
        throw wrong(field, "must be an object");
    }

    /// All of its fields, each a text.
    Map<String, String> texts() throws Wrong {
        var texts = new LinkedHashMap<String, String>();
        for (String name : object.propertyNames()) {
            texts.put(name, text(name));
        }
        return texts;
    }

    /// A list of 1 to `most` objects.
    List<Fields> objects(String field, int most) throws Wrong {
        JsonNode array = node(field);
        boolean isList = array.isArray() && array.size() >= 1 && array.size() <= most;
        require(isList, field, "must be a list of 1 to " + most + " objects");
        var objects = new ArrayList<Fields>(array.size());
        for (JsonNode one : array) {
            String name = field + "[" + objects.size() + "]";
            if (!(one instanceof ObjectNode fields)) {
                throw wrong(name, "must be an object");
            }
            objects.add(new Fields(fields, place + name + "."));
        }
        return objects;
    }

    /// Fields `address`, `domain` (only where it is not what the address says), `notify`, `orcpt`.
    Recipient recipient() throws Wrong {
        String address = text("address");
        Optional<DomainName> domain =
                has("domain") ? DomainName.parse(text("domain")) : Addresses.domainOf(address);
        require(Addresses.isForwardPath(address), "address", "is no address that RCPT would take");
        require(domain.isPresent(), has("domain") ? "domain" : "address", "has no good domain");
        return new Recipient(
                new ForwardPath(address, domain.orElseThrow()),
                Addresses.notice(text("notify"))
                        .orElseThrow(() ->
                                wrong(
                                        "notify",
                                        "must be empty, NEVER, or a list of SUCCESS, FAILURE,"
                                                + " DELAY")),
                parameter("orcpt", 500));
    }

    private JsonNode node(String field) throws Wrong {
        if (!has(field)) {
            throw wrong(field, "is missing");
        }
        return object.path(field);
    }

    private Wrong wrong(String field, String problem) {
        return new Wrong("field " + place + field + " " + problem);
    }
}
