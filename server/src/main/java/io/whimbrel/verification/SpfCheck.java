package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;
import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.PointerAnswer;
import io.whimbrel.dns.TextAnswer;
import io.whimbrel.verification.SpfPolicy.Directive;
import io.whimbrel.verification.SpfPolicy.SpfTerm;
import io.whimbrel.verification.SpfPolicy.SpfTerm.Prefixes;
import io.whimbrel.verification.SpfVerdict.SpfResult;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// The check_host() function (RFC 7208 §4) for one client. Confined to one thread, used once.
///
/// Bounds (RFC 7208 §4.6.4): ten terms that ask the DNS, two answers with nothing in them, ten
/// hosts of an MX, ten names of an address; beyond the first three a policy is in error, beyond the
/// last names are not looked at. Of what a term asks, only its first question can be counted as
/// empty, for hosts without an address of the client's family are no mistake. After [#TIME_MAX] no
/// more is asked, which is a temporary error.
final class SpfCheck {
    static final Duration TIME_MAX = Duration.ofSeconds(20);
    private static final int ASKING_TERMS_MAX = 10;
    private static final int EMPTY_ANSWERS_MAX = 2;
    private static final int HOSTS_MAX = 10;
    private static final int EXPLANATION_MAX = 512;
    private static final String UNKNOWN = "unknown";

    private final Lookups lookups;
    private final SpfClient client;
    private final InstantSource clock;
    private final Instant deadline;
    private final MacroValues macros;
    private int askingTerms;
    private int emptyAnswers;
    private String currentDomain;
    private Optional<List<String>> validated = Optional.empty();

    /// What became of one term.
    private enum Match {
        YES,
        NO,
        TEMPERROR,
        PERMERROR
    }

    /// What became of one policy.
    ///
    /// @param explanation where the text for a failure is found, and as macros of which domain
    private record Outcome(
            SpfResult result, String cause, Optional<MacroText> explanation, String domain) {

        static Outcome of(SpfResult result, String cause) {
            return new Outcome(result, cause, Optional.empty(), "");
        }
    }

    private SpfCheck(Lookups lookups, SpfClient client, String receiver, InstantSource clock) {
        this.lookups = lookups;
        this.client = client;
        this.clock = clock;
        Instant now = clock.instant();
        this.deadline = now.plus(TIME_MAX);
        this.currentDomain = client.domain();
        this.macros = new MacroValues(client, this::validatedName, receiver, now.getEpochSecond());
    }

    /// @param receiver our own name, which policies may put into explanations
    static SpfVerdict run(Lookups lookups, SpfClient client, String receiver, InstantSource clock) {
        var check = new SpfCheck(lookups, client, receiver, clock);
        Outcome outcome = check.checkHost(client.domain());
        String explanation = "";
        if (outcome.result() == SpfResult.FAIL && outcome.explanation().isPresent()) {
            explanation = check.explanation(outcome.explanation().get(), outcome.domain());
        }
        return new SpfVerdict(
                outcome.result(),
                client.isHelo(),
                client.identity(),
                client.domain(),
                explanation,
                outcome.cause());
    }

    private Outcome checkHost(String domain) {
        if (!Labels.isQualified(domain)) {
            return Outcome.of(SpfResult.NONE, "no domain name");
        }
        if (isLate()) {
            return Outcome.of(SpfResult.TEMPERROR, "out of time");
        }
        return switch (lookups.text(domain)) {
            case TextAnswer.Texts(List<String> texts, Duration _) -> evaluate(domain, texts);
            case TextAnswer.NoText _, TextAnswer.NoSuchDomain _ ->
                    Outcome.of(SpfResult.NONE, "no policy");
            case TextAnswer.TemporaryFailure _ ->
                    Outcome.of(SpfResult.TEMPERROR, "no answer for " + domain);
        };
    }

    private Outcome evaluate(String domain, List<String> texts) {
        List<String> policies = texts.stream().filter(SpfReader::isPolicy).toList();
        if (policies.isEmpty()) {
            return Outcome.of(SpfResult.NONE, "no policy");
        }
        if (policies.size() > 1) {
            return Outcome.of(SpfResult.PERMERROR, "several policies of " + domain);
        }
        return switch (SpfReader.read(policies.getFirst())) {
            case SpfReader.Reading.Bad(String term) ->
                    Outcome.of(SpfResult.PERMERROR, "cannot read " + term);
            case SpfReader.Reading.Good(SpfPolicy policy) -> evaluate(domain, policy);
        };
    }

