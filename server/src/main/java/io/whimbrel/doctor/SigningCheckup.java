package io.whimbrel.doctor;

import io.whimbrel.config.Config;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyFolder;
import io.whimbrel.keys.KeyShelf;
import io.whimbrel.keys.PemKey;
import io.whimbrel.keys.PlacedKey;
import io.whimbrel.keys.Rotations;
import io.whimbrel.keys.RotationsFile;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.DomainName;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.signing.SigningProviders;
import io.whimbrel.signing.SigningProviders.Trial;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Looks at what signs mail. Stateless.
final class SigningCheckup {
    private SigningCheckup() {}

    /// Who computes signatures, each by trying, best first; bad where nobody can.
    static List<Finding> providers() {
        var providers =
                new SigningProviders(ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
        List<Finding> findings = new ArrayList<>();
        for (KeyAlgorithm algorithm : KeyAlgorithm.values()) {
            List<Trial> trials = providers.trials(algorithm);
            for (Trial trial : trials) {
                findings.add(finding(algorithm, trial, trial.equals(trials.getFirst())));
            }
        }
        return findings;
    }

    private static Finding finding(KeyAlgorithm algorithm, Trial trial, boolean isFirst) {
        String about = "signing " + algorithm.tag() + " by " + trial.name();
        if (trial.perSecond() == 0) {
            return isFirst
                    ? Finding.bad(about, trial.problem() + "; and nobody else can")
                    : Finding.note(about, "not usable: " + trial.problem());
        }
        String rate = "%,.0f signatures a second and core".formatted(trial.perSecond());
        return isFirst ? Finding.ok(about, rate + "; chosen") : Finding.note(about, rate);
    }

    /// Whether each key of the configuration can be read.
    static List<Finding> keys(Config config, InstantSource clock) {
        List<Finding> findings = new ArrayList<>();
        Rotations rotations;
        try {
            rotations = new RotationsFile(new KeyFolder(config.signing().keyFolder())).read();
        } catch (IOException e) {
            return List.of(Finding.bad("replacement of keys", String.valueOf(e.getMessage())));
        }
        try (var shelf = new KeyShelf(config.keySources(), clock)) {
            for (DkimRule rule : config.signing().rules()) {
                findings.add(key(rule, false, rotations, shelf));
            }
            config.signing()
                    .arc()
                    .ifPresent(arc -> findings.add(key(arc.rule(), true, rotations, shelf)));
        }
        if (config.signing().rules().isEmpty()) {
            findings.add(Finding.note("[[dkim]]", "there is none: mail leaves unsigned"));
        }
        return findings;
    }

    /// @param isSealer that of `[arc]`: RSA alone (RFC 8617 §4.1.3)
    private static Finding key(
            DkimRule rule, boolean isSealer, Rotations rotations, KeyShelf shelf) {
        if (rule.domain().isEmpty()) {
            return Finding.note(
                    "key " + rule,
                    "its place depends on the author; see whimbrel dkim show DOMAIN");
        }
        DomainName domain = rule.domain().get();
        Optional<PlacedKey> current = rotations.current(domain.value(), rule.selector());
        PlacedKey now = current.orElseGet(() -> new PlacedKey(rule.selector(), rule.key()));
        String about = (isSealer ? "[arc] key " : "key ") + now.selector() + " of " + domain;
        try {
            SigningKey key = shelf.key(now.place());
            if (isSealer && key.algorithm() != KeyAlgorithm.RSA) {
                return Finding.bad(
                        about, "it is " + key + ", and ARC is sealed by rsa-sha256 alone");
            }
            Optional<String> weakness = PemKey.warning(key);
            return weakness.isPresent()
                    ? Finding.note(about, weakness.get())
                    : Finding.ok(about, key + " at " + now.place());
        } catch (IOException e) {
            return Finding.bad(about, String.valueOf(e.getMessage()));
        }
    }
}
