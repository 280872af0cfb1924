package io.whimbrel.log;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.mail.Treatment;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Turns envelopes into bytes and back, within a record or alone. The layout is in
/// `docs/spool-format.md`. Decoding takes any bytes: what is no envelope comes back as empty or
/// [Payload.Malformed], and memory stays in proportion to the input. Stateless.
public final class EnvelopeCodec {
    /// A constant is written as its place in these lists, which only ever grow.
    public static final List<PriorityClass> PRIORITIES =
            List.of(PriorityClass.TRANSACTIONAL, PriorityClass.NORMAL, PriorityClass.BULK);

    private static final List<BodyType> BODY_TYPES =
            List.of(BodyType.SEVEN_BIT, BodyType.EIGHT_BIT_MIME);
    private static final List<DsnReturn> DSN_RETURNS =
            List.of(DsnReturn.UNSPECIFIED, DsnReturn.FULL, DsnReturn.HEADERS);
    private static final List<DsnPolicy> POLICIES =
            List.of(DsnPolicy.NEVER, DsnPolicy.FAILURE, DsnPolicy.FULL);
    private static final List<DeliverBy.Mode> MODES =
            List.of(DeliverBy.Mode.RETURN, DeliverBy.Mode.NOTIFY);

    private static final int IS_UTF8 = 1;
    private static final int HAS_TREATMENT = 2;
    private static final int REQUIRES_TLS = 4;
    private static final int TLS_IS_OPTIONAL = 8;

    private static final int HAS_ORIGINAL = 16;
    private static final int HAS_OWN_DOMAIN = 32;

    private static final int HAS_NOT_BEFORE = 1;
    private static final int HAS_EXPIRES_AT = 2;
    private static final int HAS_DELIVER_BY = 4;
    private static final int HAS_MT_PRIORITY = 8;
    private static final int HAS_POOL = 16;
    private static final int HAS_USER = 32;
    private static final int HAS_METADATA = 64;
    private static final int TREATMENT_BITS = 127;

    private EnvelopeCodec() {}

    /// An envelope alone, for parts.
    public static byte[] encode(Envelope envelope) {
        var out = new Payload.Writer(64 + envelope.recipients().size() * 32);
        write(out, envelope);
        return out.toBytes();
    }

    public static Optional<Envelope> decode(ByteBuffer bytes) {
        var in = new Payload.Reader(bytes);
        try {
            Envelope envelope = read(in);
            return in.isAtEnd() ? Optional.of(envelope) : Optional.empty();
        } catch (Payload.Malformed
                | IllegalArgumentException
                | DateTimeException
                | ArithmeticException _) {
            return Optional.empty();
        }
    }

    /// Within a record.
    public static void write(Payload.Writer out, Envelope envelope) {
        MailParameters parameters = envelope.parameters();
        Treatment treatment = envelope.treatment();
        boolean isTreated = !treatment.isNone();
        out.text(envelope.reversePath().address());
        out.constant(parameters.bodyType(), BODY_TYPES);
        out.octet(
                (parameters.smtpUtf8() ? IS_UTF8 : 0)
                        | (isTreated ? HAS_TREATMENT : 0)
                        | tlsBit(parameters.tls()));
        out.constant(parameters.dsnReturn(), DSN_RETURNS).text(parameters.envelopeId());
        stream(out, envelope.stream());
        out.instant(envelope.receivedAt()).constant(envelope.dsnPolicy(), POLICIES);
        if (isTreated) {
            treatment(out, treatment);
        }
        out.number(envelope.recipients().size());
        for (Recipient recipient : envelope.recipients()) {
            recipient(out, recipient);
        }
    }

    /// Within a record. Throws what [#decode] makes empty of.
    public static Envelope read(Payload.Reader in) throws Payload.Malformed {
        var reversePath = new ReversePath(in.text());
        BodyType bodyType = in.constant(BODY_TYPES);
        int bits = bits(in, IS_UTF8 | HAS_TREATMENT | REQUIRES_TLS | TLS_IS_OPTIONAL);
        var parameters =
                new MailParameters(
                        bodyType,
                        (bits & IS_UTF8) != 0,
                        in.constant(DSN_RETURNS),
                        in.text(),
                        tls(bits));
        MailStream stream = stream(in);
        Instant receivedAt = in.instant();
        DsnPolicy policy = in.constant(POLICIES);
        Treatment treatment = (bits & HAS_TREATMENT) != 0 ? treatment(in) : Treatment.NONE;
        int count = in.count(2);
        var recipients = new ArrayList<Recipient>(count);
        for (int i = 0; i < count; i++) {
            recipients.add(recipient(in));
        }
        MailParameters shared =
                parameters.equals(MailParameters.NONE) ? MailParameters.NONE : parameters;
        return new Envelope(reversePath, recipients, shared, stream, receivedAt, policy, treatment);
    }

    private static int tlsBit(TlsRequirement tls) {
        return switch (tls) {
            case UNSPECIFIED -> 0;
            case REQUIRED -> REQUIRES_TLS;
            case OPTIONAL -> TLS_IS_OPTIONAL;
        };
    }

    private static TlsRequirement tls(int bits) throws Payload.Malformed {
        return switch (bits & (REQUIRES_TLS | TLS_IS_OPTIONAL)) {
            case 0 -> TlsRequirement.UNSPECIFIED;
            case REQUIRES_TLS -> TlsRequirement.REQUIRED;
            case TLS_IS_OPTIONAL -> TlsRequirement.OPTIONAL;
            default -> throw new Payload.Malformed();
        };
    }

