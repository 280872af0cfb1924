package io.whimbrel.pickup;

import io.whimbrel.smtp.SmtpPath;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Makes of what a program left a message that others take (RFC 6409 §8): gives names without a
/// domain theirs, adds From, Date and Message-ID where there are none, and finds the recipients in
/// the header where the envelope has none. What is complete already stays as it is, so that doing
/// it twice changes nothing. Immutable.
///
/// @param settings what names without a domain mean
/// @param author of messages without From
/// @param date of messages without Date
/// @param token unique; the left part of a missing Message-ID
public record HeaderFixes(SendmailSettings settings, Author author, Instant date, String token) {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM uuuu HH:mm:ss '+0000'", Locale.US)
                    .withZone(ZoneOffset.UTC);

    /// Blind copies are nobody's business (RFC 5322 §3.6.3), and a Return-Path is for the host that
    /// delivers (RFC 5321 §4.4).
    private static final Set<String> DROPPED = Set.of("bcc", "resent-bcc", "return-path");

    private static final Set<String> OF_RECIPIENTS = Set.of("to", "cc", "resent-to", "resent-cc");
    private static final Set<String> OF_AUTHORS =
            Set.of("from", "sender", "reply-to", "resent-from", "resent-sender");
    private static final Set<String> RECEIVING = Set.of("to", "cc", "bcc");

    /// Who leaves a message.
    ///
    /// @param login a name of this machine or a whole address; `""` where nobody is known
    /// @param fullName `""` where there is none
    public record Author(String login, String fullName) {
        static final Author UNKNOWN = new Author("", "");
    }

    /// An envelope that stands in the header is taken from there.
    ///
    /// @throws BadMessageException where the message can never be taken
    FixedMail ofFile(RawMail mail) throws BadMessageException {
        EnvelopeFields.Split split = EnvelopeFields.split(mail.header());
        boolean hasReceivers = !split.envelope().receivers().isEmpty();
        return of(new RawMail(split.rest(), mail.body()), split.envelope(), !hasReceivers);
    }

    /// @param given with complete addresses or local names
    /// @param takesHeader whether the recipients in the header count, beside those given
    /// @throws BadMessageException where the message can never be taken
    public FixedMail of(RawMail mail, EnvelopeFields given, boolean takesHeader)
            throws BadMessageException {
        List<HeaderField> header = mail.header();
        String sender = senderOf(given, header);
        var names = new ArrayList<>(given.receivers());
        if (takesHeader) {
            names.addAll(namedIn(header));
        }
        var receivers = new LinkedHashSet<String>();
        Map<String, List<String>> aliases = settings.aliasTable();
        for (String name : names) {
            receivers.addAll(complete(name, aliases));
        }
        if (receivers.isEmpty()) {
            throw new BadMessageException("there are no recipients");
        }
        if (receivers.size() > EnvelopeFields.RECEIVERS_MAX) {
            throw new BadMessageException(
                    "there are more than " + EnvelopeFields.RECEIVERS_MAX + " recipients");
        }
        return new FixedMail(
                given.with(sender, List.copyOf(receivers)), fixed(header, sender), mail.body());
    }

    /// Whom a recipient of a command line means, aliases applied.
    ///
    /// @throws BadMessageException where it is no address
    public List<String> complete(String name) throws BadMessageException {
        return complete(name, settings.aliasTable());
    }

    private List<String> complete(String name, Map<String, List<String>> aliases)
            throws BadMessageException {
        SmtpPath path = requirePath(name);
        if (path.domain().isEmpty()) {
            return settings.recipients(name, aliases);
        }
        if (AddressText.forwardPath(path).isEmpty()) {
            throw new BadMessageException(
                    "\"" + shown(name) + "\" has no domain that mail goes to");
        }
        return List.of(name);
    }

    private String senderOf(EnvelopeFields given, List<HeaderField> header)
            throws BadMessageException {
        if (given.sender().isPresent()) {
            String sender = given.sender().get();
            return sender.isEmpty() ? "" : qualified(sender);
        }
        if (!author.login().isEmpty()) {
            return qualified(author.login());
        }
        String name = isResent(header) && has(header, "resent-from") ? "resent-from" : "from";
        for (HeaderField field : header) {
            if (field.name().equals(name)) {
                List<String> authors = EnvelopeFields.addressesOf(field);
                if (!authors.isEmpty()) {
                    return qualified(authors.getFirst());
                }
            }
        }
        throw new BadMessageException("there is neither x-sender nor an address in From");
    }

    private String qualified(String address) throws BadMessageException {
        SmtpPath path = requirePath(address);
        return path.domain().isEmpty() ? address + "@" + settings.senderDomain() : address;
    }