    private Outcome evaluate(String domain, SpfPolicy policy) {
        for (Directive directive : policy.directives()) {
            currentDomain = domain;
            switch (match(directive.term(), domain)) {
                case YES -> {
                    return new Outcome(
                            directive.qualifier(), directive.text(), policy.explanation(), domain);
                }
                case NO -> {}
                case TEMPERROR -> {
                    return Outcome.of(SpfResult.TEMPERROR, "no answer for " + directive.text());
                }
                case PERMERROR -> {
                    return Outcome.of(
                            SpfResult.PERMERROR, "too much, or amiss: " + directive.text());
                }
            }
        }
        return policy.redirect()
                .map(target -> redirect(target, domain))
                .orElseGet(() -> Outcome.of(SpfResult.NEUTRAL, "no term matches"));
    }

    private Outcome redirect(MacroText target, String domain) {
        if (isOneTermTooMany()) {
            return Outcome.of(SpfResult.PERMERROR, "too many terms that ask the DNS");
        }
        Outcome outcome = checkHost(macros.expandName(target, domain));
        return outcome.result() == SpfResult.NONE
                ? Outcome.of(SpfResult.PERMERROR, "redirect to a domain without policy")
                : outcome;
    }

    private Match match(SpfTerm term, String domain) {
        return switch (term) {
            case SpfTerm.All _ -> Match.YES;
            case SpfTerm.Block(AddressBlock block) ->
                    block.contains(client.address()) ? Match.YES : Match.NO;
            case SpfTerm.Include(MacroText target) ->
                    ask(macros.expandName(target, domain), this::include);
            case SpfTerm.A(Optional<MacroText> target, Prefixes prefixes) ->
                    ask(target(target, domain), name -> a(name, prefixes, true));
            case SpfTerm.Mx(Optional<MacroText> target, Prefixes prefixes) ->
                    ask(target(target, domain), name -> mx(name, prefixes));
            case SpfTerm.Ptr(Optional<MacroText> target) -> ask(target(target, domain), this::ptr);
            case SpfTerm.Exists(MacroText target) ->
                    ask(macros.expandName(target, domain), this::exists);
        };
    }

    private String target(Optional<MacroText> target, String domain) {
        return target.map(it -> macros.expandName(it, domain)).orElse(domain);
    }

    /// What a term asks of one name.
    @FunctionalInterface
    private interface Question {
        Match of(String name);
    }

    /// A name that the DNS cannot hold matches nothing (RFC 7208 §4.3, §4.8).
    private Match ask(String name, Question question) {
        if (isOneTermTooMany()) {
            return Match.PERMERROR;
        }
        if (isLate()) {
            return Match.TEMPERROR;
        }
        return Labels.isName(name) ? question.of(name) : Match.NO;
    }

    private boolean isOneTermTooMany() {
        return ++askingTerms > ASKING_TERMS_MAX;
    }

    private boolean isLate() {
        return !clock.instant().isBefore(deadline) || Thread.currentThread().isInterrupted();
    }

    private Match emptyAnswer() {
        return ++emptyAnswers > EMPTY_ANSWERS_MAX ? Match.PERMERROR : Match.NO;
    }

    private Match include(String name) {
        return switch (checkHost(name).result()) {
            case PASS -> Match.YES;
            case FAIL, SOFTFAIL, NEUTRAL -> Match.NO;
            case TEMPERROR -> Match.TEMPERROR;
            case PERMERROR, NONE -> Match.PERMERROR;
        };
    }

    private Match a(String name, Prefixes prefixes, boolean isCounted) {
        int bits = isIpv6() ? prefixes.ipv6() : prefixes.ipv4();
        return switch (addresses(name)) {
            case AddressAnswer.Addresses(List<InetAddress> found, var _, var _, var _) ->
                    contains(found, bits) ? Match.YES : Match.NO;
            case AddressAnswer.NoAddress _, AddressAnswer.NoSuchDomain _ ->
                    isCounted ? emptyAnswer() : Match.NO;
            case AddressAnswer.TemporaryFailure _ -> Match.TEMPERROR;
        };
    }

