package io.whimbrel.verification;

import io.whimbrel.dkim.AuthorDomains;
import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.Labels;
import io.whimbrel.verification.DmarcVerdict.DmarcPolicy;
import io.whimbrel.verification.DmarcVerdict.DmarcResult;
import io.whimbrel.verification.DmarcWalk.Step;
import io.whimbrel.verification.DmarcWalk.Way;
import io.whimbrel.verification.SpfVerdict.SpfResult;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// DMARC for one message (RFC 9989 §5.3). Confined to one thread: made when the header is known,
/// and asked when SPF and DKIM are.
///
/// Policies are looked for while the body comes in. A From field with several domains is judged by
/// each, and the worst verdict counts; beyond [#DOMAINS_MAX] nothing is.
final class DmarcCheck {
    private static final int DOMAINS_MAX = 4;

    private final DmarcWalk walk;
    private final Optional<DmarcVerdict> early;
    private final Optional<Pending<List<Author>>> authors;

    /// A domain of the From field.
    ///
    /// @param isMissing the DNS does not have it; only found out where the policy cares
    private record Author(String domain, Way way, boolean isMissing) {}

    DmarcCheck(HeaderFields header, Lookups lookups, InstantSource clock) {
        this.walk = new DmarcWalk(lookups, clock);
        List<HeaderField> from = header.named("from");
        if (from.size() != 1) {
            String reason = from.isEmpty() ? "no From field" : "several From fields";
            this.early = Optional.of(DmarcVerdict.unreadable(from.size(), reason));
            this.authors = Optional.empty();
            return;
        }
        AuthorDomains.Found found = AuthorDomains.of(from.getFirst());
        List<String> domains = found.domains();
        if (domains.isEmpty() || !found.isWhole() || domains.size() > DOMAINS_MAX) {
            this.early = Optional.of(DmarcVerdict.unreadable(1, "no author can be told from From"));
            this.authors = Optional.empty();
            return;
        }
        this.early = Optional.empty();
        this.authors = Optional.of(new Pending<>("dmarc-lookup", () -> look(domains)));
    }

    void cancel() {
        authors.ifPresent(Pending::cancel);
    }

    private List<Author> look(List<String> domains) {
        List<Author> found = new ArrayList<>();
        for (String domain : domains) {
            Way way = walk.from(domain);
            boolean needsExistence =
                    way.own().isEmpty()
                            && way.policy()
                                    .map(Step::record)
                                    .filter(it -> it.ofMissing() != it.ofSubdomains())
                                    .isPresent();
            found.add(new Author(domain, way, needsExistence && walk.isMissing(domain)));
        }
        return found;
    }

    DmarcVerdict end(SpfVerdict spf, List<DkimVerdict> dkim) {
        if (early.isPresent()) {
            return early.get();
        }
        Optional<List<Author>> found = authors.orElseThrow().await(DmarcWalk.TIME_MAX);
        if (found.isEmpty()) {
            return new DmarcVerdict(
                    DmarcResult.TEMPERROR, "", DmarcPolicy.NONE, "", false, 1, "out of time");
        }
        DmarcVerdict worst = judge(found.get().getFirst(), spf, dkim);
        for (Author author : found.get().subList(1, found.get().size())) {
            DmarcVerdict verdict = judge(author, spf, dkim);
            worst = badness(verdict) > badness(worst) ? verdict : worst;
        }
        return worst;
    }

    private static int badness(DmarcVerdict verdict) {
        return switch (verdict.result()) {
            case PASS -> 0;
            case NONE -> 1;
            case PERMERROR -> 2;
            case TEMPERROR -> 3;
            case FAIL ->
                    switch (verdict.policy()) {
                        case NONE -> 4;
                        case QUARANTINE -> 5;
                        case REJECT -> 6;
                    };
        };
    }

    private DmarcVerdict judge(Author author, SpfVerdict spf, List<DkimVerdict> dkim) {
        Optional<Step> step = author.way().policy();
        if (step.isEmpty()) {
            return walk.hasFailed()
                    ? verdict(DmarcResult.TEMPERROR, author, step, "no answer for the policy")
                    : verdict(DmarcResult.NONE, author, step, "no policy");
        }
        DmarcRecord record = step.get().record();
        boolean isTemporary = false;
        if (isAligned(spf.domain(), author, record.isSpfStrict())) {
            if (spf.result() == SpfResult.PASS) {
                return verdict(DmarcResult.PASS, author, step, "");
            }
            isTemporary = spf.result() == SpfResult.TEMPERROR;
        }
        for (DkimVerdict signature : dkim) {
            boolean counts =
                    signature.result() == DkimResult.PASS
                            || signature.result() == DkimResult.TEMPERROR;
            if (counts && isAligned(signature.domain(), author, record.isDkimStrict())) {
                if (signature.result() == DkimResult.PASS) {
                    return verdict(DmarcResult.PASS, author, step, "");
                }
                isTemporary = true;
            }
        }
        return isTemporary || walk.hasFailed()
                ? verdict(DmarcResult.TEMPERROR, author, step, "the DNS failed")
                : verdict(DmarcResult.FAIL, author, step, "neither SPF nor DKIM for this author");
    }

    /// RFC 9989 §4.11. A domain that does not lie below the author's organization cannot belong to
    /// it, so nothing is asked for it.
    private boolean isAligned(String domain, Author author, boolean isStrict) {
        if (domain.equals(author.domain())) {
            return true;
        }
        String organization = author.way().organizationalDomain();
        return !isStrict
                && Labels.isName(domain)
                && Labels.isWithin(domain, organization)
                && walk.from(domain).organizationalDomain().equals(organization);
    }

    private static DmarcVerdict verdict(
            DmarcResult result, Author author, Optional<Step> step, String reason) {
        if (step.isEmpty()) {
            return new DmarcVerdict(
                    result, author.domain(), DmarcPolicy.NONE, "", false, 1, reason);
        }
        DmarcRecord record = step.get().record();
        DmarcPolicy policy = record.policy();
        if (!step.get().domain().equals(author.domain())) {
            policy = author.isMissing() ? record.ofMissing() : record.ofSubdomains();
        }
        return new DmarcVerdict(
                result,
                author.domain(),
                record.isTesting() ? policy.weaker() : policy,
                step.get().domain(),
                record.isTesting(),
                1,
                reason);
    }
}
