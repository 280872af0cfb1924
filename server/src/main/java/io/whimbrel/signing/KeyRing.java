package io.whimbrel.signing;

import io.whimbrel.dkim.Labels;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.DomainName;
import io.whimbrel.signing.RuleBook.Candidate;
import io.whimbrel.signing.Signing.Shelf;
import io.whimbrel.signing.Signing.Succession;
import io.whimbrel.signing.Signing.Successor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The keys of a rule book, as they are now. Immutable, apart from what the shelf does;
/// thread-safe.
///
/// Keys in files are read when it is made; others, and those whose file depends on the domain, when
/// they are needed, on the thread that needs them.
final class KeyRing {
    /// In the path of a file: the domain that signs.
    static final String DOMAIN = "{domain}";

    private final Shelf shelf;
    private final Succession succession;
    private final Map<DkimRule, Named> read = new HashMap<>();

    /// A key, its name, and the domain that signs with it.
    record Named(String domain, String selector, SigningKey key) {
        private Named of(String other) {
            return other.equals(domain) ? this : new Named(other, selector, key);
        }
    }

    private KeyRing(Shelf shelf, Succession succession) {
        this.shelf = shelf;
        this.succession = succession;
    }

    /// @throws IOException where files cannot be used, a line each
    static KeyRing open(RuleBook book, Shelf shelf, Succession succession) throws IOException {
        var ring = new KeyRing(shelf, succession);
        List<String> problems = new ArrayList<>();
        for (DkimRule rule : book.rules()) {
            try {
                ring.read(rule);
            } catch (IOException e) {
                problems.add("[[dkim]] " + rule + ": " + e.getMessage());
            }
        }
        book.sealer().ifPresent(sealer -> ring.readSealer(sealer, problems));
        if (problems.isEmpty()) {
            ring.conflicts(book, problems);
        }
        if (!problems.isEmpty()) {
            throw new IOException(String.join("\n", problems));
        }
        return ring;
    }

    /// The same book with the keys that are there now; of a rule whose key cannot be used the one
    /// before goes on signing.
    ///
    /// @param problems to which those are added, a line each
    KeyRing renewed(RuleBook book, Shelf from, Succession now, List<String> problems) {
        var ring = new KeyRing(from, now);
        List<DkimRule> rules = new ArrayList<>(book.rules());
        book.sealer().ifPresent(sealer -> rules.add(sealer.rule()));
        for (DkimRule rule : rules) {
            try {
                ring.read(rule);
            } catch (IOException e) {
                problems.add(rule + ": " + e.getMessage());
                Optional.ofNullable(read.get(rule)).ifPresent(named -> ring.read.put(rule, named));
            }
        }
        return ring;
    }

    private void read(DkimRule rule) throws IOException {
        if (rule.domain().isPresent()) {
            String domain = rule.domain().get().value();
            Successor now = successor(rule, domain);
            if (now.place() instanceof KeyPlace.File) {
                read.put(rule, named(rule, domain));
            }
        } else if (rule.key() instanceof KeyPlace.File(Path path)
                && !path.toString().contains(DOMAIN)) {
            read.put(rule, new Named("", rule.selector(), shelf.key(rule.key())));
        }
    }

    private void readSealer(Candidate sealer, List<String> problems) {
        try {
            read(sealer.rule());
            Optional<Named> known = atHand(sealer);
            if (known.isPresent()) {
                checkSealer(known.get());
            }
        } catch (IOException e) {
            problems.add("[arc] " + sealer.rule() + ": " + e.getMessage());
        }
    }

    /// RFC 8617 §4.1.3: `a` of a seal is rsa-sha256.
    ///
    /// @throws IOException where it cannot seal
    static void checkSealer(Named named) throws IOException {
        if (named.key().algorithm() != KeyAlgorithm.RSA) {
            throw new IOException(
                    ("the key is %s, and ARC is sealed by rsa-sha256 alone; make one:"
                                    + " whimbrel dkim gen %s --algorithm rsa2048")
                            .formatted(named.key(), named.domain()));
        }
    }

    /// Two keys of one kind for the same mail: nobody could tell which signs.
    private void conflicts(RuleBook book, List<String> problems) {
        Map<String, DkimRule> first = new HashMap<>();
        for (DkimRule rule : book.rules()) {
            Named named = read.get(rule);
            if (named == null || !rule.isAuthors()) {
                continue;
            }
            String same =
                    rule.domain().map(DomainName::value).orElse("*")
                            + " "
                            + named.key().algorithm()
                            + " "
                            + rule.scope();
            DkimRule other = first.putIfAbsent(same, rule);
            if (other != null) {
                problems.add(
                        "[[dkim]] %s and %s are of one kind (%s) and for the same mail; remove one,"
                                        .formatted(rule, other, named.key().algorithm().keyType())
                                + " or say in tenants or classes which mail each is for; to replace"
                                + " a key: whimbrel dkim rotate");
            }
        }
    }

    private Successor successor(DkimRule rule, String domain) {
        KeyPlace place = rule.key();
        if (place instanceof KeyPlace.File(Path path) && path.toString().contains(DOMAIN)) {
            place = new KeyPlace.File(Path.of(path.toString().replace(DOMAIN, domain)));
        }
        return succession.current(domain, rule.selector(), place);
    }

    /// The key where it need not be asked for.
    Optional<Named> atHand(Candidate candidate) {
        DkimRule rule = candidate.rule();
        // One file for every domain: each may have another in its place by now.
        boolean isReplaced =
                rule.domain().isEmpty()
                        && !successor(rule, candidate.domain()).place().equals(rule.key());
        return isReplaced
                ? Optional.empty()
                : Optional.ofNullable(read.get(rule)).map(named -> named.of(candidate.domain()));
    }

    /// The key; may block. Empty where the rule is for every domain and has none for this one.
    ///
    /// @throws IOException where it cannot be had
    Optional<Named> key(Candidate candidate) throws IOException {
        Optional<Named> known = atHand(candidate);
        if (known.isPresent()) {
            return known;
        }
        if (candidate.rule().domain().isPresent()) {
            return Optional.of(named(candidate.rule(), candidate.domain()));
        }
        for (String domain = candidate.domain();
                Labels.isQualified(domain);
                domain = Labels.parent(domain)) {
            Successor now = successor(candidate.rule(), domain);
            // A folder that cannot be looked into is no reason to leave unsigned.
            if (!(now.place() instanceof KeyPlace.File(Path path)) || !Files.notExists(path)) {
                return Optional.of(named(candidate.rule(), domain));
            }
        }
        return Optional.empty();
    }

    private Named named(DkimRule rule, String domain) throws IOException {
        Successor now = successor(rule, domain);
        return new Named(domain, now.selector(), shelf.key(now.place()));
    }
}