    private Match mx(String name, Prefixes prefixes) {
        return switch (lookups.mx(name)) {
            case MxAnswer.Hosts(List<MxAnswer.MxHost> hosts, var _, var _, var _) ->
                    mxHosts(hosts, prefixes);
            case MxAnswer.NullMx _ -> Match.NO;
            case MxAnswer.NoMx _, MxAnswer.NoSuchDomain _ -> emptyAnswer();
            case MxAnswer.TemporaryFailure _ -> Match.TEMPERROR;
        };
    }

    private Match mxHosts(List<MxAnswer.MxHost> hosts, Prefixes prefixes) {
        if (hosts.size() > HOSTS_MAX) {
            return Match.PERMERROR;
        }
        for (MxAnswer.MxHost host : hosts) {
            Match match = isLate() ? Match.TEMPERROR : a(host.host(), prefixes, false);
            if (match != Match.NO) {
                return match;
            }
        }
        return Match.NO;
    }

    private Match exists(String name) {
        return switch (lookups.ipv4(name)) {
            case AddressAnswer.Addresses _ -> Match.YES;
            case AddressAnswer.NoAddress _, AddressAnswer.NoSuchDomain _ -> emptyAnswer();
            case AddressAnswer.TemporaryFailure _ -> Match.TEMPERROR;
        };
    }

    private Match ptr(String target) {
        for (String name : validated()) {
            if (Labels.isWithin(name, target)) {
                return Match.YES;
            }
        }
        return Match.NO;
    }

    /// The names of the client that have its address (RFC 7208 §5.5); failures are no names.
    private List<String> validated() {
        List<String> known =
                validated.orElseGet(() ->
                        switch (lookups.names(client.address())) {
                            case PointerAnswer.Names(List<String> names, Duration _) ->
                                    names.stream().limit(HOSTS_MAX).filter(this::isOurs).toList();
                            case PointerAnswer.NoName _, PointerAnswer.TemporaryFailure _ ->
                                    List.of();
                        });
        validated = Optional.of(known);
        return known;
    }

    private boolean isOurs(String name) {
        return !isLate()
                && addresses(name)
                        instanceof AddressAnswer.Addresses(var found, var _, var _, var _)
                && found.contains(client.address());
    }

    /// For the macro `p`: the domain itself first, then what lies below it, then any (RFC 7208
    /// §7.3).
    private String validatedName() {
        List<String> names = isLate() ? List.of() : validated();
        if (names.contains(currentDomain)) {
            return currentDomain;
        }
        for (String name : names) {
            if (Labels.isWithin(name, currentDomain)) {
                return name;
            }
        }
        return names.isEmpty() ? UNKNOWN : names.getFirst();
    }

    private boolean isIpv6() {
        return client.address() instanceof Inet6Address;
    }

    private AddressAnswer addresses(String name) {
        return isIpv6() ? lookups.ipv6(name) : lookups.ipv4(name);
    }

    private boolean contains(List<InetAddress> found, int bits) {
        for (InetAddress address : found) {
            if (AddressBlock.of(address, bits).contains(client.address())) {
                return true;
            }
        }
        return false;
    }

    /// `""` where there is none, or one that is amiss (RFC 7208 §6.2).
    private String explanation(MacroText where, String domain) {
        currentDomain = domain;
        String name = macros.expandName(where, domain);
        if (!Labels.isName(name) || isLate()) {
            return "";
        }
        if (!(lookups.text(name) instanceof TextAnswer.Texts(List<String> texts, Duration _))
                || texts.size() != 1) {
            return "";
        }
        return MacroText.parseExplanation(texts.getFirst())
                .map(text -> macros.expand(text, domain))
                .filter(SpfCheck::isPrintable)
                .map(text -> text.substring(0, Math.min(text.length(), EXPLANATION_MAX)))
                .orElse("");
    }

    private static boolean isPrintable(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < ' ' || text.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }
}
