package io.whimbrel.admin;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Reads the fields of one request. Immutable.
///
/// @param fields as they came
/// @param now when it came; ages count from here
record AdminRequest(ObjectNode fields, Instant now) {
    private static final int REASON_LENGTH_MAX = 200;
    private static final int NAME_LENGTH_MAX = 200;
    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9._-]{0,64}");
    private static final Duration SUSPENSION_MOST = Duration.ofDays(365);
    private static final Duration AGE_MOST = Duration.ofDays(3650);
    private static final Set<String> FIELDS =
            Set.of(
                    "verb",
                    "id",
                    "domain",
                    "tenant",
                    "campaign",
                    "older_than_s",
                    "all",
                    "reason",
                    "dry_run",
                    "limit",
                    "to_tenant",
                    "to_campaign",
                    "to_class",
                    "job",
                    "wait",
                    "seconds");

    /// Of the verbs about the door. Apart, for on others they would be conditions that nobody looks
    /// at.
    private static final Set<String> DOOR_FIELDS =
            Set.of("verb", "tenant", "user", "address", "all");

    String verb() {
        return Json.text(fields, "verb");
    }

    /// A misspelt condition beside another would widen what the verb touches.
    void requireKnownFields() throws RequestException {
        Set<String> known = fieldsOf(verb());
        for (String field : fields.propertyNames()) {
            if (!known.contains(field)) {
                throw new RequestException("unknown field \"" + field + "\"");
            }
        }
    }

    private static Set<String> fieldsOf(String verb) {
        if (ShapingDesk.VERBS.contains(verb)) {
            return ShapingDesk.FIELDS;
        }
        if (EgressDesk.VERBS.contains(verb)) {
            return EgressDesk.FIELDS;
        }
        return DoorDesk.VERBS.contains(verb) ? DOOR_FIELDS : FIELDS;
    }

    /// Conditions `id`, `domain`, `tenant`, `campaign`, `older_than_s`; none at all means
    /// everything that is queued.
    QueueScope scope() throws RequestException {
        var scope =
                new QueueScope(id(), domain(), optionalText("tenant"), optionalText("campaign"));
        Optional<QueueId> upTo = upTo();
        if (upTo.isEmpty()) {
            return scope;
        }
        if (scope.id().isEmpty()) {
            return scope.noLaterThan(upTo.get());
        }
        if (scope.id().get().compareTo(upTo.get()) > 0) {
            throw new RequestException(scope.id().get() + " is younger than that");
        }
        return scope;
    }

    private Optional<QueueId> upTo() throws RequestException {
        JsonNode seconds = fields.path("older_than_s");
        if (seconds.isMissingNode()) {
            return Optional.empty();
        }
        if (!seconds.canConvertToLong()
                || seconds.longValue() < 0
                || seconds.longValue() > AGE_MOST.toSeconds()) {
            throw new RequestException(
                    "field \"older_than_s\" is a number from 0 to " + AGE_MOST.toSeconds());
        }
        return Optional.of(QueueId.at(now.minusSeconds(seconds.longValue())));
    }

    /// As [#scope], but everything must be asked for by `"all": true`, so that a forgotten
    /// condition never touches the whole queue.
    QueueScope explicitScope() throws RequestException {
        QueueScope scope = scope();
        boolean isAll = flag("all");
        if (scope.isAll() && !isAll) {
            throw new RequestException(
                    "no condition: give id, domain, tenant, campaign or older_than_s, or"
                            + " \"all\": true");
        }
        if (!scope.isAll() && isAll) {
            throw new RequestException("\"all\" and a condition contradict each other");
        }
        return scope;
    }

    /// Field `tenant`, a name.
    Optional<String> tenant() throws RequestException {
        return optionalText("tenant");
    }

    /// Field `user`, as it logs in.
    Optional<String> user() throws RequestException {
        return optionalText("user");
    }

    /// Field `address`: an address, or a network as bans are listed, whose first address it is
    /// then.
    Optional<InetAddress> address() throws RequestException {
        Optional<String> text = optionalText("address");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Network> network = Network.parse(text.get());
        if (network.isEmpty()) {
            throw new RequestException("not an address: " + text.get());
        }
        return network.map(Network::base);
    }

    /// Whether everything is meant, which must be said.
    boolean isAll() throws RequestException {
        return flag("all");
    }

    QueueId requiredId() throws RequestException {
        return id().orElseThrow(() -> new RequestException("field \"id\" is missing"));
    }

    String reason() throws RequestException {
        String reason = optionalText("reason").orElse("");
        if (reason.length() > REASON_LENGTH_MAX || hasControls(reason)) {
            throw new RequestException(
                    "a reason is one line of at most " + REASON_LENGTH_MAX + " characters");
        }
        return reason;
    }

    /// Fields `to_tenant`, `to_campaign`, `to_class`, at least one of them.
    QueueJob.Work.Move move() throws RequestException {
        Optional<PriorityClass> priority = Optional.empty();
        Optional<String> word = optionalText("to_class");
        for (PriorityClass one : PriorityClass.values()) {
            if (word.filter(one.name().toLowerCase(Locale.ROOT)::equals).isPresent()) {
                priority = Optional.of(one);
            }
        }
        if (word.isPresent() && priority.isEmpty()) {
            throw new RequestException("field \"to_class\" is transactional, normal or bulk");
        }
        var move = new QueueJob.Work.Move(toTenant(), name("to_campaign"), priority);
        if (move.tenant().isEmpty() && move.campaign().isEmpty() && priority.isEmpty()) {
            throw new RequestException("whereto? Give to_tenant, to_campaign or to_class");
        }
        return move;
    }

    /// As the configuration names tenants; `""` for mail without one.
    private Optional<String> toTenant() throws RequestException {
        Optional<String> tenant = optionalText("to_tenant");
        if (tenant.filter(text -> !TENANT.matcher(text).matches()).isPresent()) {
            throw new RequestException(
                    "field \"to_tenant\" is a tenant: 1 to 64 letters, digits, \".\", \"_\" and"
                            + " \"-\", or \"\" for none");
        }
        return tenant;
    }

    /// One line; empty where the field is absent.
    Optional<String> name(String field) throws RequestException {
        Optional<String> name = optionalText(field);
        if (name.filter(text -> text.length() > NAME_LENGTH_MAX || hasControls(text)).isPresent()) {
            throw new RequestException(
                    "field \""
                            + field
                            + "\" is one line of at most "
                            + NAME_LENGTH_MAX
                            + " characters");
        }
        return name;
    }

    private static boolean hasControls(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }

    QueueId job() throws RequestException {
        String text = optionalText("job").orElse("");
        return QueueId.parse(text)
                .orElseThrow(() ->
                        new RequestException("field \"job\" is the id of a job, of 13 characters"));
    }

    boolean isAwaited() throws RequestException {
        return flag("wait");
    }

    boolean isDryRun() throws RequestException {
        return flag("dry_run");
    }

    /// False where the field is absent.
    private boolean flag(String field) throws RequestException {
        JsonNode value = fields.path(field);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw new RequestException("field \"" + field + "\" is true or false");
        }
        return value.booleanValue(false);
    }

    /// Field `limit`, from 1 to `most`.
    int limit(int defaultLimit, int most) throws RequestException {
        JsonNode limit = fields.path("limit");
        if (limit.isMissingNode()) {
            return defaultLimit;
        }
        if (!limit.canConvertToInt() || limit.intValue() < 1 || limit.intValue() > most) {
            throw new RequestException("field \"limit\" is a number from 1 to " + most);
        }
        return limit.intValue();
    }

    /// Field `seconds`, 1 s to 365 days.
    Duration duration() throws RequestException {
        JsonNode seconds = fields.path("seconds");
        if (!seconds.canConvertToLong()
                || seconds.longValue() < 1
                || seconds.longValue() > SUSPENSION_MOST.toSeconds()) {
            throw new RequestException(
                    "field \"seconds\" is a number from 1 to " + SUSPENSION_MOST.toSeconds());
        }
        return Duration.ofSeconds(seconds.longValue());
    }

    Optional<QueueId> optionalId() throws RequestException {
        return id();
    }

    Optional<DomainName> optionalDomain() throws RequestException {
        return domain();
    }

    DomainName requiredDomain() throws RequestException {
        return domain().orElseThrow(() -> new RequestException("field \"domain\" is missing"));
    }

    boolean isToday() throws RequestException {
        return flag("today");
    }

    /// Field `day`.
    Optional<LocalDate> day() throws RequestException {
        Optional<String> text = optionalText("day");
        try {
            return text.map(LocalDate::parse);
        } catch (DateTimeException _) {
            throw new RequestException("not a day such as 2026-11-27: " + text.orElse(""));
        }
    }

    private Optional<QueueId> id() throws RequestException {
        Optional<String> text = optionalText("id");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<QueueId> id = QueueId.parse(text.get());
        if (id.isEmpty()) {
            throw new RequestException("not a queue id, which has 13 characters: " + text.get());
        }
        return id;
    }

    private Optional<DomainName> domain() throws RequestException {
        Optional<String> text = optionalText("domain");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<DomainName> domain = DomainName.parse(text.get());
        if (domain.isEmpty()) {
            throw new RequestException("not a domain: " + text.get());
        }
        return domain;
    }

    /// Empty where the field is absent. `""` is a value: mail without a tenant can be meant.
    private Optional<String> optionalText(String field) throws RequestException {
        JsonNode value = fields.path(field);
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        return Optional.of(
                value.stringValueOpt()
                        .orElseThrow(
                                () -> new RequestException("field \"" + field + "\" is no text")));
    }
}