    /// Tenant, campaign and class.
    public static Payload.Writer stream(Payload.Writer out, MailStream stream) {
        return out.text(stream.tenant())
                .text(stream.campaign())
                .constant(stream.priority(), PRIORITIES);
    }

    public static MailStream stream(Payload.Reader in) throws Payload.Malformed {
        return new MailStream(in.text(), in.text(), in.constant(PRIORITIES));
    }

    private static void treatment(Payload.Writer out, Treatment treatment) {
        boolean hasMetadata = !treatment.metadata().isEmpty();
        out.octet(
                (treatment.notBefore().isPresent() ? HAS_NOT_BEFORE : 0)
                        | (treatment.expiresAt().isPresent() ? HAS_EXPIRES_AT : 0)
                        | (treatment.deliverBy().isPresent() ? HAS_DELIVER_BY : 0)
                        | (treatment.mtPriority() != 0 ? HAS_MT_PRIORITY : 0)
                        | (treatment.pool().isEmpty() ? 0 : HAS_POOL)
                        | (treatment.user().isEmpty() ? 0 : HAS_USER)
                        | (hasMetadata ? HAS_METADATA : 0));
        treatment.notBefore().ifPresent(out::instant);
        treatment.expiresAt().ifPresent(out::instant);
        treatment
                .deliverBy()
                .ifPresent(by ->
                        out.instant(by.deadline()).constant(by.mode(), MODES).flag(by.isTraced()));
        if (treatment.mtPriority() != 0) {
            out.octet(treatment.mtPriority() + Treatment.MT_PRIORITY_MOST);
        }
        if (!treatment.pool().isEmpty()) {
            out.text(treatment.pool());
        }
        if (!treatment.user().isEmpty()) {
            out.text(treatment.user());
        }
        if (hasMetadata) {
            out.number(treatment.metadata().size());
            treatment.metadata().forEach((name, value) -> out.text(name).text(value));
        }
    }

    private static Treatment treatment(Payload.Reader in) throws Payload.Malformed {
        int bits = bits(in, TREATMENT_BITS);
        return new Treatment(
                (bits & HAS_NOT_BEFORE) != 0 ? Optional.of(in.instant()) : Optional.empty(),
                (bits & HAS_EXPIRES_AT) != 0 ? Optional.of(in.instant()) : Optional.empty(),
                (bits & HAS_DELIVER_BY) != 0 ? Optional.of(deliverBy(in)) : Optional.empty(),
                (bits & HAS_MT_PRIORITY) != 0 ? in.octet() - Treatment.MT_PRIORITY_MOST : 0,
                (bits & HAS_POOL) != 0 ? in.text() : "",
                (bits & HAS_USER) != 0 ? in.text() : "",
                (bits & HAS_METADATA) != 0 ? metadata(in) : Map.of());
    }

    private static DeliverBy deliverBy(Payload.Reader in) throws Payload.Malformed {
        return new DeliverBy(in.instant(), in.constant(MODES), in.flag());
    }

    private static Map<String, String> metadata(Payload.Reader in) throws Payload.Malformed {
        int count = in.integer(Treatment.ENTRIES_MAX);
        Map<String, String> metadata = LinkedHashMap.newLinkedHashMap(count);
        for (int i = 0; i < count; i++) {
            metadata.put(in.text(), in.text());
        }
        return metadata;
    }

    private static int bits(Payload.Reader in, int known) throws Payload.Malformed {
        int bits = in.octet();
        if ((bits & ~known) != 0) {
            // Of a later version: this node cannot know what it loses.
            throw new Payload.Malformed();
        }
        return bits;
    }

    private static void recipient(Payload.Writer out, Recipient recipient) {
        Notify notice = recipient.notice();
        String address = recipient.path().address();
        String domain = recipient.path().domain().value();
        boolean hasOwnDomain = !domainOf(address).equals(domain);
        boolean hasOriginal = !recipient.originalRecipient().isEmpty();
        out.octet(
                (notice.isGiven() ? 1 : 0)
                        | (notice.success() ? 2 : 0)
                        | (notice.failure() ? 4 : 0)
                        | (notice.delay() ? 8 : 0)
                        | (hasOriginal ? HAS_ORIGINAL : 0)
                        | (hasOwnDomain ? HAS_OWN_DOMAIN : 0));
        out.text(address);
        if (hasOwnDomain) {
            out.text(domain);
        }
        if (hasOriginal) {
            out.text(recipient.originalRecipient());
        }
    }

    private static Recipient recipient(Payload.Reader in) throws Payload.Malformed {
        int bits = in.octet();
        String address = in.text();
        String domain = (bits & HAS_OWN_DOMAIN) != 0 ? in.text() : domainOf(address);
        String original = (bits & HAS_ORIGINAL) != 0 ? in.text() : "";
        var notice = new Notify((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0);
        // Nearly all are alike, and there may be millions.
        Notify shared = notice.equals(Notify.DEFAULT) ? Notify.DEFAULT : notice;
        return new Recipient(new ForwardPath(address, new DomainName(domain)), shared, original);
    }

    private static String domainOf(String address) {
        return address.substring(address.lastIndexOf('@') + 1);
    }
}
