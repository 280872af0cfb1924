package io.whimbrel.salvage;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.RecoveredMessage.Waiting;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The envelope of a queued message as JSON, format 1; the fields are listed in
/// `docs/spool-format.md`. Stateless.
///
/// Reading takes any bytes and is strict: a field that is unknown, missing or out of bounds is told
/// by name, and no address gets through that could end an SMTP command early.
final class EnvelopeJson {
    static final int FORMAT = 1;

    /// No file of ours comes near it: 100,000 recipients with parameters take a third.
    static final int BYTES_MAX = 128 << 20;

    static final int RECIPIENTS_MAX = 100_000;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(8)
                                                    .maxStringLength(4_096)
                                                    .maxNumberLength(32)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .build();

    private static final List<String> FIELDS =
            List.of(
                    "format",
                    "id",
                    "size",
                    "sender",
                    "body",
                    "smtputf8",
                    "ret",
                    "envid",
                    "tls",
                    "tenant",
                    "campaign",
                    "class",
                    "received",
                    "dsn",
                    "treatment",
                    "recipients");

    private static final Words<BodyType> BODIES =
            new Words<>(
                    List.of(BodyType.SEVEN_BIT, BodyType.EIGHT_BIT_MIME),
                    List.of("7BIT", "8BITMIME"));

    private static final Words<TlsRequirement> TLS =
            new Words<>(
                    List.of(TlsRequirement.REQUIRED, TlsRequirement.OPTIONAL),
                    List.of("required", "optional"));
    private static final Words<DsnReturn> RETURNS =
            new Words<>(
                    List.of(DsnReturn.UNSPECIFIED, DsnReturn.FULL, DsnReturn.HEADERS),
                    List.of("", "FULL", "HDRS"));

    private static final Words<PriorityClass> CLASSES =
            new Words<>(
                    List.of(PriorityClass.TRANSACTIONAL, PriorityClass.NORMAL, PriorityClass.BULK),
                    List.of("transactional", "normal", "bulk"));

    private static final Words<DsnPolicy> POLICIES =
            new Words<>(
                    List.of(DsnPolicy.NEVER, DsnPolicy.FAILURE, DsnPolicy.FULL),
                    List.of("never", "failure", "full"));

    /// Constants, and how each is written, at the same place.
    private record Words<T>(List<T> constants, List<String> texts) {
        String of(T constant) {
            return texts.get(constants.indexOf(constant));
        }

        T read(Fields in, String field) throws Fields.Wrong {
            return constants.get(in.choice(field, texts));
        }
    }

    /// What bytes say.
    sealed interface Parsed {
        record Mail(ExportedMail mail) implements Parsed {}

        /// @param reason for people: which field, what is wrong, what is allowed
        record Wrong(String reason) implements Parsed {}
    }

    /// Where one recipient stands.
    private record Standing(int attempts, Instant dueAt, boolean isDelayNotified) {}

    private EnvelopeJson() {}

    static byte[] write(ExportedMail mail) {
        Envelope envelope = mail.envelope();
        MailParameters parameters = envelope.parameters();
        ObjectNode json = MAPPER.createObjectNode().put("format", FORMAT);
        mail.id().ifPresent(id -> json.put("id", id.toString()));
        mail.size().ifPresent(size -> json.put("size", size));
        json.put("sender", envelope.reversePath().address());
        json.put("body", BODIES.of(parameters.bodyType()));
        json.put("smtputf8", parameters.smtpUtf8());
        json.put("ret", RETURNS.of(parameters.dsnReturn()));
        json.put("envid", parameters.envelopeId());
        if (parameters.tls() != TlsRequirement.UNSPECIFIED) {
            json.put("tls", TLS.of(parameters.tls()));
        }
        json.put("tenant", envelope.stream().tenant());
        json.put("campaign", envelope.stream().campaign());
        json.put("class", CLASSES.of(envelope.stream().priority()));
        json.put("received", envelope.receivedAt().toString());
        json.put("dsn", POLICIES.of(envelope.dsnPolicy()));
        if (!envelope.treatment().isNone()) {
            TreatmentJson.write(envelope.treatment(), json.putObject("treatment"));
        }
        writeRecipients(mail, json.putArray("recipients"));
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    }

