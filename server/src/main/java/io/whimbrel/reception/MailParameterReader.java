package io.whimbrel.reception;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DeliverBy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.mail.Treatment;
import io.whimbrel.smtp.EsmtpParameter;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.smtp.Xtext;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Reads the parameters of one MAIL. Takes any parameters; what it does not understand or is not
/// offered is refused with a reply that says why. Confined to one thread, used once.
final class MailParameterReader {
    private static final int AUTH_CHARACTERS_MAX = 500;
    private static final int SIZE_DIGITS_MAX = 20;

    /// Of times in seconds (RFC 4865 §4, RFC 2852 §3).
    private static final int SECONDS_DIGITS_MAX = 9;

    private static final String HOLD_ONCE = "HOLDFOR and HOLDUNTIL exclude each other";

    private final Offered offered;
    private final Instant now;
    private BodyType bodyType = BodyType.SEVEN_BIT;
    private boolean smtpUtf8;
    private DsnReturn dsnReturn = DsnReturn.UNSPECIFIED;
    private String envelopeId = "";
    private long size;
    private Optional<Instant> notBefore = Optional.empty();
    private Optional<DeliverBy> deliverBy = Optional.empty();
    private int mtPriority;
    private TlsRequirement tls = TlsRequirement.UNSPECIFIED;

    MailParameterReader(Offered offered, Instant now) {
        this.offered = offered;
        this.now = now;
    }

    MailOptions read(List<EsmtpParameter> parameters) {
        if (EsmtpParameter.hasDuplicates(parameters)) {
            return new MailOptions.Refused(bad("A parameter is given twice"));
        }
        for (EsmtpParameter parameter : parameters) {
            Optional<SmtpReply> refusal = take(parameter);
            if (refusal.isPresent()) {
                return new MailOptions.Refused(refusal.get());
            }
        }
        var given = new MailParameters(bodyType, smtpUtf8, dsnReturn, envelopeId, tls);
        Treatment treatment = treatment();
        boolean isLateAtOnce = notBefore.filter(treatment::isOver).isPresent();
        return isLateAtOnce
                ? new MailOptions.Refused(bad("BY would be over before the message is released"))
                : new MailOptions.Given(given, size, treatment);
    }

    private Treatment treatment() {
        return notBefore.isEmpty() && deliverBy.isEmpty() && mtPriority == 0
                ? Treatment.NONE
                : new Treatment(
                        notBefore, Optional.empty(), deliverBy, mtPriority, "", "", Map.of());
    }

    /// @return why it is refused
    private Optional<SmtpReply> take(EsmtpParameter parameter) {
        if (!isOffered(parameter.keyword())) {
            return Optional.of(parameter.unknown());
        }
        String value = parameter.value().toUpperCase(Locale.ROOT);
        return switch (parameter.keyword()) {
            case "SIZE" -> {
                size = size(value);
                yield unless(size >= 0, parameter);
            }
            case "BODY" -> {
                bodyType = value.equals("7BIT") ? BodyType.SEVEN_BIT : BodyType.EIGHT_BIT_MIME;
                yield unless(value.equals("7BIT") || value.equals("8BITMIME"), parameter);
            }
            case "SMTPUTF8" -> {
                smtpUtf8 = true;
                yield unless(value.isEmpty(), parameter);
            }
            case "RET" -> {
                dsnReturn = value.equals("HDRS") ? DsnReturn.HEADERS : DsnReturn.FULL;
                yield unless(value.equals("HDRS") || value.equals("FULL"), parameter);
            }
            case "ENVID" -> {
                envelopeId = parameter.value();
                yield unless(Xtext.isEnvelopeId(envelopeId), parameter);
            }
            case "REQUIRETLS" -> {
                // RFC 8689 §4.1: it takes no value.
                tls = TlsRequirement.REQUIRED;
                yield unless(value.isEmpty(), parameter);
            }
            case "HOLDFOR" -> holdFor(parameter);
            case "HOLDUNTIL" -> holdUntil(parameter);
            case "MT-PRIORITY" -> mtPriority(parameter);
            case "BY" -> deliverBy(parameter, value);
            case "AUTH" -> unless(isAuth(parameter.value()), parameter);
            default -> Optional.of(parameter.unknown());
        };
    }

    private boolean isOffered(String keyword) {
        return switch (keyword) {
            case "HOLDFOR", "HOLDUNTIL" -> offered.futureRelease().isPresent();
            case "MT-PRIORITY" -> offered.mtPriority();
            case "BY" -> offered.deliverBy().isPresent();
            case "AUTH" -> offered.auth();
            case "REQUIRETLS" -> offered.requireTls();
            default -> true;
        };
    }

