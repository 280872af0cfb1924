package io.whimbrel.signing;

import io.whimbrel.dkim.AuthorDomains;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.Labels;
import io.whimbrel.mail.AddedField;
import io.whimbrel.metrics.SigningMetrics;
import io.whimbrel.signing.Hashed.Forms;
import io.whimbrel.signing.KeptSignatures.Hashes;
import io.whimbrel.signing.KeptSignatures.Kept;
import io.whimbrel.signing.KeptSignatures.Version;
import io.whimbrel.signing.KeyRing.Named;
import io.whimbrel.signing.RuleBook.Candidate;
import io.whimbrel.signing.Signing.Current;
import io.whimbrel.signing.Slices.Slice;
import io.whimbrel.smtp.SmtpReply;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The signatures of one message while they are made. Used once, by the thread that asks; what
/// computes runs on [SigningThreads], one piece after the other.
final class Making {
    private static final SmtpReply TOO_LARGE =
            SmtpReply.of(554, 5, 6, 0, "The header is too large to be signed");

    private final Means means;
    private final Current now;
    private final Instant at;
    private final Outbound outbound;
    private final Version version;
    private final Hashes known;
    private final Hashed hashed = new Hashed(this::forms);
    private AuthorDomains.Found authors = new AuthorDomains.Found(List.of(), true, Map.of());
    private List<Candidate> candidates = List.of();
    private Optional<NextSet> next = Optional.empty();
    private List<AddedField> added = List.of();

    /// What it takes.
    record Means(
            SigningThreads threads,
            KeptSignatures kept,
            KeyTroubles troubles,
            SigningMetrics metrics) {}

    /// @param now what signs
    /// @param at the time of signatures
    Making(Means means, Current now, Instant at, Outbound outbound, Version version) {
        this.means = means;
        this.now = now;
        this.at = at;
        this.outbound = outbound;
        this.version = version;
        this.known = means.kept().hashes(version).orElse(Hashes.NONE);
    }

    /// @throws IOException where the message cannot be read
    Rendition make(Object line) throws IOException {
        try {
            var slices = new Slices(outbound.bodies().get());
            boolean isMoreWanted = true;
            while (isMoreWanted) {
                Slice slice = slices.next();
                Optional<Rendition> done =
                        means.threads().call(line, signatures -> take(slice, signatures));
                if (done.isPresent()) {
                    return done.get();
                }
                isMoreWanted = !slice.isLast() && hashed.isMoreWanted();
            }
            // A key was not at hand: whoever waits for it waits here, not on those threads.
            List<Found> found = keys();
            return means.threads().call(line, signatures -> signed(found, signatures));
        } catch (KeyMissingException e) {
            return e.rendition();
        }
    }

    /// @return what came of it; empty where more of the message, or a key, is to be had first
    private Optional<Rendition> take(Slice slice, Signatures signatures) {
        hashed.write(slice.part(), slice.from(), slice.length());
        if (!slice.isLast() && hashed.isMoreWanted()) {
            return Optional.empty();
        }
        hashed.end();
        if (hashed.header().isEmpty()) {
            return Optional.of(tooLarge());
        }
        return keysAtHand().map(found -> signed(found, signatures));
    }

    /// Who signs such a message cannot be known. A seal is never owed.
    private Rendition tooLarge() {
        boolean isOwed = !now.book().rules().isEmpty() || !outbound.added().isEmpty();
        return isOwed
                ? new Rendition.Impossible(TOO_LARGE)
                : new Rendition.Ready(new byte[0], outbound.size(), Optional.empty());
    }

    /// The header is known: so is who signs, if not yet with which key.
    private Forms forms(HeaderFields header) {
        added =
                outbound.added().stream()
                        .filter(one ->
                                one.unless().isEmpty() || header.named(one.unless()).isEmpty())
                        .toList();
        List<HeaderField> from = header.named("from");
        if (!from.isEmpty()) {
            authors = AuthorDomains.of(from.getFirst());
            candidates = now.book().candidates(authors.domains(), outbound.stream(), header);
        }
        next = now.book().arc().flatMap(arc -> NextSet.of(header, arc.authservId()));
        boolean isRelaxed = candidates.stream().anyMatch(one -> one.rule().form().bodyIsRelaxed());
        boolean isSimple = candidates.stream().anyMatch(one -> !one.rule().form().bodyIsRelaxed());
        return new Forms(
                (isRelaxed || next.isPresent()) && !known.has(true), isSimple && !known.has(false));
    }

    /// Whose keys are needed, that of the seal last.
    private List<Candidate> wanted() {
        if (next.isEmpty()) {
            return candidates;
        }
        List<Candidate> wanted = new ArrayList<>(candidates);
        wanted.add(now.book().sealer().orElseThrow());
        return wanted;
    }

    /// Keys of the candidates.
    private record Found(Candidate candidate, Named named) {}

    /// Empty where one of them may have to be waited for.
    private Optional<List<Found>> keysAtHand() {
        List<Found> found = new ArrayList<>(candidates.size());
        for (Candidate candidate : wanted()) {
            Optional<Named> named = now.ring().atHand(candidate);
            if (named.isEmpty()) {
                return Optional.empty();
            }
            found.add(new Found(candidate, named.get()));
        }
        return Optional.of(found);
    }

