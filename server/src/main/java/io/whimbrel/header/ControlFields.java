package io.whimbrel.header;

import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Treatment;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.smtp.Xtext;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads the header fields by which trusted senders direct a message. Confined to one thread.
///
/// `X-Whimbrel-Tenant`, `-Campaign`, `-Pool`, `-Not-Before`, `-Expire`, `-Priority`, `-Meta`, and
/// as users of PowerMTA write them `X-Job` (campaign), `X-Virtual-MTA` (pool) and `X-Envid`. The
/// first field of a name counts; of `-Meta` all do. Every such field is removed from the message.
final class ControlFields {
    static final String TENANT = "x-whimbrel-tenant";

    private static final String OURS = "x-whimbrel-";
    private static final Set<String> POWERMTA = Set.of("x-job", "x-virtual-mta", "x-envid");

    private static final int NAME_MAX = 64;
    private static final int CAMPAIGN_MAX = 128;

    private final Instant now;
    private final Set<String> pools;
    private final Map<String, String> first = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private Optional<SmtpReply> refusal = Optional.empty();

    /// @param pools that there are, sources among them
    ControlFields(Instant now, Set<String> pools) {
        this.now = now;
        this.pools = pools;
    }

    /// Whether a field of this name is one of these.
    static boolean isControl(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.startsWith(OURS) || POWERMTA.contains(lower);
    }

    /// Takes one of these fields.
    void add(String name, String value) {
        String lower = name.toLowerCase(Locale.ROOT);
        switch (lower) {
            case "x-whimbrel-meta" -> addMetadata(value);
            case TENANT,
                    "x-whimbrel-campaign",
                    "x-whimbrel-pool",
                    "x-whimbrel-not-before",
                    "x-whimbrel-expire",
                    "x-whimbrel-priority",
                    "x-job",
                    "x-virtual-mta",
                    "x-envid" ->
                    first.putIfAbsent(lower, value);
            default -> refuse(name, "is not known");
        }
    }

    /// What they ask for. Look at [#refusal] afterwards.
    MessageControls read() {
        return new MessageControls(
                name(TENANT),
                campaign(),
                pool("x-whimbrel-pool").or(() -> pool("x-virtual-mta")),
                envelopeId(),
                priority(),
                time("x-whimbrel-not-before"),
                time("x-whimbrel-expire"),
                metadata);
    }

    /// Why the message is not taken: a field that says what cannot be done, for a typing error
    /// would send a campaign at once, or from the wrong address.
    Optional<SmtpReply> refusal() {
        return refusal;
    }

    private Optional<String> given(String field) {
        return Optional.ofNullable(first.get(field)).filter(value -> !value.isEmpty());
    }

    private Optional<String> name(String field) {
        Optional<String> value = given(field);
        if (value.isPresent()
                && (value.get().length() > NAME_MAX || !value.get().matches("[A-Za-z0-9._-]+"))) {
            refuse(field, "needs a name of letters, digits, \".\", \"_\" and \"-\"");
        }
        return value;
    }

    private Optional<String> pool(String field) {
        Optional<String> value = name(field);
        if (value.filter(name -> !pools.contains(name)).isPresent()) {
            refuse(field, "names \"" + value.get() + "\": there is no such pool or source");
        }
        return value;
    }

    private Optional<String> campaign() {
        Optional<String> value = given("x-whimbrel-campaign").or(() -> given("x-job"));
        if (value.isPresent() && value.get().length() > CAMPAIGN_MAX) {
            refuse("campaign", "is longer than " + CAMPAIGN_MAX + " characters");
        }
        return value;
    }

    private Optional<String> envelopeId() {
        Optional<String> encoded = given("x-envid").map(Xtext::encode);
        if (encoded.isPresent() && !Xtext.isEnvelopeId(encoded.get())) {
            refuse("x-envid", "is longer than " + Xtext.ENVELOPE_ID_MAX + " characters");
        }
        return encoded;
    }

    private Optional<PriorityClass> priority() {
        Optional<String> value = given("x-whimbrel-priority");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        for (PriorityClass constant : PriorityClass.values()) {
            if (constant.name().equalsIgnoreCase(value.get())) {
                return Optional.of(constant);
            }
        }
        refuse("x-whimbrel-priority", "is transactional, normal or bulk");
        return Optional.empty();
    }

    private Optional<Instant> time(String field) {
        Optional<String> value = given(field);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        Optional<Instant> time = TimeText.parse(value.get(), now);
        if (time.isEmpty()) {
            refuse(field, "needs a time such as 2026-11-27T18:00:00Z, or a duration such as 90m");
        }
        return time;
    }

    /// `key=value`, several parted by semicolons.
    private void addMetadata(String text) {
        for (String entry : text.split(";")) {
            int equals = entry.indexOf('=');
            String key = equals < 0 ? "" : entry.substring(0, equals).strip();
            if (entry.isBlank()) {
                continue;
            }
            if (key.isEmpty() || key.length() > NAME_MAX || !key.matches("[A-Za-z0-9._-]+")) {
                refuse("x-whimbrel-meta", "is key=value; key=value");
                return;
            }
            String value = entry.substring(equals + 1).strip();
            metadata.put(key, value);
        }
        if (!Treatment.fits(metadata)) {
            refuse(
                    "x-whimbrel-meta",
                    "has more than "
                            + Treatment.ENTRIES_MAX
                            + " entries, or than "
                            + Treatment.METADATA_BYTES_MAX
                            + " octets in all");
        }
    }

    private void refuse(String field, String problem) {
        if (refusal.isEmpty()) {
            String shown = field.length() > NAME_MAX ? field.substring(0, NAME_MAX) : field;
            String text = "Header field " + shown + " " + problem;
            refusal = Optional.of(SmtpReply.of(554, 5, 6, 0, text));
        }
    }
}
