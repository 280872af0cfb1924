package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.TlsPolicy.Basis;
import io.whimbrel.transport.TlsPolicy.Demand;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Decides what a message needs of a session with a host. Thread-safe. What beats what is
/// [TlsPolicy.Basis], in `docs/operations/tls-out.md` as a table.
public final class TlsPolicies {
    private final TlsOutSettings settings;
    private final Map<String, TlsLevel> byProvider = new HashMap<>();
    private final Function<DomainName, StsAnswer> sts;
    private final DaneAnswer.Source dane;

    /// @param byProvider what provider files say, as [TlsLevel#text] gives it
    /// @param sts what is known of a domain's policy; may block for a few seconds
    public TlsPolicies(
            TlsOutSettings settings,
            Map<String, String> byProvider,
            Function<DomainName, StsAnswer> sts,
            DaneAnswer.Source dane) {
        this.settings = settings;
        byProvider.forEach((name, word) ->
                TlsLevel.parse(word).ifPresent(level -> this.byProvider.put(name, level)));
        this.sts = sts;
        this.dane = dane;
    }

    /// What holds for a domain's mail whatever the host. May block for a few seconds where the
    /// domain has just become known.
    ///
    /// @param provider whose hosts take its mail; `""` where nobody knows
    public DomainTls forDomain(
            DomainName domain, String provider, TlsRequirement asked, boolean isByMx) {
        Optional<TlsRule> rule = Optional.empty();
        for (TlsRule one : settings.rules()) {
            if (rule.isEmpty() && one.matches(domain, provider)) {
                rule = Optional.of(one);
            }
        }
        TlsLevel byDefault = byDefault(provider);
        TlsLevel level = rule.map(TlsRule::level).orElse(byDefault);
        boolean isAsked =
                level == TlsLevel.MTA_STS
                        || (settings.mtaSts() && (rule.isEmpty() || isRequired(asked)));
        boolean isUseful =
                isByMx && isAsked && asked != TlsRequirement.OPTIONAL && !domain.isLiteral();
        return new DomainTls(
                domain,
                asked,
                rule,
                isUseful ? sts.apply(domain) : new StsAnswer.None(),
                byDefault);
    }

    /// What holds where nothing else says anything. An operator who asks for more, or less, than
    /// MAY of all hosts means it.
    private TlsLevel byDefault(String provider) {
        TlsLevel ofAll = settings.level();
        return ofAll == TlsLevel.MAY ? byProvider.getOrDefault(provider, ofAll) : ofAll;
    }

    /// What holds for a session with `host`. May block while TLSA records are asked for.
    public TlsPolicy forHost(DomainTls domain, HostPlace host) {
        Optional<CertificateFiles> certificate =
                domain.rule().flatMap(TlsRule::certificate).or(settings::certificate);
        TlsPolicy policy =
                switch (domain.asked()) {
                    case REQUIRED -> required(domain, host);
                    // The message may do without TLS, the secret of the route may not.
                    case OPTIONAL -> host.learnsSecret() ? unasked(domain, host) : optional(domain);
                    case UNSPECIFIED -> unasked(domain, host);
                };
        return policy.withCertificate(certificate);
    }

    private static boolean isRequired(TlsRequirement asked) {
        return asked == TlsRequirement.REQUIRED;
    }

    private TlsPolicy optional(DomainTls domain) {
        boolean isPlain =
                domain.rule().map(TlsRule::level).orElse(domain.byDefault()) == TlsLevel.NONE;
        return TlsPolicy.of(isPlain ? new Demand.None() : new Demand.May(), Basis.HEADER);
    }

