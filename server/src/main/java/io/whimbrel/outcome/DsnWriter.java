package io.whimbrel.outcome;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.SpoolBatch.Report;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Writes delivery status notifications about one message (RFC 3464 in the form of RFC 6522): words
/// for people, fields for programs, and what is returned of the message. Confined to one thread.
///
/// The report is 7-bit unless an address to be shown is not, or the message is returned whole and
/// is 8-bit itself; then it says so. Whatever peers said is bounded and made harmless.
final class DsnWriter {
    /// What blocks about recipients may take together: with what is returned (at most 50 KiB) and
    /// the fixed parts, a report stays below 256 KiB.
    private static final int BLOCKS_MAX = 150_000;

    private static final int TEXT_MAX = 400;
    private static final int ADDRESS_MAX = 600;
    private static final int NAME_MAX = 300;

    private final ReportSettings settings;
    private final QueueId id;
    private final Envelope envelope;
    private final int attempt;
    private final Instant now;

    /// @param id of the message
    /// @param attempt number of the attempt that caused the reports
    DsnWriter(ReportSettings settings, QueueId id, Envelope envelope, int attempt, Instant now) {
        this.settings = settings;
        this.id = id;
        this.envelope = envelope;
        this.attempt = attempt;
        this.now = now;
    }

    /// Whether the reverse-path is an address that mail can be routed to.
    boolean canAddress() {
        return !envelope.reversePath().isNull() && sender().isPresent();
    }

    /// As [#groups] and [#report].
    List<Report> write(List<Notice> notices, ReturnedContent content) {
        return groups(notices).stream().map(group -> report(group, content)).toList();
    }

    /// The notices that one report holds: all of them; several groups only where it would be too
    /// large.
    ///
    /// @param notices at least one
    List<List<Notice>> groups(List<Notice> notices) {
        List<Notice> ordered = new ArrayList<>(notices);
        ordered.sort(Comparator.comparing(Notice::kind).thenComparingInt(Notice::number));
        var groups = new ArrayList<List<Notice>>(1);
        int from = 0;
        int bytes = 0;
        for (int i = 0; i < ordered.size(); i++) {
            int more = bytesMost(ordered.get(i));
            if (bytes + more > BLOCKS_MAX) {
                groups.add(ordered.subList(from, i));
                from = i;
                bytes = 0;
            }
            bytes += more;
        }
        groups.add(ordered.subList(from, ordered.size()));
        return groups;
    }

    /// The report about one of [#groups].
    Report report(List<Notice> notices, ReturnedContent content) {
        String words = words(notices, content);
        // Headers are encoded where they are not plain; a whole message may not be (RFC 2046
        // §5.2.1).
        boolean isEightBit =
                !DsnText.isAscii(words)
                        || !DsnText.isAscii(envelope.reversePath().address())
                        || (content.kind() == ReturnedContent.Kind.FULL && !content.isSevenBit());
        String boundary = boundary(notices.getFirst(), content);
        var body = new ByteArrayOutputStream(4096 + content.bytes().length);
        write(body, head(notices, boundary, isEightBit));
        write(body, "--" + boundary + "\r\n");
        boolean isPlain = DsnText.isAscii(words);
        write(body, "Content-Type: text/plain; charset=" + (isPlain ? "us-ascii" : "utf-8"));
        write(body, "\r\nContent-Transfer-Encoding: " + (isPlain ? "7bit" : "8bit") + "\r\n\r\n");
        write(body, words);
        write(body, "\r\n--" + boundary + "\r\nContent-Type: message/delivery-status\r\n\r\n");
        write(body, fields(notices));
        appendContent(body, boundary, content);
        write(body, "\r\n--" + boundary + "--\r\n");
        return new Report(reportEnvelope(isEightBit), body.toByteArray(), id);
    }

