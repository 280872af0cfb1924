package io.whimbrel.smtp;

import java.util.List;

/// One parameter of MAIL or RCPT (RFC 5321 §4.1.2, esmtp-param): syntax only, the meaning is up to
/// the extension. Immutable.
///
/// @param keyword in upper case, for example `SIZE`
/// @param value as written; `""` where the parameter has none
public record EsmtpParameter(String keyword, String value) {

    /// What a client is told whose parameter this is, where we have none of the name (RFC 5321
    /// §4.1.1.11).
    public SmtpReply unknown() {
        String begin = keyword.length() > 40 ? keyword.substring(0, 40) : keyword;
        String shown = begin.replaceAll("[^!-~]", "?");
        return SmtpReply.of(555, 5, 5, 4, "Parameter not recognized: " + shown);
    }

    /// Whether a keyword stands there twice.
    public static boolean hasDuplicates(List<EsmtpParameter> parameters) {
        for (int i = 1; i < parameters.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (parameters.get(i).keyword().equals(parameters.get(j).keyword())) {
                    return true;
                }
            }
        }
        return false;
    }
}