    private static SmtpPath requirePath(String address) throws BadMessageException {
        Optional<SmtpPath> path = AddressText.path(address);
        return path.orElseThrow(
                () -> new BadMessageException("\"" + shown(address) + "\" is no address"));
    }

    private static String shown(String text) {
        return text.length() > 100 ? text.substring(0, 100) + "..." : text;
    }

    /// A message that was sent on is for whom it was sent on to (RFC 5322 §3.6.6).
    private static List<String> namedIn(List<HeaderField> header) throws BadMessageException {
        String prefix = isResent(header) ? "resent-" : "";
        var names = new ArrayList<String>();
        for (HeaderField field : header) {
            String name = field.name();
            if (name.startsWith(prefix) && RECEIVING.contains(name.substring(prefix.length()))) {
                names.addAll(EnvelopeFields.addressesOf(field));
            }
        }
        return names;
    }

    private static boolean isResent(List<HeaderField> header) {
        return has(header, "resent-to") || has(header, "resent-cc") || has(header, "resent-bcc");
    }

    private static boolean has(List<HeaderField> header, String name) {
        for (HeaderField field : header) {
            if (field.name().equals(name)) {
                return true;
            }
        }
        return false;
    }

    private List<HeaderField> fixed(List<HeaderField> header, String sender) {
        var fields = new ArrayList<HeaderField>(header.size() + 3);
        if (!has(header, "from")) {
            fields.add(from(sender));
        }
        if (!has(header, "date")) {
            fields.add(HeaderField.of("Date", DATE.format(date)));
        }
        if (!has(header, "message-id")) {
            String id = "<" + token + "@" + settings.senderDomain() + ">";
            fields.add(HeaderField.of("Message-ID", id));
        }
        for (HeaderField field : header) {
            if (OF_RECIPIENTS.contains(field.name())) {
                fields.add(withDomains(field, settings.defaultDomain()));
            } else if (OF_AUTHORS.contains(field.name())) {
                fields.add(withDomains(field, settings.senderDomain()));
            } else if (!DROPPED.contains(field.name())) {
                fields.add(field);
            }
        }
        return fields;
    }

    private HeaderField from(String sender) {
        String address = sender.isEmpty() ? author.login() : sender;
        if (address.isEmpty()) {
            address = "MAILER-DAEMON";
        }
        if (address.indexOf('@') < 0) {
            address = address + "@" + settings.senderDomain();
        }
        String name = phrase(author.fullName());
        return HeaderField.of("From", name.isEmpty() ? address : name + " <" + address + ">");
    }

    /// A field that cannot be read stays as it is: who wrote it may know why.
    private static HeaderField withDomains(HeaderField field, String domain) {
        AddressList list = field.addresses();
        if (list.problem().isPresent()) {
            return field;
        }
        var text = new StringBuilder(field.text());
        for (AddressList.Mailbox mailbox : list.mailboxes().reversed()) {
            if (!mailbox.hasDomain()) {
                text.insert(mailbox.end(), "@" + domain);
            }
        }
        return new HeaderField(text.toString(), field.name());
    }

    /// A name in front of an address (RFC 5322 §3.2.5), beyond US-ASCII as RFC 2047 has it.
    static String phrase(String name) {
        var plain = new StringBuilder();
        boolean isAscii = true;
        boolean isAtoms = true;
        for (int i = 0; i < Math.min(name.length(), 200); i++) {
            char c = Character.isISOControl(name.charAt(i)) ? ' ' : name.charAt(i);
            isAscii &= c <= '~';
            isAtoms &=
                    c == ' '
                            || Character.isLetterOrDigit(c)
                            || "!#$%&'*+-/=?^_`{|}~".indexOf(c) >= 0;
            plain.append(c);
        }
        String text = plain.toString().strip();
        if (!isAscii) {
            return encodedWords(text);
        }
        return isAtoms ? text : "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static String encodedWords(String text) {
        // A word has at most 75 characters, so 45 bytes, and no character is cut in two.
        var words = new StringBuilder();
        var part = new StringBuilder();
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            part.appendCodePoint(codePoint);
            i += Character.charCount(codePoint);
            if (part.length() >= 11 || i >= text.length()) {
                byte[] bytes = part.toString().getBytes(StandardCharsets.UTF_8);
                words.append(words.isEmpty() ? "" : "\r\n ").append("=?UTF-8?B?");
                words.append(Base64.getEncoder().encodeToString(bytes)).append("?=");
                part.setLength(0);
            }
        }
        return words.toString();
    }
}
