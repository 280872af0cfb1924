package io.whimbrel.pickup;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Notify;
import io.whimbrel.smtp.Xtext;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The envelope that stands in a file in front of the message, a field each: `x-sender` and
/// `x-receiver` as Microsoft's and PowerMTA's pickup folders have them, and ours for the rest.
/// Immutable.
///
/// ```
/// x-sender: ann@shop.example        <> for none
/// x-receiver: bob@example.org       once for each
/// x-envid: order+2B17               ENVID of RFC 3461, xtext
/// x-dsn-ret: HDRS                   or FULL
/// x-dsn-notify: FAILURE,DELAY       for every receiver; or NEVER, SUCCESS
/// x-body: 8BITMIME                  or 7BIT
/// x-end-of-envelope: yes            may be missing
/// Subject: and so on
/// ```
///
/// They count only at the top, up to the first field whose name does not begin with `x-`. Other
/// `x-` fields may stand between them and stay in the message.
///
/// @param sender without brackets, `""` is the null reverse-path; empty where none is given
/// @param receivers may be none
/// @param parameters SMTPUTF8 is found out later
/// @param notice of all receivers
public record EnvelopeFields(
        Optional<String> sender, List<String> receivers, MailParameters parameters, Notify notice) {
    /// Of one message. More are bad: two files cost less than a file of that size in memory.
    public static final int RECEIVERS_MAX = AddressList.MAILBOXES_MAX;

    public static final EnvelopeFields NONE =
            new EnvelopeFields(Optional.empty(), List.of(), MailParameters.NONE, Notify.DEFAULT);

    private static final String END = "x-end-of-envelope";

    public EnvelopeFields {
        receivers = List.copyOf(receivers);
    }

    /// The envelope, and what is left of the header.
    ///
    /// @param rest the fields that are the message's own
    record Split(EnvelopeFields envelope, List<HeaderField> rest) {}

    /// @throws BadMessageException where a field cannot be understood
    static Split split(List<HeaderField> header) throws BadMessageException {
        var reader = new Reader();
        var rest = new ArrayList<HeaderField>();
        int at = 0;
        boolean isOver = false;
        while (!isOver && at < header.size() && header.get(at).name().startsWith("x-")) {
            HeaderField field = header.get(at++);
            isOver = field.name().equals(END);
            if (!isOver && !reader.take(field)) {
                rest.add(field);
            }
        }
        rest.addAll(header.subList(at, header.size()));
        return new Split(reader.envelope(), rest);
    }

    /// The fields as [#split] reads them, with the one that ends them.
    List<HeaderField> write() {
        var fields = new ArrayList<HeaderField>();
        sender.ifPresent(it -> fields.add(HeaderField.of("x-sender", "<" + it + ">")));
        receivers.forEach(it -> fields.add(HeaderField.of("x-receiver", "<" + it + ">")));
        if (!parameters.envelopeId().isEmpty()) {
            fields.add(HeaderField.of("x-envid", parameters.envelopeId()));
        }
        if (parameters.dsnReturn() != DsnReturn.UNSPECIFIED) {
            boolean isFull = parameters.dsnReturn() == DsnReturn.FULL;
            fields.add(HeaderField.of("x-dsn-ret", isFull ? "FULL" : "HDRS"));
        }
        if (notice.isGiven()) {
            fields.add(HeaderField.of("x-dsn-notify", notice.parameter()));
        }
        if (parameters.bodyType() == BodyType.EIGHT_BIT_MIME) {
            fields.add(HeaderField.of("x-body", "8BITMIME"));
        }
        fields.add(HeaderField.of(END, "yes"));
        return fields;
    }

    EnvelopeFields with(String reversePath, List<String> to) {
        return new EnvelopeFields(Optional.of(reversePath), to, parameters, notice);
    }

    /// The value of NOTIFY (RFC 3461 §4.1), in any case. Empty where it is none.
    public static Optional<Notify> notice(String list) {
        boolean success = false;
        boolean failure = false;
        boolean delay = false;
        String upper = list.toUpperCase(Locale.ROOT);
        if (upper.equals("NEVER")) {
            return Optional.of(Notify.NEVER);
        }
        for (String word : upper.split(",", 4)) {
            switch (word.strip()) {
                case "SUCCESS" -> success = true;
                case "FAILURE" -> failure = true;
                case "DELAY" -> delay = true;
                default -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(new Notify(true, success, failure, delay));
    }

    /// The value of RET (RFC 3461 §4.3), in any case. Empty where it is none.
    public static Optional<DsnReturn> dsnReturn(String text) {
        return switch (text.toUpperCase(Locale.ROOT)) {
            case "HDRS" -> Optional.of(DsnReturn.HEADERS);
            case "FULL" -> Optional.of(DsnReturn.FULL);
            default -> Optional.empty();
        };
    }

    /// The value of BODY (RFC 6152 §3), in any case. Empty where it is none that we take.
    public static Optional<BodyType> bodyType(String text) {
        return switch (text.toUpperCase(Locale.ROOT)) {
            case "7BIT" -> Optional.of(BodyType.SEVEN_BIT);
            case "8BITMIME" -> Optional.of(BodyType.EIGHT_BIT_MIME);
            default -> Optional.empty();
        };
    }

    /// Any text as xtext (RFC 3461 §4), as far as it is printable US-ASCII; empty where it is not,
    /// or longer than an ENVID may be.
    public static Optional<String> envelopeId(String text) {
        boolean isPrintable = text.chars().allMatch(c -> c >= ' ' && c <= '~');
        return Optional.of(Xtext.encode(text)).filter(_ -> isPrintable).filter(Xtext::isEnvelopeId);
    }

    /// Confined to one thread.
    private static final class Reader {
        private Optional<String> sender = Optional.empty();
        private final List<String> receivers = new ArrayList<>();
        private BodyType bodyType = BodyType.SEVEN_BIT;
        private DsnReturn dsnReturn = DsnReturn.UNSPECIFIED;
        private String envelopeId = "";
        private Notify notice = Notify.DEFAULT;

        /// Whether the field is of the envelope.
        boolean take(HeaderField field) throws BadMessageException {
            String value = field.value();
            switch (field.name()) {
                case "x-sender" -> sender = Optional.of(sender(field));
                case "x-receiver" -> receivers.addAll(addressesOf(field));
                case "x-envid" -> {
                    if (!Xtext.isEnvelopeId(value)) {
                        throw bad(
                                field,
                                "is xtext of at most " + Xtext.ENVELOPE_ID_MAX + " characters");
                    }
                    envelopeId = value;
                }
                case "x-dsn-ret" ->
                        dsnReturn =
                                dsnReturn(value).orElseThrow(() -> bad(field, "is HDRS or FULL"));
                case "x-dsn-notify" ->
                        notice =
                                notice(value)
                                        .orElseThrow(() ->
                                                bad(
                                                        field,
                                                        "is NEVER, or a list of SUCCESS, FAILURE,"
                                                                + " DELAY"));
                case "x-body" ->
                        bodyType =
                                bodyType(value)
                                        .orElseThrow(() -> bad(field, "is 7BIT or 8BITMIME"));
                default -> {
                    return false;
                }
            }
            if (receivers.size() > RECEIVERS_MAX) {
                throw bad(field, "stands there more than " + RECEIVERS_MAX + " times");
            }
            return true;
        }

        EnvelopeFields envelope() {
            var parameters = new MailParameters(bodyType, false, dsnReturn, envelopeId);
            return new EnvelopeFields(sender, receivers, parameters, notice);
        }

        private static String sender(HeaderField field) throws BadMessageException {
            String value = field.value();
            if (value.isEmpty() || value.equals("<>")) {
                return "";
            }
            List<String> addresses = addressesOf(field);
            if (addresses.size() != 1) {
                throw bad(field, "is one address");
            }
            return addresses.getFirst();
        }
    }

    /// @throws BadMessageException where they cannot be read
    static List<String> addressesOf(HeaderField field) throws BadMessageException {
        AddressList list = field.addresses();
        if (list.problem().isPresent()) {
            throw new BadMessageException("field " + field.name() + ": " + list.problem().get());
        }
        return list.mailboxes().stream().map(AddressList.Mailbox::address).toList();
    }

    private static BadMessageException bad(HeaderField field, String rule) {
        return new BadMessageException("field " + field.name() + " " + rule);
    }
}
