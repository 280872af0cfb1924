package io.whimbrel.tls;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// The alternative names of a certificate (RFC 5280 §4.2.1.6). Stateless.
final class CertificateNames {
    private static final Integer EMAIL = 1;
    private static final Integer DNS = 2;

    private CertificateNames() {}

    static List<String> emails(X509Certificate certificate, int most) {
        return names(certificate, EMAIL, most);
    }

    /// Host names, lower case; a wildcard as it stands.
    static List<String> hosts(X509Certificate certificate, int most) {
        return names(certificate, DNS, most).stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
    }

    private static List<String> names(X509Certificate certificate, Integer type, int most) {
        var names = new ArrayList<String>();
        try {
            Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            if (all == null) {
                return names;
            }
            for (List<?> one : all) {
                if (type.equals(one.get(0))
                        && one.get(1) instanceof String name
                        && names.size() < most) {
                    names.add(name);
                }
            }
        } catch (CertificateParsingException _) {
            // Names that cannot be read are none.
        }
        return names;
    }
}
