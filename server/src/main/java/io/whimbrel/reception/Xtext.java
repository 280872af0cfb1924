package io.whimbrel.reception;

import io.whimbrel.smtp.EsmtpParameter;
import io.whimbrel.smtp.SmtpReply;

import java.util.List;

/// Checks shared by the parameters of MAIL and RCPT, most of all the syntax of xtext (RFC 3461 §4).
final class Xtext {
    private static final int ENVELOPE_ID_MAX = 100;
    private static final int ORIGINAL_RECIPIENT_MAX = 500;

    private Xtext() {}

    static SmtpReply unknown(EsmtpParameter parameter) {
        String keyword = parameter.keyword();
        String shown = keyword.length() > 40 ? keyword.substring(0, 40) : keyword;
        return SmtpReply.of(555, 5, 5, 4, "Parameter not recognized: " + shown);
    }

    static boolean hasDuplicates(List<EsmtpParameter> parameters) {
        for (int i = 1; i < parameters.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (parameters.get(i).keyword().equals(parameters.get(j).keyword())) {
                    return true;
                }
            }
        }
        return false;
    }

    static boolean isEnvelopeId(String text) {
        return !text.isEmpty() && text.length() <= ENVELOPE_ID_MAX && isXtext(text, 0, false);
    }

    /// `rfc822;user+40example.com`, or with a type such as `utf-8` (RFC 6533 §3).
    static boolean isOriginalRecipient(String text, boolean smtpUtf8) {
        int semicolon = text.indexOf(';');
        if (semicolon < 1
                || semicolon + 1 == text.length()
                || text.length() > ORIGINAL_RECIPIENT_MAX) {
            return false;
        }
        for (int i = 0; i < semicolon; i++) {
            char c = text.charAt(i);
            if (c > '~' || !(Character.isLetterOrDigit(c) || c == '-')) {
                return false;
            }
        }
        return isXtext(text, semicolon + 1, smtpUtf8);
    }

    /// Whether it is xtext of US-ASCII only.
    static boolean isXtext(String text) {
        return isXtext(text, 0, false);
    }

    private static boolean isXtext(String text, int from, boolean allowsInternational) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '+') {
                if (i + 2 >= text.length()
                        || !isUpperHex(text.charAt(i + 1))
                        || !isUpperHex(text.charAt(i + 2))) {
                    return false;
                }
                i += 2;
            } else if (c <= ' ' || c == '=' || c == 0x7f || (c > '~' && !allowsInternational)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUpperHex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    }
}
