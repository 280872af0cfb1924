package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;

import java.net.InetAddress;

/// Who asks to be let pass. Immutable.
///
/// @param helo as the client said it; `""` where it said nothing
/// @param localPart of the identity; `postmaster` where it has none (RFC 7208 §4.3)
/// @param domain of the identity, lower case, without the dot of the root
/// @param isHelo the identity is the HELO name
/// @param identity as the peer gave it
record SpfClient(
        InetAddress address,
        String helo,
        String localPart,
        String domain,
        boolean isHelo,
        String identity) {
    private static final String POSTMASTER = "postmaster";

    /// @param mailFrom the reverse-path without angle brackets; where it is `""` the HELO name is
    ///   the identity (RFC 7208 §2.4)
    static SpfClient of(InetAddress address, String helo, String mailFrom) {
        if (mailFrom.isEmpty()) {
            return new SpfClient(address, helo, POSTMASTER, Labels.normal(helo), true, helo);
        }
        int at = mailFrom.lastIndexOf('@');
        String localPart = at <= 0 ? POSTMASTER : mailFrom.substring(0, at);
        String domain = Labels.normal(mailFrom.substring(at + 1));
        return new SpfClient(address, helo, localPart, domain, false, mailFrom);
    }
}