    /// RFC 4954 §5: whoever sent it first. Of a client that is not trusted with it, it is as good
    /// as `<>`.
    private static boolean isAuth(String value) {
        return value.equals("<>")
                || (!value.isEmpty()
                        && value.length() <= AUTH_CHARACTERS_MAX
                        && Xtext.isXtext(value));
    }

    /// RFC 4865 §4: `HOLDFOR=86400`.
    private Optional<SmtpReply> holdFor(EsmtpParameter parameter) {
        long seconds = seconds(parameter.value());
        return seconds > 0 ? hold(now.plusSeconds(seconds)) : unless(false, parameter);
    }

    /// RFC 4865 §4: `HOLDUNTIL=2026-12-01T08:00:00Z`, in UTC, in whole seconds.
    private Optional<SmtpReply> holdUntil(EsmtpParameter parameter) {
        String value = parameter.value();
        if (value.length() != "2026-12-01T08:00:00Z".length() || value.charAt(19) != 'Z') {
            return unless(false, parameter);
        }
        try {
            Instant until = Instant.parse(value);
            return until.isAfter(now)
                    ? hold(until)
                    : Optional.of(bad("HOLDUNTIL is a time that has passed"));
        } catch (DateTimeException _) {
            return unless(false, parameter);
        }
    }

    private Optional<SmtpReply> hold(Instant until) {
        if (notBefore.isPresent()) {
            return Optional.of(bad(HOLD_ONCE));
        }
        Duration most = offered.futureRelease().orElseThrow();
        if (until.isAfter(now.plus(most))) {
            return Optional.of(bad("Mail is held for " + most.toSeconds() + " seconds at most"));
        }
        notBefore = Optional.of(until);
        return Optional.empty();
    }

    /// RFC 6710 §3: `-9` to `9`, without sign or zero in front.
    private Optional<SmtpReply> mtPriority(EsmtpParameter parameter) {
        String value = parameter.value();
        boolean isNegative = value.length() == 2 && value.charAt(0) == '-';
        char digit = value.isEmpty() ? ' ' : value.charAt(value.length() - 1);
        boolean isGood =
                (isNegative || value.length() == 1)
                        && digit >= (isNegative ? '1' : '0')
                        && digit <= '9';
        mtPriority = isNegative ? '0' - digit : digit - '0';
        return unless(isGood, parameter);
    }

    /// RFC 2852 §3: `BY=120;R`, `BY=-60;NT`.
    private Optional<SmtpReply> deliverBy(EsmtpParameter parameter, String value) {
        int semicolon = value.indexOf(';');
        boolean isTraced = value.endsWith("T");
        String mode = value.substring(semicolon + 1, value.length() - (isTraced ? 1 : 0));
        boolean isReturn = mode.equals("R");
        if (semicolon < 1 || !(isReturn || mode.equals("N"))) {
            return unless(false, parameter);
        }
        boolean isSigned = value.charAt(0) == '-' || value.charAt(0) == '+';
        long number = seconds(value.substring(isSigned ? 1 : 0, semicolon));
        if (number < 0) {
            return unless(false, parameter);
        }
        long seconds = value.charAt(0) == '-' ? -number : number;
        long least = offered.deliverBy().orElseThrow().toSeconds();
        if (isReturn && seconds <= 0) {
            return Optional.of(bad("BY with mode R takes a time of more than 0"));
        }
        if (isReturn && seconds < least) {
            return Optional.of(
                    SmtpReply.of(555, 5, 5, 4, "BY with mode R takes " + least + " or more"));
        }
        deliverBy =
                Optional.of(
                        new DeliverBy(
                                now.plusSeconds(seconds),
                                isReturn ? DeliverBy.Mode.RETURN : DeliverBy.Mode.NOTIFY,
                                isTraced));
        return Optional.empty();
    }

    private static Optional<SmtpReply> unless(boolean isUnderstood, EsmtpParameter parameter) {
        return isUnderstood
                ? Optional.empty()
                : Optional.of(bad("Bad value of parameter " + parameter.keyword()));
    }

    private static SmtpReply bad(String text) {
        return SmtpReply.of(501, 5, 5, 4, text);
    }

    /// @return -1 where `text` is not one to nine digits
    private static long seconds(String text) {
        return text.length() <= SECONDS_DIGITS_MAX ? size(text) : -1;
    }

    /// At most 20 digits (RFC 1870 §3); what does not fit a long is as good as the greatest one.
    ///
    /// @return -1 where `text` is no number
    private static long size(String text) {
        if (text.isEmpty() || text.length() > SIZE_DIGITS_MAX) {
            return -1;
        }
        long size = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            int digit = c - '0';
            size = size > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : size * 10 + digit;
        }
        return size;
    }
}
