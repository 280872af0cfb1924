package io.whimbrel.transport;

import io.whimbrel.tls.CertificateFiles;

import java.util.List;
import java.util.Optional;

/// What one message needs of a session with one host. Immutable.
///
/// @param demand what must be so before MAIL is said
/// @param basis who says so
/// @param isRequireTls the host must offer REQUIRETLS too (RFC 8689 §4.2.1)
/// @param certificate of ours, for a host that asks for one
/// @param observed a policy of the domain in mode testing: reported, not enforced
public record TlsPolicy(
        Demand demand,
        Basis basis,
        boolean isRequireTls,
        Optional<CertificateFiles> certificate,
        Optional<StsPolicy> observed) {

    /// Opportunistic, as most mail goes.
    public static final TlsPolicy MAY = of(new Demand.May(), Basis.DEFAULT);

    /// What must be so.
    public sealed interface Demand {

        /// Plain text; a session in TLS that is there already is no harm.
        record None() implements Demand {}

        /// TLS where it works.
        record May() implements Demand {}

        record Encrypt() implements Demand {}

        /// A certificate by an authority, for one of the names, which are at least one.
        record Verify(List<String> names) implements Demand {
            public Verify {
                names = List.copyOf(names);
            }
        }

        /// A certificate that matches TLSA records.
        record Dane(DaneAnswer.Usable records) implements Demand {}

        /// A host that the policy names, with a certificate by an authority for its own name.
        record Sts(StsPolicy policy) implements Demand {}

        /// No session with this host will do.
        record Impossible(TlsShortfall why) implements Demand {}
    }

    /// Who says so; the first in this order that says anything counts.
    public enum Basis {
        /// REQUIRETLS.
        MESSAGE,
        /// `TLS-Required: No`.
        HEADER,
        /// A route that logs in, and says nothing of TLS.
        LOGIN,
        /// `[[tls-policy]]`.
        RULE,
        DANE,
        MTA_STS,
        /// The file of the provider.
        PROVIDER,
        /// `[tls-out] policy`.
        DEFAULT
    }

    static TlsPolicy of(Demand demand, Basis basis) {
        return new TlsPolicy(demand, basis, false, Optional.empty(), Optional.empty());
    }

    TlsPolicy withCertificate(Optional<CertificateFiles> own) {
        return new TlsPolicy(demand, basis, isRequireTls, own, observed);
    }

    TlsPolicy observing(StsPolicy policy) {
        return new TlsPolicy(demand, basis, isRequireTls, certificate, Optional.of(policy));
    }

    /// The same demand for a message with REQUIRETLS.
    TlsPolicy requiringTls() {
        return new TlsPolicy(demand, Basis.MESSAGE, true, certificate, observed);
    }

    /// Whether STARTTLS is worth a try.
    public boolean mayUseTls() {
        return !(demand instanceof Demand.None);
    }

    /// Whether TLSA records say so.
    public boolean isByDane() {
        return basis == Basis.DANE || demand instanceof Demand.Dane;
    }

    /// Whether nothing goes in plain text.
    public boolean needsTls() {
        return switch (demand) {
            case Demand.None _, Demand.May _ -> false;
            case Demand.Encrypt _,
                    Demand.Verify _,
                    Demand.Dane _,
                    Demand.Sts _,
                    Demand.Impossible _ ->
                    true;
        };
    }

    /// Whether the host must prove who it is.
    boolean isVerified() {
        return switch (demand) {
            case Demand.None _, Demand.May _, Demand.Encrypt _, Demand.Impossible _ -> false;
            case Demand.Verify _, Demand.Dane _, Demand.Sts _ -> true;
        };
    }

    /// In the words of the configuration, for events, metrics and people.
    public String text() {
        return switch (demand) {
            case Demand.None _ -> "none";
            case Demand.May _ -> "may";
            case Demand.Encrypt _ -> "encrypt";
            case Demand.Verify _ -> "verify";
            case Demand.Dane _ -> "dane";
            case Demand.Sts _ -> "mta-sts";
            case Demand.Impossible _ -> "impossible";
        };
    }

    /// Who says so, for people.
    public String saidBy() {
        return switch (basis) {
            case MESSAGE -> "its sender (REQUIRETLS)";
            case HEADER -> "its sender (TLS-Required)";
            case LOGIN -> "the login of its route (remedy: tls = \"encrypt\" in [[route]])";
            case RULE -> "[[tls-policy]]";
            case DANE -> "the TLSA records of the host";
            case MTA_STS -> "the MTA-STS policy of the domain";
            case PROVIDER -> "the file of the provider (remedy: a [[tls-policy]])";
            case DEFAULT -> "[tls-out]";
        };
    }
}