    private List<Found> keys() throws KeyMissingException {
        List<Found> found = new ArrayList<>(candidates.size());
        for (Candidate candidate : wanted()) {
            try {
                Optional<Named> named = now.ring().key(candidate);
                boolean isSealer = now.book().sealer().filter(candidate::equals).isPresent();
                if (isSealer && named.isPresent()) {
                    KeyRing.checkSealer(named.get());
                }
                named.ifPresent(it -> found.add(new Found(candidate, it)));
            } catch (IOException e) {
                String key = candidate.rule().selector() + " of " + candidate.domain();
                means.troubles().add(key, String.valueOf(e.getMessage()));
                throw new KeyMissingException(key, e);
            }
        }
        return found;
    }

    /// Of each domain and kind of key the one that is for the least mail.
    private List<Applied> narrowest(List<Found> found) {
        Map<String, Applied> byKind = new LinkedHashMap<>();
        for (Found one : found) {
            Named named = one.named();
            byKind.merge(
                    named.domain() + " " + named.key().algorithm(), applied(one), Making::narrower);
        }
        return List.copyOf(byKind.values());
    }

    private Applied applied(Found found) {
        Named named = found.named();
        return new Applied(
                found.candidate().rule(),
                named.domain(),
                named.selector(),
                named.key(),
                author(named.domain()));
    }

    private static Applied narrower(Applied first, Applied other) {
        boolean isNarrower = other.rule().scope().narrowness() > first.rule().scope().narrowness();
        return isNarrower ? other : first;
    }

    /// RFC 6376 §3.5: `i=` lies within `d=`.
    private Optional<String> author(String domain) {
        return authors.domains().stream()
                .filter(one -> Labels.isWithin(one, domain))
                .flatMap(one -> Optional.ofNullable(authors.addresses().get(one)).stream())
                .findFirst();
    }

    /// @param found of all that [#wanted] says
    private Rendition signed(List<Found> found, Signatures signatures) {
        int signers = found.size() - (next.isPresent() ? 1 : 0);
        List<Applied> applied = new ArrayList<>(narrowest(found.subList(0, signers)));
        List<HeaderField> front = addedFields();
        List<String> names = front.stream().map(HeaderField::name).toList();
        HeaderFields header = hashed.header().orElseThrow().below(front);
        Hashes hashes = known.or(hashed.hashes());
        List<byte[]> fields = new ArrayList<>(applied.size() + 1);
        for (Applied one : applied) {
            byte[] hash = hashes.of(one.rule().form().bodyIsRelaxed());
            var field = new SignatureField(one, header, names, hash, at);
            try {
                fields.add(field.complete(signatures.sign(one.key(), field.data())));
            } catch (GeneralSecurityException e) {
                return failed(one, e);
            }
            means.metrics().signed(one.key().algorithm().tag());
        }
        if (next.isPresent()) {
            Applied sealer = applied(found.getLast());
            try {
                fields.addFirst(seal(sealer, header.below(parsed(fields)), hashes, signatures));
            } catch (GeneralSecurityException e) {
                return failed(sealer, e);
            }
            applied.add(sealer);
        }
        return ready(applied, fields, hashes);
    }

    private Rendition failed(Applied one, GeneralSecurityException e) {
        String key = one.selector() + " of " + one.domain();
        means.troubles().add(key, "cannot sign: " + e.getMessage());
        return new KeyMissingException(key, e).rendition();
    }

    /// RFC 8617 §5.1: whatever changes the message, a DKIM-Signature too, comes before the seal.
    private byte[] seal(Applied sealer, HeaderFields header, Hashes hashes, Signatures signatures)
            throws GeneralSecurityException {
        NextSet set = next.orElseThrow();
        byte[] fields =
                new ArcFields(sealer, set, at)
                        .make(
                                header,
                                ArcFields.Form.USUAL,
                                hashes.of(true),
                                data -> signatures.sign(sealer.key(), data));
        means.metrics().sealed(set.status());
        return fields;
    }

    private Rendition ready(List<Applied> applied, List<byte[]> fields, Hashes hashes) {
        var front = new ByteArrayOutputStream(1_024 * (fields.size() + added.size() + 1));
        fields.forEach(front::writeBytes);
        added.forEach(one -> front.writeBytes(one.bytes()));
        byte[] bytes = front.toByteArray();
        long size = outbound.size() + bytes.length;
        if (applied.isEmpty()) {
            // It costs nothing to make again, and by then a key may be there.
            return new Rendition.Ready(bytes, size, Optional.empty());
        }
        var kept =
                new Kept(
                        now.book(),
                        List.copyOf(applied),
                        outbound.added(),
                        bytes,
                        size,
                        until(applied));
        return new Rendition.Ready(
                bytes, size, Optional.of(new Rendition.Made(version, kept, hashes)));
    }

    private List<HeaderField> addedFields() {
        return parsed(added.stream().map(AddedField::bytes).toList());
    }

    /// As the header has them: without the CRLF at their end.
    private static List<HeaderField> parsed(List<byte[]> fields) {
        return fields.stream()
                .map(bytes -> HeaderField.of(Arrays.copyOf(bytes, bytes.length - 2)))
                .toList();
    }

    /// A signature that expires is made anew when half of its time is over.
    private Instant until(List<Applied> applied) {
        Instant until = Instant.MAX;
        for (Applied one : applied) {
            Optional<Duration> expire = one.rule().form().expire();
            Instant half = expire.map(most -> at.plus(most.dividedBy(2))).orElse(Instant.MAX);
            until = half.isBefore(until) ? half : until;
        }
        return until;
    }
}