    private static void writeRecipients(ExportedMail mail, ArrayNode array) {
        List<Recipient> recipients = mail.envelope().recipients();
        var standings = new Waiting[recipients.size()];
        for (Waiting group : mail.waiting()) {
            for (int i = 0; i < group.recipients().size(); i++) {
                standings[group.recipients().get(i)] = group;
            }
        }
        for (int i = 0; i < standings.length; i++) {
            Recipient recipient = recipients.get(i);
            ObjectNode json = array.addObject().put("address", recipient.path().address());
            DomainName domain = recipient.path().domain();
            if (!Addresses.domainOf(recipient.path().address()).equals(Optional.of(domain))) {
                json.put("domain", domain.value());
            }
            json.put("notify", recipient.notice().parameter());
            json.put("orcpt", recipient.originalRecipient());
            json.put("attempts", standings[i].attempts());
            json.put("due", standings[i].dueAt().toString());
            json.put("delay_notified", standings[i].isDelayNotified());
        }
    }

    static Parsed parse(byte[] bytes) {
        try {
            JsonNode tree = MAPPER.readTree(bytes);
            return tree instanceof ObjectNode object
                    ? new Parsed.Mail(mail(new Fields(object, "")))
                    : new Parsed.Wrong("this is no JSON object");
        } catch (JacksonException e) {
            return new Parsed.Wrong("not JSON as it should be: " + firstLine(e));
        } catch (Fields.Wrong e) {
            return new Parsed.Wrong(String.valueOf(e.getMessage()));
        }
    }

    private static String firstLine(JacksonException e) {
        return String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
    }

    private static ExportedMail mail(Fields in) throws Fields.Wrong {
        // First: of a later format everything else may be different.
        in.number("format", FORMAT, FORMAT);
        in.allow(FIELDS);
        Optional<QueueId> id = in.has("id") ? Optional.of(in.id("id")) : Optional.empty();
        Optional<Long> size =
                in.has("size") ? Optional.of(in.number("size", 0, 1L << 40)) : Optional.empty();
        boolean smtpUtf8 = in.flag("smtputf8");
        var parameters =
                new MailParameters(
                        BODIES.read(in, "body"),
                        smtpUtf8,
                        RETURNS.read(in, "ret"),
                        in.parameter("envid", 100),
                        in.has("tls") ? TLS.read(in, "tls") : TlsRequirement.UNSPECIFIED);
        var stream =
                new MailStream(in.label("tenant"), in.label("campaign"), CLASSES.read(in, "class"));
        String sender = in.text("sender");
        in.require(Addresses.isReversePath(sender), "sender", "is no address that MAIL would take");
        var standings = new ArrayList<Standing>();
        List<Recipient> recipients = recipients(in, standings);
        var envelope =
                new Envelope(
                        new ReversePath(sender),
                        recipients,
                        parameters,
                        stream,
                        in.instant("received"),
                        POLICIES.read(in, "dsn"),
                        in.has("treatment")
                                ? TreatmentJson.read(in.fields("treatment"))
                                : Treatment.NONE);
        return new ExportedMail(id, size, envelope, grouped(standings));
    }

    private static List<Recipient> recipients(Fields in, List<Standing> standings)
            throws Fields.Wrong {
        List<Fields> list = in.objects("recipients", RECIPIENTS_MAX);
        var recipients = new ArrayList<Recipient>(list.size());
        for (Fields one : list) {
            one.allow(
                    List.of(
                            "address",
                            "domain",
                            "notify",
                            "orcpt",
                            "attempts",
                            "due",
                            "delay_notified"));
            recipients.add(one.recipient());
            standings.add(
                    new Standing(
                            (int) one.number("attempts", 0, 1_000_000),
                            one.instant("due"),
                            one.flag("delay_notified")));
        }
        return recipients;
    }

    private static List<Waiting> grouped(List<Standing> standings) {
        Map<Standing, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < standings.size(); i++) {
            groups.computeIfAbsent(standings.get(i), _ -> new ArrayList<>()).add(i);
        }
        var waiting = new ArrayList<Waiting>(groups.size());
        groups.forEach((standing, numbers) ->
                waiting.add(
                        new Waiting(
                                RecipientNumbers.of(
                                        numbers.stream().mapToInt(Integer::intValue).toArray()),
                                standing.attempts,
                                standing.dueAt,
                                standing.isDelayNotified)));
        return waiting;
    }
}
