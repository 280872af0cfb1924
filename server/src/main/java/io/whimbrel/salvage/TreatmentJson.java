package io.whimbrel.salvage;

import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.Treatment;

import tools.jackson.databind.node.ObjectNode;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Field `treatment` of an envelope as JSON; its fields, each of which may be absent, are listed in
/// `docs/spool-format.md`. Stateless.
final class TreatmentJson {
    private static final List<DeliverBy.Mode> MODES =
            List.of(DeliverBy.Mode.RETURN, DeliverBy.Mode.NOTIFY);
    private static final List<String> MODE_WORDS = List.of("return", "notify");

    private TreatmentJson() {}

    static void write(Treatment treatment, ObjectNode json) {
        treatment.notBefore().ifPresent(from -> json.put("not_before", from.toString()));
        treatment.expiresAt().ifPresent(end -> json.put("expires", end.toString()));
        treatment
                .deliverBy()
                .ifPresent(by ->
                        json.putObject("deliver_by")
                                .put("deadline", by.deadline().toString())
                                .put("if_late", MODE_WORDS.get(MODES.indexOf(by.mode())))
                                .put("trace", by.isTraced()));
        if (treatment.mtPriority() != 0) {
            json.put("mt_priority", treatment.mtPriority());
        }
        if (!treatment.pool().isEmpty()) {
            json.put("pool", treatment.pool());
        }
        if (!treatment.user().isEmpty()) {
            json.put("user", treatment.user());
        }
        if (!treatment.metadata().isEmpty()) {
            ObjectNode metadata = json.putObject("meta");
            treatment.metadata().forEach(metadata::put);
        }
    }

    static Treatment read(Fields in) throws Fields.Wrong {
        in.allow(
                List.of(
                        "not_before",
                        "expires",
                        "deliver_by",
                        "mt_priority",
                        "pool",
                        "user",
                        "meta"));
        int most = Treatment.MT_PRIORITY_MOST;
        Map<String, String> metadata = in.has("meta") ? in.fields("meta").texts() : Map.of();
        in.require(
                Treatment.fits(metadata),
                "meta",
                "must have at most 16 fields with names, of 1 KiB in all");
        return new Treatment(
                instant(in, "not_before"),
                instant(in, "expires"),
                in.has("deliver_by")
                        ? Optional.of(deliverBy(in.fields("deliver_by")))
                        : Optional.empty(),
                in.has("mt_priority") ? (int) in.number("mt_priority", -most, most) : 0,
                name(in, "pool"),
                name(in, "user"),
                metadata);
    }

    private static DeliverBy deliverBy(Fields in) throws Fields.Wrong {
        in.allow(List.of("deadline", "if_late", "trace"));
        return new DeliverBy(
                in.instant("deadline"),
                MODES.get(in.choice("if_late", MODE_WORDS)),
                in.flag("trace"));
    }

    private static Optional<Instant> instant(Fields in, String field) throws Fields.Wrong {
        return in.has(field) ? Optional.of(in.instant(field)) : Optional.empty();
    }

    private static String name(Fields in, String field) throws Fields.Wrong {
        if (!in.has(field)) {
            return "";
        }
        String name = in.label(field);
        in.require(
                name.length() <= Treatment.NAME_CHARACTERS_MAX,
                field,
                "must be at most 255 characters");
        return name;
    }
}
