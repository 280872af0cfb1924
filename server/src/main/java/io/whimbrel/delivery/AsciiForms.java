package io.whimbrel.delivery;

import io.whimbrel.mail.DomainName;

import java.util.Locale;

/// International addresses in the forms that hosts without SMTPUTF8 take, as far as there are such:
/// a domain has one (RFC 5890), a local part has none (RFC 6531 §3.2).
final class AsciiForms {
    private AsciiForms() {}

    /// Whether [#address] has a form in US-ASCII for it.
    static boolean has(String address) {
        return isAscii(address, 0, Math.max(address.lastIndexOf('@'), 0));
    }

    /// The same mailbox with its domain in A-labels. Where [#has] says no, it stays as it is.
    static String address(String address) {
        int at = address.lastIndexOf('@');
        return at < 0 || isAscii(address, at + 1, address.length())
                ? address
                : DomainName.parse(address.substring(at + 1))
                        .map(domain -> address.substring(0, at + 1) + domain)
                        .orElse(address);
    }

    /// A value of ORCPT, with what is beyond US-ASCII as `\\x{E9}` (RFC 6533 §3, utf-8-addr-xtext).
    static String parameter(String value) {
        if (isAscii(value, 0, value.length())) {
            return value;
        }
        var encoded = new StringBuilder(value.length() + 16);
        for (int i = 0; i < value.length(); ) {
            int c = value.codePointAt(i);
            i += Character.charCount(c);
            if (c < 0x80) {
                encoded.append((char) c);
            } else {
                encoded.append("\\x{")
                        .append(Integer.toHexString(c).toUpperCase(Locale.ROOT))
                        .append('}');
            }
        }
        return encoded.toString();
    }

    /// Whether the header that `part` begins with is US-ASCII to its end, which must be in it.
    static boolean isHeader(byte[] part) {
        for (int i = 0; i < part.length; i++) {
            if (part[i] < 0) {
                return false;
            }
            boolean isEnd =
                    part[i] == '\n'
                            && i + 2 < part.length
                            && part[i + 1] == '\r'
                            && part[i + 2] == '\n';
            if (isEnd) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAscii(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }
}