    private Envelope reportEnvelope(boolean isEightBit) {
        String address = envelope.reversePath().address();
        var parameters =
                new MailParameters(
                        isEightBit ? BodyType.EIGHT_BIT_MIME : BodyType.SEVEN_BIT,
                        !DsnText.isAscii(address),
                        DsnReturn.UNSPECIFIED,
                        "",
                        // RFC 8689 §5: what it quotes is as secret as it was.
                        envelope.parameters().tls() == TlsRequirement.REQUIRED
                                ? TlsRequirement.REQUIRED
                                : TlsRequirement.UNSPECIFIED);
        // RFC 3461 §6.1: a report must ask for no report.
        var recipient =
                new Recipient(new ForwardPath(address, sender().orElseThrow()), Notify.NEVER, "");
        return new Envelope(
                ReversePath.NULL,
                List.of(recipient),
                parameters,
                new MailStream(envelope.stream().tenant(), "", PriorityClass.NORMAL),
                now,
                DsnPolicy.NEVER,
                // RFC 6710: a report is as urgent as what it reports about.
                Treatment.NONE.withMtPriority(envelope.treatment().mtPriority()));
    }

    private Optional<DomainName> sender() {
        String address = envelope.reversePath().address();
        int at = address.lastIndexOf('@');
        return at < 1 ? Optional.empty() : DomainName.parse(address.substring(at + 1));
    }

    private String head(List<Notice> notices, String boundary, boolean isEightBit) {
        String host = settings.hostName();
        var head = new StringBuilder(600);
        DsnText.field(head, "From", "Mail Delivery System <MAILER-DAEMON@" + host + ">");
        String to = DsnText.readable(envelope.reversePath().address(), ADDRESS_MAX);
        DsnText.field(head, "To", "<" + to + ">");
        DsnText.field(head, "Subject", subject(notices.getFirst().kind()));
        DsnText.field(head, "Date", DsnText.date(now));
        String messageId = id + "." + attempt + "." + notices.getFirst().number();
        DsnText.field(head, "Message-ID", "<" + messageId + ".dsn@" + host + ">");
        // RFC 3834 §5: no out-of-office answer to this.
        DsnText.field(head, "Auto-Submitted", "auto-replied");
        DsnText.field(head, "MIME-Version", "1.0");
        DsnText.field(
                head,
                "Content-Type",
                "multipart/report; report-type=delivery-status; boundary=\"" + boundary + "\"");
        if (isEightBit) {
            DsnText.field(head, "Content-Transfer-Encoding", "8bit");
        }
        return head.append("\r\n").toString();
    }

    private static String subject(Notice.Kind kind) {
        return switch (kind) {
            case REFUSED, EXPIRED, RETURNED -> "Undelivered mail: your message came back";
            case DELAYED -> "Delayed mail: your message is still on its way";
            case RELAYED, TRACED -> "Relayed mail: your message was passed on";
        };
    }

    private String words(List<Notice> notices, ReturnedContent content) {
        var words = new StringBuilder(1024);
        words.append("This is the mail system at ").append(settings.hostName()).append(".\r\n");
        DsnText.wrap(
                words,
                "",
                "It accepted your message on "
                        + DsnText.date(envelope.receivedAt())
                        + " as "
                        + id
                        + ".");
        for (int i = 0; i < notices.size(); i++) {
            Notice notice = notices.get(i);
            if (i == 0 || notices.get(i - 1).kind() != notice.kind()) {
                words.append("\r\n");
                DsnText.wrap(words, "", heading(notice.kind()));
            }
            words.append("\r\n");
            appendWords(words, notice);
        }
        words.append("\r\n");
        DsnText.wrap(
                words,
                "",
                switch (content.kind()) {
                    case NONE -> "The message itself could not be read back.";
                    case HEADERS -> "The headers of your message are attached.";
                    case FULL -> "Your message is attached.";
                });
        return words.toString();
    }

    private String heading(Notice.Kind kind) {
        var retry = settings.retry();
        return switch (kind) {
            case REFUSED ->
                    "Your message could not be delivered to the recipients below, and this will"
                            + " not be tried again:";
            case EXPIRED ->
                    "Your message could not be delivered to the recipients below "
                            + envelope.treatment()
                                    .deadline()
                                    .filter(_ -> isOverdue())
                                    .map(end -> "by " + DsnText.date(end) + ", as was asked for")
                                    .orElseGet(() -> "within " + DsnText.span(retry.expire()))
                            + ", and this will not be tried again"
                            // It may have been given up between two tries.
                            + (isOverdue() ? ":" : ". The last try failed like this:");
            case RETURNED ->
                    "An operator of this mail system returned your message undelivered for the"
                            + " recipients below:";
            case DELAYED ->
                    "Your message has not been delivered yet to the recipients below. You need not"
                            + " send it again: it will be tried until "
                            + DsnText.date(envelope.endOfLife(retry.expire()))
                            + ". The last try failed like this:";
            case RELAYED ->
                    "Your message was passed on for the recipients below, to a mail server that"
                            + " does not confirm delivery. You will be told no more, unless that"
                            + " server reports a failure:";
            case TRACED ->
                    "Your message was passed on to another mail server for the recipients below."
                            + " You are told because you asked to have it traced:";
        };
    }

