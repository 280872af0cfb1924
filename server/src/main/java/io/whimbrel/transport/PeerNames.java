package io.whimbrel.transport;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

/// The host names that a certificate is for, as DANE compares them (RFC 7672 §3.2.3). Stateless.
final class PeerNames {
    private static final Integer DNS = 2;
    private static final String WILDCARD = "*.";

    private PeerNames() {}

    /// Whether the certificate is for `host`, lower case. Alternative names count; the common name
    /// only where there are none. A wildcard stands for exactly the whole first label.
    static boolean has(X509Certificate certificate, String host) {
        List<String> names = alternatives(certificate);
        for (String name : names.isEmpty() ? commonNames(certificate) : names) {
            if (isFor(name.toLowerCase(Locale.ROOT), host)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isFor(String name, String host) {
        if (!name.startsWith(WILDCARD)) {
            return name.equals(host);
        }
        int dot = host.indexOf('.');
        String rest = name.substring(1);
        // A wildcard below a top-level domain would be for the whole world.
        return dot > 0 && rest.indexOf('.', 1) > 0 && host.substring(dot).equals(rest);
    }

    private static List<String> alternatives(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            if (all != null) {
                for (List<?> one : all) {
                    if (DNS.equals(one.get(0)) && one.get(1) instanceof String name) {
                        names.add(name);
                    }
                }
            }
        } catch (CertificateParsingException _) {
            // Names that cannot be read are none.
        }
        return names;
    }

    private static List<String> commonNames(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            var subject = new LdapName(certificate.getSubjectX500Principal().getName());
            for (Rdn part : subject.getRdns()) {
                if (part.getType().equalsIgnoreCase("CN") && part.getValue() instanceof String it) {
                    names.add(it);
                }
            }
        } catch (InvalidNameException _) {
            // Likewise.
        }
        return names;
    }
}
