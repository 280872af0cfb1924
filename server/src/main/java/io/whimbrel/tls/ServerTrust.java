package io.whimbrel.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/// The authorities that are believed about the names of servers (RFC 5280). Thread-safe.
public final class ServerTrust {
    /// How the key is used in the handshake says nothing here: the certificate must be one for
    /// servers all the same.
    private static final String ANY_USE = "UNKNOWN";

    private static final int NAMES_SHOWN_MAX = 3;
    private static final int NAMES_MAX = 1_000;
    private static final int CAUSES_MAX = 10;

    private final X509ExtendedTrustManager checker;

    private ServerTrust(Optional<KeyStore> authorities) {
        try {
            var factory = TrustManagerFactory.getInstance("PKIX");
            // For JSSE no store means its own: cacerts, or what javax.net.ssl.trustStore names.
            factory.init(authorities.orElse(absent()));
            this.checker = extended(factory);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java verifies no certificates", e);
        }
    }

    @SuppressWarnings({"NullAway", "ConstantValue"}) // the API takes null for the default
    private static KeyStore absent() {
        return null;
    }

    private static X509ExtendedTrustManager extended(TrustManagerFactory factory) {
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager one) {
                return one;
            }
        }
        throw new IllegalStateException("this Java verifies no certificates");
    }

    /// Those that this Java ships with.
    public static ServerTrust ofJava() {
        return new ServerTrust(Optional.empty());
    }

    /// Those of a file in PEM and no others.
    ///
    /// @throws IOException where it cannot be used; names file and remedy
    public static ServerTrust load(Path file) throws IOException {
        return of(PemFile.certificates(file), file);
    }

    /// Those that this Java ships with, and those of a file.
    ///
    /// @throws IOException where it cannot be used; names file and remedy
    public static ServerTrust ofJavaAnd(Path file) throws IOException {
        var authorities = new ArrayList<>(PemFile.certificates(file));
        authorities.addAll(List.of(ofJava().checker.getAcceptedIssuers()));
        return of(authorities, file);
    }

    private static ServerTrust of(List<X509Certificate> authorities, Path file) throws IOException {
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("authority-" + i, authorities.get(i));
            }
            return new ServerTrust(Optional.of(store));
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " holds certificates of no use as authorities", e);
        }
    }

    /// For a handshake that is to fail where the certificate is not good for the host.
    TrustManager manager() {
        return checker;
    }

    /// Why the chain does not lead to one of the authorities; empty where it does.
    ///
    /// @param chain the server's own first; may be empty
    public Optional<CertificateFault> fault(List<X509Certificate> chain) {
        if (chain.isEmpty()) {
            return Optional.of(
                    new CertificateFault(
                            CertificateFault.Kind.NOT_TRUSTED, "no certificate was shown"));
        }
        try {
            checker.checkServerTrusted(chain.toArray(X509Certificate[]::new), ANY_USE);
            return Optional.empty();
        } catch (CertificateException e) {
            return Optional.of(fault(e));
        }
    }

    /// Why a certificate is for none of the names; empty where it is for one. Only alternative
    /// names count, and `*` stands for one whole label at the left (RFC 6125 §6.4, RFC 8461 §4.1).
    ///
    /// @param names hosts, lower case; one that begins with a dot is for all hosts below it
    public static Optional<CertificateFault> nameFault(
            X509Certificate certificate, List<String> names) {
        List<String> its = CertificateNames.hosts(certificate, NAMES_MAX);
        for (String name : names) {
            for (String one : its) {
                if (covers(one, name)) {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(
                new CertificateFault(
                        CertificateFault.Kind.HOST_MISMATCH,
                        "certificate is for "
                                + shown(its)
                                + ", not for "
                                + String.join(" or ", names)));
    }

    private static boolean covers(String certified, String name) {
        if (name.startsWith(".")) {
            return certified.length() > name.length() && certified.endsWith(name);
        }
        if (certified.startsWith("*.")) {
            int dot = name.indexOf('.');
            return dot > 0 && certified.substring(1).equals(name.substring(dot));
        }
        return certified.equals(name);
    }

    private static String shown(List<String> names) {
        if (names.isEmpty()) {
            return "no host";
        }
        var shown = new ArrayList<>(names.subList(0, Math.min(names.size(), NAMES_SHOWN_MAX)));
        if (names.size() > NAMES_SHOWN_MAX) {
            shown.add("others");
        }
        return String.join(", ", shown);
    }

    private static CertificateFault fault(CertificateException failure) {
        Optional<Throwable> cause = Optional.of(failure);
        for (int i = 0; i < CAUSES_MAX && cause.isPresent(); i++) {
            switch (cause.get()) {
                case CertificateExpiredException _ -> {
                    return new CertificateFault(
                            CertificateFault.Kind.EXPIRED, "certificate has expired");
                }
                case CertificateNotYetValidException _ -> {
                    return new CertificateFault(
                            CertificateFault.Kind.INVALID, "certificate is not valid yet");
                }
                case CertPathValidatorException e when isUntrusted(e) -> {
                    return untrusted();
                }
                default -> {}
            }
            cause = Optional.ofNullable(cause.get().getCause());
        }
        String message = String.valueOf(failure.getMessage());
        return message.contains("unable to find valid certification path")
                        || message.contains("No trusted certificate found")
                ? untrusted()
                : new CertificateFault(
                        CertificateFault.Kind.INVALID, "certificate is not valid: " + message);
    }

    private static boolean isUntrusted(CertPathValidatorException e) {
        return e.getReason().toString().equals("NO_TRUST_ANCHOR");
    }

    private static CertificateFault untrusted() {
        return new CertificateFault(
                CertificateFault.Kind.NOT_TRUSTED,
                "certificate is not from an authority that is trusted here");
    }
}
