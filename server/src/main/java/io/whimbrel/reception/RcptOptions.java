package io.whimbrel.reception;

import io.whimbrel.mail.Notify;
import io.whimbrel.smtp.EsmtpParameter;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.smtp.Xtext;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What the parameters of one RCPT say: NOTIFY and ORCPT (RFC 3461 §4.1, §4.2).
sealed interface RcptOptions {

    /// @param originalRecipient still xtext-encoded; `""` where absent
    record Given(Notify notice, String originalRecipient) implements RcptOptions {}

    record Refused(SmtpReply reply) implements RcptOptions {}

    RcptOptions NONE = new Given(Notify.DEFAULT, "");

    /// @param smtpUtf8 whether the transaction asked for SMTPUTF8, which allows ORCPT more
    ///   characters
    static RcptOptions read(List<EsmtpParameter> parameters, boolean smtpUtf8) {
        if (parameters.isEmpty()) {
            return NONE;
        }
        if (EsmtpParameter.hasDuplicates(parameters)) {
            return refused("A parameter is given twice");
        }
        Notify notice = Notify.DEFAULT;
        String originalRecipient = "";
        for (EsmtpParameter parameter : parameters) {
            switch (parameter.keyword()) {
                case "NOTIFY" -> {
                    Optional<Notify> given = notice(parameter.value().toUpperCase(Locale.ROOT));
                    if (given.isEmpty()) {
                        return refused("NOTIFY is NEVER, or a list of SUCCESS, FAILURE, DELAY");
                    }
                    notice = given.get();
                }
                case "ORCPT" -> {
                    originalRecipient = parameter.value();
                    if (!Xtext.isOriginalRecipient(originalRecipient, smtpUtf8)) {
                        return refused("ORCPT is address-type;xtext");
                    }
                }
                default -> {
                    return new Refused(parameter.unknown());
                }
            }
        }
        return new Given(notice, originalRecipient);
    }

    private static Optional<Notify> notice(String list) {
        if (list.equals("NEVER")) {
            return Optional.of(Notify.NEVER);
        }
        boolean success = false;
        boolean failure = false;
        boolean delay = false;
        int start = 0;
        while (start <= list.length()) {
            int comma = list.indexOf(',', start);
            int end = comma < 0 ? list.length() : comma;
            switch (list.substring(start, end)) {
                case "SUCCESS" -> success = true;
                case "FAILURE" -> failure = true;
                case "DELAY" -> delay = true;
                default -> {
                    return Optional.empty();
                }
            }
            start = end + 1;
        }
        return Optional.of(new Notify(true, success, failure, delay));
    }

    private static RcptOptions refused(String text) {
        return new Refused(SmtpReply.of(501, 5, 5, 4, text));
    }
}
