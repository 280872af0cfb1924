package io.whimbrel.transport;

import io.whimbrel.tls.CertificateFault;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ServerTrust;
import io.whimbrel.transport.TlsPolicy.Demand;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// How safe one session is, whichever message asks. Confined to one thread: what an authority says
/// of the certificate is found out when first asked, and remembered.
public final class TlsAchieved {
    private final Facts facts;
    private final ServerTrust trust;
    private Optional<Optional<CertificateFault>> trustFault = Optional.empty();

    /// What was seen.
    ///
    /// @param host as it was called when the session began
    /// @param tls protocol and cipher suite, `TLSv1.3:TLS_AES_256_GCM_SHA384`; `""` in plain text
    /// @param chain the host's certificates, its own first; empty in plain text
    /// @param shown our certificate, where it could be asked for
    /// @param offersRequireTls REQUIRETLS, offered within TLS
    /// @param refusal what the host answered STARTTLS with, where it would not; `""` otherwise
    public record Facts(
            HostPlace host,
            String tls,
            List<X509Certificate> chain,
            Optional<CertificateFiles> shown,
            boolean offersRequireTls,
            String refusal) {

        public Facts {
            chain = List.copyOf(chain);
        }
    }

    public TlsAchieved(Facts facts, ServerTrust trust) {
        this.facts = facts;
        this.trust = trust;
    }

    public Facts facts() {
        return facts;
    }

    public boolean isPlain() {
        return facts.tls().isEmpty();
    }

    /// Whether a message of this policy may be sent here.
    public boolean satisfies(TlsPolicy policy, Instant now) {
        return shortfall(policy, now).isEmpty();
    }

    /// What is missing for a message of this policy.
    public Optional<TlsShortfall> shortfall(TlsPolicy policy, Instant now) {
        Optional<TlsShortfall> missing =
                switch (policy.demand()) {
                    case Demand.None _, Demand.May _ -> Optional.empty();
                    case Demand.Encrypt _ -> plain();
                    case Demand.Verify(List<String> names) ->
                            plain().or(() -> untrusted()).or(() -> misnamed(names));
                    case Demand.Dane(DaneAnswer.Usable records) ->
                            plain().or(() -> mismatched(records, now));
                    case Demand.Sts(StsPolicy sts) -> shortfall(sts);
                    case Demand.Impossible(TlsShortfall why) -> Optional.of(why);
                };
        return missing.or(() -> strange(policy)).or(() -> notPassedOn(policy));
    }

    /// What is missing for a policy that is only observed.
    Optional<TlsShortfall> shortfall(StsPolicy sts) {
        String name = facts.host().name();
        if (!sts.allows(name)) {
            return Optional.of(
                    TlsShortfall.notProven(
                            TlsFailure.VALIDATION_FAILURE,
                            "the host is not among those that the MTA-STS policy names"));
        }
        return plain().or(() -> untrusted()).or(() -> misnamed(List.of(name)));
    }

    private Optional<TlsShortfall> plain() {
        if (!isPlain()) {
            return Optional.empty();
        }
        return Optional.of(
                TlsShortfall.plain(
                        facts.refusal().isEmpty()
                                ? "STARTTLS is not offered"
                                : "STARTTLS was answered with: " + facts.refusal()));
    }

    private Optional<TlsShortfall> untrusted() {
        if (trustFault.isEmpty()) {
            trustFault = Optional.of(trust.fault(facts.chain()));
        }
        return trustFault.get().map(TlsAchieved::shortfall);
    }

    private Optional<TlsShortfall> misnamed(List<String> names) {
        return ServerTrust.nameFault(facts.chain().getFirst(), names).map(TlsAchieved::shortfall);
    }

    private static TlsShortfall shortfall(CertificateFault fault) {
        return TlsShortfall.notProven(TlsFailure.of(fault.kind()), fault.text());
    }

    private Optional<TlsShortfall> mismatched(DaneAnswer.Usable records, Instant now) {
        return records.check()
                .problem(facts.chain(), now)
                .map(text -> TlsShortfall.notProven(TlsFailure.VALIDATION_FAILURE, text));
    }

    /// A certificate of ours is shown at the beginning of a session or not at all.
    private Optional<TlsShortfall> strange(TlsPolicy policy) {
        boolean isOther =
                policy.certificate().isPresent()
                        && policy.mayUseTls()
                        && !isPlain()
                        && !policy.certificate().equals(facts.shown());
        return isOther
                ? Optional.of(
                        TlsShortfall.notProven(
                                TlsFailure.VALIDATION_FAILURE,
                                "the session began with another certificate of ours"))
                : Optional.empty();
    }

    private Optional<TlsShortfall> notPassedOn(TlsPolicy policy) {
        return policy.isRequireTls() && !facts.offersRequireTls()
                ? Optional.of(TlsShortfall.noRequireTls("REQUIRETLS is not offered"))
                : Optional.empty();
    }
}
