package io.whimbrel.tlsrpt;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The TXT record by which a domain says who wants its reports (RFC 8460 §3): `v=TLSRPTv1;
/// rua=mailto:reports@example.com`. Immutable.
///
/// @param targets those that we can send to, each once, [#TARGETS_MAX] at most; may be none
record ReportingRecord(List<ReportTarget> targets) {
    /// Further ones get none: whoever names a thousand would have us send to them all.
    static final int TARGETS_MAX = 8;

    private static final String VERSION = "v=TLSRPTv1";
    private static final int NAME_MAX = 32;

    ReportingRecord {
        targets = List.copyOf(targets);
    }

    /// The one record among the texts of `_smtp._tls.DOMAIN`. Empty where there is none, more than
    /// one, or it is not well-formed: then nobody wants reports. Extensions are read over.
    static Optional<ReportingRecord> of(List<String> texts) {
        List<String> found = texts.stream().filter(ReportingRecord::isOne).toList();
        return found.size() == 1
                ? parse(found.getFirst().substring(VERSION.length()))
                : Optional.empty();
    }

    private static boolean isOne(String text) {
        return text.startsWith(VERSION) && isDelimited(text.substring(VERSION.length()));
    }

    private static boolean isDelimited(String rest) {
        return stripped(rest).startsWith(";");
    }

    /// @param fields what follows the version, with its first delimiter
    private static Optional<ReportingRecord> parse(String fields) {
        String[] parts = fields.split(";", -1);
        // A delimiter may end the record.
        int end = stripped(parts[parts.length - 1]).isEmpty() ? parts.length - 1 : parts.length;
        Set<ReportTarget> targets = new LinkedHashSet<>();
        boolean hasAddresses = false;
        for (int i = 1; i < end; i++) {
            String field = stripped(parts[i]);
            int equals = field.indexOf('=');
            String name = equals < 0 ? "" : field.substring(0, equals);
            String value = field.substring(equals + 1);
            boolean isRua = name.equals("rua");
            if (isRua ? !addAll(value, targets) : !isName(name) || !isValue(value)) {
                return Optional.empty();
            }
            hasAddresses |= isRua;
        }
        return hasAddresses
                ? Optional.of(new ReportingRecord(targets.stream().limit(TARGETS_MAX).toList()))
                : Optional.empty();
    }

    /// @return false where one of them is no URI
    private static boolean addAll(String value, Set<ReportTarget> targets) {
        for (String part : value.split(",", -1)) {
            String text = stripped(part);
            try {
                var uri = new URI(text);
                // An exclamation mark must be encoded (RFC 8460 §3), as in DMARC it ends the URI.
                if (!isVisible(text) || !uri.isAbsolute() || text.indexOf('!') >= 0) {
                    return false;
                }
                ReportTarget.of(uri).ifPresent(targets::add);
            } catch (URISyntaxException _) {
                return false;
            }
        }
        return true;
    }

    /// RFC 8460 §3: `tlsrpt-ext-name`.
    private static boolean isName(String name) {
        boolean isGood = !name.isEmpty() && name.length() <= NAME_MAX && isAlphanumeric(name, 0);
        for (int i = 1; isGood && i < name.length(); i++) {
            isGood = isAlphanumeric(name, i) || "_-.".indexOf(name.charAt(i)) >= 0;
        }
        return isGood;
    }

    /// RFC 8460 §3: `tlsrpt-ext-value`.
    private static boolean isValue(String value) {
        return !value.isEmpty() && isVisible(value) && value.indexOf('=') < 0;
    }

    private static boolean isVisible(String text) {
        boolean isGood = true;
        for (int i = 0; isGood && i < text.length(); i++) {
            isGood = text.charAt(i) > ' ' && text.charAt(i) <= '~';
        }
        return isGood;
    }

    private static boolean isAlphanumeric(String text, int at) {
        char c = text.charAt(at);
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private static String stripped(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        while (to > from && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}
