package io.whimbrel.signing;

import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.mail.DomainName;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.time.SteadyClock;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Signs mail from `sender.test` with selector `s1`, where the key is there. Thread-safe.
public final class SigningFixture {
    private static final SigningProviders PROVIDERS =
            new SigningProviders(new SteadyClock()::nanos);
    private static final SigningKey KEY = key();

    private SigningFixture() {}

    private static SigningKey key() {
        try {
            var generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(1_024);
            KeyPair pair = generator.generateKeyPair();
            return new SigningKey(
                    KeyAlgorithm.RSA, 1_024, pair.getPrivate(), pair.getPublic(), Optional.empty());
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static SigningProviders providers() {
        return PROVIDERS;
    }

    /// @param place of the key: a file is there, all else is not
    public static Signing signing(String place, Metrics metrics, InstantSource clock) {
        var rule =
                new DkimRule(
                        Optional.of(new DomainName("sender.test")),
                        "s1",
                        KeyPlace.parse(place).orElseThrow(),
                        DkimRule.Scope.ALL,
                        DkimRule.Form.DEFAULT);
        var keys =
                new Signing.Keys(
                        where -> {
                            if (where instanceof KeyPlace.File) {
                                return KEY;
                            }
                            throw new IOException("nothing at " + where);
                        },
                        Signing.Succession.NONE);
        try {
            return new Signing(
                    new SigningSettings(
                            List.of(rule),
                            Optional.empty(),
                            Path.of("/"),
                            OptionalInt.of(2),
                            1 << 20),
                    keys,
                    PROVIDERS,
                    metrics.signing,
                    clock);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
