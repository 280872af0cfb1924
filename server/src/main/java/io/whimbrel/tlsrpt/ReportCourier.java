package io.whimbrel.tlsrpt;

import io.whimbrel.dns.TextAnswer;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.reception.LocalMail;
import io.whimbrel.reception.LocalTerms;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.transport.TlsReport;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Does single steps: asks a domain, hands a report in as mail, posts one. Immutable; thread-safe;
/// blocks.
///
/// @param settings those in force
/// @param texts asks for the TXT records of a name
/// @param counts gives a report in JSON
/// @param door where mail is handed in
/// @param post where it goes by HTTPS, and how
record ReportCourier(
        TlsReportSettings settings,
        Function<String, TextAnswer> texts,
        Counts counts,
        Door door,
        Post post) {

    /// The message around the report.
    private static final long MESSAGE_BYTES_MORE = 64L << 10;

    /// Where reports come from.
    @FunctionalInterface
    interface Counts {
        /// @return in JSON; empty where nothing is known of that day
        Optional<String> report(TlsReport.Sender sender, Step step);
    }

    /// Where mail is handed in.
    @FunctionalInterface
    interface Door {
        SmtpReply accept(LocalTerms terms, LocalMail mail, byte[] message) throws IOException;
    }

    /// How a report is posted.
    @FunctionalInterface
    interface Post {
        ReportPost.Answer post(ReportTarget.Web target, byte[] body) throws IOException;
    }

    /// What came of a step. Immutable.
    sealed interface Result {
        /// These want the report.
        record Wanted(List<ReportTarget> targets) implements Result {}

        record Sent(String text) implements Result {}

        /// @param isHopeless whether another try would end the same
        record Failed(String why, boolean isHopeless) implements Result {}
    }

    Result carryOut(Step step, Instant now) {
        if (step.target().isEmpty()) {
            return ask(step);
        }
        Optional<String> json = counts.report(settings.sender(), step);
        if (json.isEmpty()) {
            return new Result.Failed("what was counted that day is not known any more", true);
        }
        PackedReport report = packed(step, json.get());
        if (report.bytes().length > settings.bytesMax()) {
            return new Result.Failed(report.bytes().length + " bytes are too many", true);
        }
        try {
            return switch (step.target().get()) {
                case ReportTarget.Mail mail -> handIn(report, mail.path(), now);
                case ReportTarget.Web web -> post(report, web);
            };
        } catch (IOException e) {
            return new Result.Failed(line(e), false);
        }
    }

    private Result ask(Step step) {
        return switch (texts.apply("_smtp._tls." + step.domain())) {
            case TextAnswer.Texts(List<String> found, _) ->
                    new Result.Wanted(
                            ReportingRecord.of(found)
                                    .map(ReportingRecord::targets)
                                    .orElse(List.of()));
            case TextAnswer.NoText _, TextAnswer.NoSuchDomain _ -> new Result.Wanted(List.of());
            case TextAnswer.TemporaryFailure(String text) -> new Result.Failed(text, false);
        };
    }

    private PackedReport packed(Step step, String json) {
        TlsReport.Sender sender = settings.sender();
        return new PackedReport(
                step.domain(),
                step.day(),
                sender.contact().substring(sender.contact().lastIndexOf('@') + 1),
                TlsReport.id(sender, step.domain(), step.day()),
                sender.node(),
                PackedReport.compressed(json));
    }

    private Result handIn(PackedReport report, ForwardPath to, Instant now) throws IOException {
        if (settings.from().isEmpty()) {
            return new Result.Failed("nobody is named in tls-report.from", false);
        }
        var terms =
                new LocalTerms(
                        settings.sender().node(),
                        settings.stream(),
                        Optional.empty(),
                        settings.reversePath().isNull() ? DsnPolicy.NEVER : DsnPolicy.FAILURE,
                        settings.bytesMax() * 3 / 2 + MESSAGE_BYTES_MORE,
                        Optional.of(Fate.TRIED_MOST));
        var mail =
                new LocalMail(
                        settings.reversePath(),
                        List.of(Recipient.of(to)),
                        new MailParameters(
                                BodyType.SEVEN_BIT,
                                false,
                                DsnReturn.UNSPECIFIED,
                                "",
                                TlsRequirement.OPTIONAL),
                        "tls-report",
                        "report");
        SmtpReply reply =
                door.accept(terms, mail, ReportMessage.of(report, settings.from().get(), to, now));
        return reply.isPositive()
                ? new Result.Sent(reply.toString())
                : new Result.Failed(reply.toString(), reply.isPermanent());
    }

    private Result post(PackedReport report, ReportTarget.Web web) throws IOException {
        ReportPost.Answer answer = post.post(web, report.bytes());
        return answer.isTaken()
                ? new Result.Sent(answer.text())
                : new Result.Failed(answer.text(), false);
    }

    /// Nothing that a peer said reaches a terminal unescaped.
    private static String line(IOException e) {
        String message = String.valueOf(e.getMessage());
        var line = new StringBuilder();
        for (int i = 0; i < Math.min(message.length(), 200); i++) {
            char c = message.charAt(i);
            line.append(c < ' ' || c > '~' ? '?' : c);
        }
        return line.toString();
    }
}
