package io.whimbrel.reception;

import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.smtp.EsmtpParameter;
import io.whimbrel.smtp.SmtpReply;

import java.util.List;
import java.util.Locale;

/// What the parameters of one MAIL say: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET
/// and ENVID (RFC 3461).
sealed interface MailOptions {

    /// @param size declared octets; 0 where none were
    record Given(MailParameters parameters, long size) implements MailOptions {}

    record Refused(SmtpReply reply) implements MailOptions {}

    MailOptions NONE = new Given(MailParameters.NONE, 0);

    static MailOptions read(List<EsmtpParameter> parameters) {
        if (parameters.isEmpty()) {
            return NONE;
        }
        if (Xtext.hasDuplicates(parameters)) {
            return refused("A parameter is given twice");
        }
        BodyType bodyType = BodyType.SEVEN_BIT;
        boolean smtpUtf8 = false;
        DsnReturn dsnReturn = DsnReturn.UNSPECIFIED;
        String envelopeId = "";
        long size = 0;
        for (EsmtpParameter parameter : parameters) {
            String value = parameter.value().toUpperCase(Locale.ROOT);
            boolean isUnderstood = true;
            switch (parameter.keyword()) {
                case "SIZE" -> {
                    size = size(value);
                    isUnderstood = size >= 0;
                }
                case "BODY" -> {
                    bodyType = value.equals("7BIT") ? BodyType.SEVEN_BIT : BodyType.EIGHT_BIT_MIME;
                    isUnderstood = value.equals("7BIT") || value.equals("8BITMIME");
                }
                case "SMTPUTF8" -> {
                    smtpUtf8 = true;
                    isUnderstood = value.isEmpty();
                }
                case "RET" -> {
                    dsnReturn = value.equals("HDRS") ? DsnReturn.HEADERS : DsnReturn.FULL;
                    isUnderstood = value.equals("HDRS") || value.equals("FULL");
                }
                case "ENVID" -> {
                    envelopeId = parameter.value();
                    isUnderstood = Xtext.isEnvelopeId(envelopeId);
                }
                default -> {
                    return new Refused(Xtext.unknown(parameter));
                }
            }
            if (!isUnderstood) {
                return refused("Bad value of parameter " + parameter.keyword());
            }
        }
        return new Given(new MailParameters(bodyType, smtpUtf8, dsnReturn, envelopeId), size);
    }

    private static MailOptions refused(String text) {
        return new Refused(SmtpReply.of(501, 5, 5, 4, text));
    }

    /// At most 20 digits (RFC 1870 §3); what does not fit a long is as good as the greatest one.
    ///
    /// @return -1 where `text` is no number
    private static long size(String text) {
        if (text.isEmpty() || text.length() > 20) {
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
