package io.whimbrel.transport;

import io.whimbrel.dns.TlsaRecord;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// Which TLSA records count. Stateless.
final class TlsaChoice {
    static final int CERTIFICATE = 0;
    static final int KEY = 1;
    static final int WHOLE = 0;
    static final int SHA_256 = 1;
    static final int SHA_512 = 2;

    private static final int SHA_256_HEX = 64;
    private static final int SHA_512_HEX = 128;

    private TlsaChoice() {}

    /// Those whose every part is known and in order. Usages 0 and 1 are not, for mail knows no set
    /// of authorities that all trust (RFC 7672 §3.1.3). Of digests of the same usage and selector
    /// only the strongest kind counts (RFC 7671 §9).
    static List<TlsaRecord> usable(List<TlsaRecord> records) {
        List<TlsaRecord> usable = new ArrayList<>();
        for (TlsaRecord record : records) {
            if (isInOrder(record)) {
                usable.add(record);
            }
        }
        List<TlsaRecord> all = List.copyOf(usable);
        usable.removeIf(weak ->
                weak.matching() == SHA_256
                        && all.stream()
                                .anyMatch(strong ->
                                        strong.matching() == SHA_512
                                                && strong.usage() == weak.usage()
                                                && strong.selector() == weak.selector()));
        return usable;
    }

    private static boolean isInOrder(TlsaRecord record) {
        int usage = record.usage();
        int selector = record.selector();
        if ((usage != TlsaRecord.DANE_TA && usage != TlsaRecord.DANE_EE)
                || (selector != CERTIFICATE && selector != KEY)) {
            return false;
        }
        return switch (record.matching()) {
            case SHA_256 -> record.data().length() == SHA_256_HEX;
            case SHA_512 -> record.data().length() == SHA_512_HEX;
            case WHOLE ->
                    selector == KEY ? !record.data().isEmpty() : certificate(record).isPresent();
            default -> false;
        };
    }

    /// The certificate that the record holds whole, if it does.
    static Optional<X509Certificate> certificate(TlsaRecord record) {
        if (record.selector() != CERTIFICATE || record.matching() != WHOLE) {
            return Optional.empty();
        }
        try {
            var bytes = new ByteArrayInputStream(HexFormat.of().parseHex(record.data()));
            return CertificateFactory.getInstance("X.509").generateCertificate(bytes)
                            instanceof X509Certificate certificate
                    ? Optional.of(certificate)
                    : Optional.empty();
        } catch (CertificateException _) {
            return Optional.empty();
        }
    }
}
