package io.whimbrel.smtp;

/// A reverse-path or forward-path (RFC 5321 §4.1.2), as a command names it. Immutable.
///
/// @param address as written, without angle brackets and source route, at most 254 octets; `""` is
///   the null path
/// @param domain what follows the last `@`: characters of a domain, or an address literal in
///   brackets; `""` where the address has none, as `postmaster` may
public record SmtpPath(String address, String domain) {

    public static final SmtpPath NULL = new SmtpPath("", "");

    public boolean isNull() {
        return address.isEmpty();
    }

    /// Whether the local part is `postmaster`, in any case; also without a domain (RFC 5321
    /// §4.1.1.3).
    public boolean isPostmaster() {
        // Ignoring case, Java takes a long s for an s.
        return !isInternational() && localPart().equalsIgnoreCase("postmaster");
    }

    /// Whether any character is beyond US-ASCII, which takes SMTPUTF8 (RFC 6531 §3.4).
    public boolean isInternational() {
        for (int i = 0; i < address.length(); i++) {
            if (address.charAt(i) > '~') {
                return true;
            }
        }
        return false;
    }

    /// What stands before the `@`, quotes included.
    public String localPart() {
        return domain.isEmpty()
                ? address
                : address.substring(0, address.length() - domain.length() - 1);
    }
}