    /// RFC 8689 §4.2.1: the host's name is known for sure, and proven.
    private TlsPolicy required(DomainTls domain, HostPlace host) {
        TlsPolicy otherwise = unasked(domain, host);
        // To a program on this machine it is delivered, not relayed (RFC 8689 §4.4).
        if (host.isThisMachine() || otherwise.demand() instanceof Demand.Impossible) {
            return otherwise;
        }
        boolean isSure =
                switch (otherwise.demand()) {
                    case Demand.Dane _, Demand.Sts _ -> true;
                    case Demand.Verify(List<String> names) ->
                            host.isNameSure() || areOfRule(names, domain);
                    case Demand.None _, Demand.May _, Demand.Encrypt _, Demand.Impossible _ ->
                            host.isNameSure();
                };
        if (isSure && otherwise.isVerified()) {
            return otherwise.requiringTls();
        }
        if (host.isNameSure() && !host.name().isEmpty()) {
            return TlsPolicy.of(new Demand.Verify(List.of(host.name())), Basis.MESSAGE)
                    .requiringTls();
        }
        return switch (domain.sts()) {
            case StsAnswer.Found(StsPolicy policy) ->
                    policy.mode() == StsPolicy.Mode.NONE
                            ? unproven(domain)
                            : TlsPolicy.of(new Demand.Sts(policy), Basis.MESSAGE).requiringTls();
            case StsAnswer.None _ -> unproven(domain);
            case StsAnswer.Unknown(String why) -> unknown(why);
            case StsAnswer.Broken(TlsFailure _, String text) -> unknown(text);
        };
    }

    /// Another demand may go before the rule.
    private static boolean areOfRule(List<String> names, DomainTls domain) {
        return domain.rule()
                .filter(rule -> !rule.names().isEmpty() && rule.names().equals(names))
                .isPresent();
    }

    /// For good: only where it is known that nobody vouches for the host.
    private static TlsPolicy unproven(DomainTls domain) {
        String text = "neither DNSSEC nor MTA-STS says that this host takes mail for ";
        return impossible(TlsShortfall.noRequireTls(text + domain.domain()), Basis.MESSAGE);
    }

    private static TlsPolicy unknown(String why) {
        return impossible(
                TlsShortfall.notProven(
                        TlsFailure.VALIDATION_FAILURE,
                        "whether MTA-STS vouches for this host is not known now: " + why),
                Basis.MESSAGE);
    }

    private TlsPolicy unasked(DomainTls domain, HostPlace host) {
        if (host.namedBy() == NamedBy.SOCKET) {
            return TlsPolicy.of(new Demand.None(), Basis.DEFAULT);
        }
        if (host.level().isPresent()) {
            return byLevel(host.level().get(), List.of(), domain, host, Basis.RULE);
        }
        if (host.learnsSecret()) {
            return forLogin(domain, host);
        }
        if (domain.rule().isPresent()) {
            TlsRule rule = domain.rule().get();
            return byLevel(rule.level(), rule.names(), domain, host, Basis.RULE);
        }
        boolean isOfProvider = domain.byDefault() != settings.level();
        Basis basis = isOfProvider ? Basis.PROVIDER : Basis.DEFAULT;
        TlsPolicy byDefault = byLevel(domain.byDefault(), List.of(), domain, host, basis);
        if (domain.byDefault() == TlsLevel.NONE) {
            return byDefault;
        }
        Optional<TlsPolicy> byDane =
                settings.dane() ? byDane(domain, host, Basis.DANE) : Optional.<TlsPolicy>empty();
        if (byDane.isPresent()) {
            return byDane.get();
        }
        return settings.mtaSts() ? bySts(domain, host, byDefault, Basis.MTA_STS) : byDefault;
    }

    /// A rule or default that asks for less of all hosts has not this one in mind.
    private TlsPolicy forLogin(DomainTls domain, HostPlace host) {
        Optional<TlsRule> strict =
                domain.rule()
                        .filter(rule ->
                                rule.level() == TlsLevel.VERIFY
                                        || rule.level() == TlsLevel.DANE_ONLY);
        if (strict.isPresent()) {
            TlsRule rule = strict.get();
            return byLevel(rule.level(), rule.names(), domain, host, Basis.RULE);
        }
        DaneAnswer found = settings.dane() ? answer(domain, host) : new DaneAnswer.None();
        return switch (found) {
            case DaneAnswer.Usable usable -> TlsPolicy.of(new Demand.Dane(usable), Basis.DANE);
            case DaneAnswer.Failed(String text) ->
                    impossible(TlsShortfall.notProven(TlsFailure.DNSSEC_INVALID, text), Basis.DANE);
            case DaneAnswer.None _, DaneAnswer.Unusable _ -> verify(List.of(), host, Basis.LOGIN);
        };
    }