    private void appendWords(StringBuilder words, Notice notice) {
        AttemptFacts facts = notice.facts();
        String address = recipient(notice).path().address();
        words.append("  <").append(DsnText.readable(address, ADDRESS_MAX)).append(">\r\n");
        boolean isTrouble =
                switch (notice.kind()) {
                    case REFUSED, EXPIRED, DELAYED -> true;
                    case RETURNED, RELAYED, TRACED -> false;
                };
        if (isTrouble) {
            DsnText.wrap(words, "    ", Explanation.of(facts));
        }
        String said = facts.code() > 0 ? diagnostic(facts) : printable(facts.text(), TEXT_MAX);
        String peer = printable(facts.peer(), NAME_MAX);
        DsnText.wrap(
                words,
                "    ",
                !peer.isEmpty() && facts.code() > 0
                        ? peer + " said: " + said
                        : (peer.isEmpty() ? "" : peer + ": ") + said);
    }

    private String fields(List<Notice> notices) {
        var fields = new StringBuilder(1024);
        DsnText.field(fields, "Reporting-MTA", "dns; " + settings.hostName());
        String envelopeId = envelope.parameters().envelopeId();
        if (!envelopeId.isEmpty()) {
            String decoded = DsnText.xtextDecoded(envelopeId);
            DsnText.field(fields, "Original-Envelope-Id", printable(decoded, NAME_MAX));
        }
        DsnText.field(fields, "Arrival-Date", DsnText.date(envelope.receivedAt()));
        // RFC 2852 §5 and RFC 4865 §7 add these to the fields of RFC 3464.
        envelope.treatment()
                .deliverBy()
                .ifPresent(by ->
                        DsnText.field(fields, "Deliver-By-Date", DsnText.date(by.deadline())));
        envelope.treatment()
                .notBefore()
                .ifPresent(from ->
                        DsnText.field(
                                fields,
                                "Future-Release-Request",
                                "until;" + from.truncatedTo(ChronoUnit.SECONDS)));
        for (Notice notice : notices) {
            fields.append("\r\n");
            appendFields(fields, notice);
        }
        return fields.toString();
    }

    private void appendFields(StringBuilder fields, Notice notice) {
        AttemptFacts facts = notice.facts();
        Recipient recipient = recipient(notice);
        if (!recipient.originalRecipient().isEmpty()) {
            DsnText.field(
                    fields,
                    "Original-Recipient",
                    DsnText.originalRecipient(recipient.originalRecipient(), ADDRESS_MAX));
        }
        DsnText.field(
                fields,
                "Final-Recipient",
                DsnText.typedAddress(recipient.path().address(), ADDRESS_MAX));
        DsnText.field(fields, "Action", notice.kind().action());
        DsnText.field(fields, "Status", printable(status(notice), 11));
        if (!facts.peer().isEmpty()) {
            int space = facts.peer().indexOf(' ');
            String name = space < 0 ? facts.peer() : facts.peer().substring(0, space);
            DsnText.field(fields, "Remote-MTA", "dns; " + printable(name, NAME_MAX));
        }
        // RFC 3464 §2.3.6: type smtp is for what a remote server answered.
        boolean isAnswer = facts.code() > 0 && !facts.peer().isEmpty();
        String said = facts.code() > 0 ? diagnostic(facts) : printable(facts.text(), TEXT_MAX);
        DsnText.field(fields, "Diagnostic-Code", (isAnswer ? "smtp; " : "X-Whimbrel; ") + said);
        if (notice.kind() != Notice.Kind.RETURNED) {
            DsnText.field(fields, "Last-Attempt-Date", DsnText.date(now));
        }
        if (notice.kind() == Notice.Kind.DELAYED) {
            Instant end = envelope.endOfLife(settings.retry().expire());
            DsnText.field(fields, "Will-Retry-Until", DsnText.date(end));
        }
    }

