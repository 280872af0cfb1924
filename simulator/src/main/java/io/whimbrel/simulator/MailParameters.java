package io.whimbrel.simulator;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The parameters of a MAIL command, checked against what the provider announced.
///
/// @param known whether each belongs to an announced extension and has a value it may have
/// @param size what SIZE declares (RFC 1870), 0 if it is absent
record MailParameters(boolean known, long size) {

    static MailParameters check(List<String> parameters, Set<Extension> announced) {
        long size = 0;
        for (String parameter : parameters) {
            String upper = parameter.toUpperCase(Locale.ROOT);
            if (!isKnown(upper, announced)) {
                return new MailParameters(false, 0);
            }
            if (upper.startsWith("SIZE=")) {
                size = Long.parseLong(upper.substring("SIZE=".length()));
            }
        }
        return new MailParameters(true, size);
    }

    private static boolean isKnown(String parameter, Set<Extension> announced) {
        if (parameter.matches("SIZE=[0-9]{1,18}")) {
            return announced.contains(Extension.SIZE);
        }
        return switch (parameter) {
            case "BODY=7BIT", "BODY=8BITMIME" -> announced.contains(Extension.EIGHT_BIT_MIME);
            case "SMTPUTF8" -> announced.contains(Extension.SMTPUTF8);
            case "RET=FULL", "RET=HDRS" -> announced.contains(Extension.DSN);
            default -> parameter.startsWith("ENVID=") && announced.contains(Extension.DSN);
        };
    }

    /// Whether all parameters of a RCPT command are known: NOTIFY and ORCPT (RFC 3461).
    static boolean checkRcpt(List<String> parameters, Set<Extension> announced) {
        for (String parameter : parameters) {
            String upper = parameter.toUpperCase(Locale.ROOT);
            boolean dsn = upper.startsWith("NOTIFY=") || upper.startsWith("ORCPT=");
            if (!dsn || !announced.contains(Extension.DSN)) {
                return false;
            }
        }
        return true;
    }
}
