package io.whimbrel.signing;

import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.Labels;
import io.whimbrel.dkim.TagList;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.MailStream;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which rules are for a message, whatever their keys are. Immutable.
///
/// The author's own domain signs by the rules of the longest domain that has any for this mail, and
/// else by those for every domain; others sign in addition where their `authors` say so.
final class RuleBook {
    /// Of a From field with more domains than this, the first count.
    private static final int AUTHORS_MAX = 4;

    private static final String FIELD = "dkim-signature";

    private final List<DkimRule> rules;
    private final Optional<ArcSettings> arc;
    private final Map<String, List<DkimRule>> own = new HashMap<>();
    private final List<DkimRule> ownOfAll = new ArrayList<>();
    private final Map<String, List<DkimRule>> othersExactly = new HashMap<>();
    private final Map<String, List<DkimRule>> othersBelow = new HashMap<>();
    private final List<DkimRule> othersOfAll = new ArrayList<>();

    /// A rule that is for a message.
    ///
    /// @param domain that is to sign
    record Candidate(DkimRule rule, String domain) {}

    /// @param arc what seals
    RuleBook(List<DkimRule> rules, Optional<ArcSettings> arc) {
        this.rules = List.copyOf(rules);
        this.arc = arc;
        for (DkimRule rule : rules) {
            if (rule.isAuthors()) {
                rule.domain()
                        .ifPresentOrElse(
                                domain -> put(own, domain, rule), () -> ownOfAll.add(rule));
            } else {
                rule.scope().authors().forEach(pattern -> addOther(pattern, rule));
            }
        }
    }

    private void addOther(DomainPattern pattern, DkimRule rule) {
        switch (pattern) {
            case DomainPattern.Every() -> othersOfAll.add(rule);
            case DomainPattern.Exactly(DomainName domain) -> put(othersExactly, domain, rule);
            case DomainPattern.Below(DomainName apex) -> put(othersBelow, apex, rule);
        }
    }

    private static void put(Map<String, List<DkimRule>> table, DomainName domain, DkimRule rule) {
        table.computeIfAbsent(domain.value(), _ -> new ArrayList<>(2)).add(rule);
    }

    List<DkimRule> rules() {
        return rules;
    }

    Optional<ArcSettings> arc() {
        return arc;
    }

    /// The key that seals.
    Optional<Candidate> sealer() {
        return arc.map(it -> new Candidate(it.rule(), it.domain().value()));
    }

    /// Neither signs nor seals anything.
    boolean isEmpty() {
        return rules.isEmpty() && arc.isEmpty();
    }

    /// @param authors domains of From
    /// @return each pair once
    List<Candidate> candidates(List<String> authors, MailStream stream, HeaderFields header) {
        Set<Candidate> found = new LinkedHashSet<>();
        for (String author : authors.subList(0, Math.min(AUTHORS_MAX, authors.size()))) {
            own(author, stream, found);
            others(author, stream, found);
        }
        if (found.stream().anyMatch(one -> !one.rule().scope().isAlways())) {
            Set<String> signed = signed(header);
            found.removeIf(one -> !one.rule().scope().isAlways() && signed.contains(one.domain()));
        }
        return List.copyOf(found);
    }

    private void own(String author, MailStream stream, Set<Candidate> found) {
        for (String domain = author; !domain.isEmpty(); domain = Labels.parent(domain)) {
            boolean isFound = false;
            boolean isAuthor = domain.equals(author);
            for (DkimRule rule : own.getOrDefault(domain, List.of())) {
                if ((isAuthor || rule.scope().hasSubdomains()) && rule.scope().isFor(stream)) {
                    found.add(new Candidate(rule, domain));
                    isFound = true;
                }
            }
            if (isFound) {
                return;
            }
        }
        addAll(ownOfAll, author, stream, found);
    }

    private void others(String author, MailStream stream, Set<Candidate> found) {
        addAll(othersExactly.getOrDefault(author, List.of()), author, stream, found);
        String apex = Labels.parent(author);
        while (!apex.isEmpty()) {
            addAll(othersBelow.getOrDefault(apex, List.of()), author, stream, found);
            apex = Labels.parent(apex);
        }
        addAll(othersOfAll, author, stream, found);
    }

    private static void addAll(
            List<DkimRule> rules, String author, MailStream stream, Set<Candidate> found) {
        for (DkimRule rule : rules) {
            if (rule.scope().isFor(stream)) {
                String domain = rule.domain().map(DomainName::value).orElse(author);
                found.add(new Candidate(rule, domain));
            }
        }
    }

    /// Domains whose signature is there, good or not.
    private static Set<String> signed(HeaderFields header) {
        Set<String> domains = new LinkedHashSet<>();
        for (HeaderField field : header.named(FIELD)) {
            Optional<String> domain = TagList.parse(field.value()).flatMap(it -> it.find("d"));
            domain.map(Labels::normal).ifPresent(domains::add);
        }
        return domains;
    }
}