    /// A delay is a persistent transient failure (RFC 3463 §2) whatever the peer called it: a 554
    /// instead of a greeting, for example, is tried again. X.4.7 where the sender's own time is
    /// over (RFC 2852 §4).
    private String status(Notice notice) {
        String enhanced = notice.facts().enhanced();
        return switch (notice.kind()) {
            case EXPIRED -> isOverdue() ? "5.4.7" : enhanced;
            case DELAYED -> {
                if (envelope.delayNoticeAt().isPresent()) {
                    yield "4.4.7";
                }
                yield enhanced.startsWith("5.") ? "4" + enhanced.substring(1) : enhanced;
            }
            case REFUSED, RETURNED, RELAYED, TRACED -> enhanced;
        };
    }

    private boolean isOverdue() {
        return envelope.treatment().isOver(now);
    }

    /// Code, status and text of a reply. A status X.0.0 may be our choice where the peer gave none,
    /// and says nothing anyway.
    private static String diagnostic(AttemptFacts facts) {
        boolean isSpecific = !facts.enhanced().isEmpty() && !facts.enhanced().endsWith(".0.0");
        return facts.code()
                + " "
                + (isSpecific ? printable(facts.enhanced(), 11) + " " : "")
                + printable(facts.text(), TEXT_MAX);
    }

    private void appendContent(
            ByteArrayOutputStream body, String boundary, ReturnedContent content) {
        boolean isSevenBit = content.isSevenBit();
        boolean isGlobal = envelope.parameters().smtpUtf8() && !isSevenBit;
        switch (content.kind()) {
            case NONE -> {}
            case FULL -> {
                // RFC 6533 §6 names the types of messages with UTF-8 headers.
                String type = isGlobal ? "message/global" : "message/rfc822";
                write(body, partHead(boundary, type, isSevenBit ? "7bit" : "8bit"));
                body.writeBytes(content.bytes());
            }
            case HEADERS -> {
                boolean isPlain = isSevenBit && !content.hasLongLine();
                String type = isGlobal ? "message/global-headers" : "text/rfc822-headers";
                write(body, partHead(boundary, type, isPlain ? "7bit" : "quoted-printable"));
                body.writeBytes(isPlain ? content.bytes() : content.quotedPrintable());
            }
        }
    }

    private static String partHead(String boundary, String type, String encoding) {
        return "\r\n--"
                + boundary
                + "\r\nContent-Type: "
                + type
                + "\r\nContent-Transfer-Encoding: "
                + encoding
                + "\r\n\r\n";
    }

    /// A line that what is returned does not hold. Everything else from outside is indented.
    private String boundary(Notice first, ReturnedContent content) {
        String text = new String(content.bytes(), ISO_8859_1);
        String boundary = "=_" + id + "." + attempt + "." + first.number();
        for (int i = 0; text.contains(boundary); i++) {
            boundary = "=_" + id + "." + attempt + "." + first.number() + "." + i;
        }
        return boundary;
    }

    private Recipient recipient(Notice notice) {
        return envelope.recipients().get(notice.number());
    }

    /// More than the two blocks about a recipient can take.
    private int bytesMost(Notice notice) {
        Recipient recipient = recipient(notice);
        AttemptFacts facts = notice.facts();
        int address = Math.min(ADDRESS_MAX, recipient.path().address().length() * 9);
        int original = Math.min(ADDRESS_MAX, recipient.originalRecipient().length() * 9);
        int text = Math.min(TEXT_MAX, facts.text().length() * 9);
        int name = Math.min(NAME_MAX, facts.peer().length() * 9);
        // Folding adds at most a third; fixed words are below 600.
        return (4 * address + original + 2 * text + 2 * name) * 4 / 3 + 600;
    }

    private static String printable(String text, int most) {
        return DsnText.printable(text, most);
    }

    private static void write(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(UTF_8));
    }
}