    private TlsPolicy byLevel(
            TlsLevel level, List<String> names, DomainTls domain, HostPlace host, Basis basis) {
        TlsPolicy may = TlsPolicy.of(new Demand.May(), basis);
        return switch (level) {
            case NONE -> TlsPolicy.of(new Demand.None(), basis);
            case MAY -> may;
            case ENCRYPT -> TlsPolicy.of(new Demand.Encrypt(), basis);
            case VERIFY -> verify(names, host, basis);
            case DANE -> byDane(domain, host, basis).orElse(may);
            case DANE_ONLY -> daneOnly(domain, host, basis);
            case MTA_STS -> bySts(domain, host, may, basis);
        };
    }

    private static TlsPolicy verify(List<String> names, HostPlace host, Basis basis) {
        if (names.isEmpty() && host.name().isEmpty()) {
            return impossible(
                    TlsShortfall.notProven(
                            TlsFailure.CERTIFICATE_HOST_MISMATCH,
                            "the host has only an address, and no certificate is verified for that"
                                    + " (remedy: names in [[tls-policy]])"),
                    basis);
        }
        List<String> wanted = names.isEmpty() ? List.of(host.name()) : names;
        return TlsPolicy.of(new Demand.Verify(wanted), basis);
    }

    private TlsPolicy daneOnly(DomainTls domain, HostPlace host, Basis basis) {
        DaneAnswer answer = answer(domain, host);
        if (answer instanceof DaneAnswer.Usable usable) {
            return TlsPolicy.of(new Demand.Dane(usable), basis);
        }
        String text =
                switch (answer) {
                    case DaneAnswer.Failed(String why) -> why;
                    case DaneAnswer.Unusable _ -> "none of its TLSA records can be used";
                    case DaneAnswer.None _, DaneAnswer.Usable _ -> "it has no signed TLSA records";
                };
        return impossible(TlsShortfall.notProven(TlsFailure.DANE_REQUIRED, text), basis);
    }

    private Optional<TlsPolicy> byDane(DomainTls domain, HostPlace host, Basis basis) {
        return switch (answer(domain, host)) {
            case DaneAnswer.None _ -> Optional.empty();
            case DaneAnswer.Usable usable ->
                    Optional.of(TlsPolicy.of(new Demand.Dane(usable), basis));
            case DaneAnswer.Unusable _ -> Optional.of(TlsPolicy.of(new Demand.Encrypt(), basis));
            case DaneAnswer.Failed(String text) ->
                    Optional.of(
                            impossible(
                                    TlsShortfall.notProven(TlsFailure.DNSSEC_INVALID, text),
                                    basis));
        };
    }

    private DaneAnswer answer(DomainTls domain, HostPlace host) {
        if (!host.isNameSure() || host.name().isEmpty()) {
            return new DaneAnswer.None();
        }
        Optional<DomainName> ofMail =
                host.isOfDomain() ? Optional.of(domain.domain()) : Optional.empty();
        return dane.of(ofMail, host.name(), host.port());
    }

    /// It names the domain's own hosts; of another that the operator names it says nothing.
    private static TlsPolicy bySts(
            DomainTls domain, HostPlace host, TlsPolicy otherwise, Basis basis) {
        if (!host.isOfDomain() || !(domain.sts() instanceof StsAnswer.Found(StsPolicy policy))) {
            return otherwise;
        }
        return switch (policy.mode()) {
            case NONE -> otherwise;
            case TESTING -> otherwise.observing(policy);
            case ENFORCE -> TlsPolicy.of(new Demand.Sts(policy), basis);
        };
    }

    private static TlsPolicy impossible(TlsShortfall why, Basis basis) {
        return TlsPolicy.of(new Demand.Impossible(why), basis);
    }
}
