package io.whimbrel.signing;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;

import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.SigningKey;

import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.conscrypt.Conscrypt;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Who computes signatures here: of each algorithm the fastest provider that gets them right, found
/// by trying (design §5). Thread-safe. Tries when it is asked first, for some tenths of a second.
public final class SigningProviders {
    /// How long each is tried at a time, after as long for warming up.
    private static final long TRIAL_NANOS = 20_000_000;

    /// The best of so many counts: others want the processor as well.
    private static final int TRIALS = 3;

    /// Where the clock stands still.
    private static final int TRIAL_MOST = 20_000;

    private static final int RSA_BITS = 2_048;
    private static final byte[] TEXT = new byte[1_500];

    private final LongSupplier nanos;
    private final Map<KeyAlgorithm, List<Trial>> trials = new EnumMap<>(KeyAlgorithm.class);

    /// What came of trying one.
    ///
    /// @param name of the provider, as operators know it
    /// @param provider to sign with; empty where it cannot
    /// @param perSecond signatures of one thread (RSA: of 2,048 bits); 0 where it cannot
    /// @param problem why it cannot; `""` where it can
    public record Trial(
            String name, Optional<Provider> provider, double perSecond, String problem) {}

    /// One that may be there.
    private record Candidate(String name, Supplier<Optional<Provider>> provider) {}

    /// @param nanos what the calling thread has had of a processor so far; or a clock that only
    ///   goes on
    public SigningProviders(LongSupplier nanos) {
        this.nanos = nanos;
    }

    private List<Trial> tried(KeyAlgorithm algorithm) {
        var accp = new Candidate("ACCP", SigningProviders::accp);
        return switch (algorithm) {
            case RSA ->
                    tried(
                            algorithm,
                            List.of(
                                    accp,
                                    new Candidate("Conscrypt", SigningProviders::conscrypt),
                                    jdk("SunRsaSign")));
            case ED25519 ->
                    tried(
                            algorithm,
                            List.of(
                                    accp,
                                    new Candidate("Bouncy Castle", SigningProviders::bouncyCastle),
                                    jdk("SunEC")));
        };
    }

    private static Candidate jdk(String name) {
        return new Candidate("JDK", () -> Optional.ofNullable(Security.getProvider(name)));
    }

    private static Optional<Provider> accp() {
        AmazonCorrettoCryptoProvider provider = AmazonCorrettoCryptoProvider.INSTANCE;
        return provider.getLoadingError() == null ? Optional.of(provider) : Optional.empty();
    }

    private static Optional<Provider> conscrypt() {
        return Conscrypt.isAvailable() ? Optional.of(Conscrypt.newProvider()) : Optional.empty();
    }

    private static Optional<Provider> bouncyCastle() {
        return Optional.of(new BouncyCastleProvider());
    }

    private List<Trial> tried(KeyAlgorithm algorithm, List<Candidate> candidates) {
        KeyPair pair = pair(algorithm);
        List<Trial> found = new ArrayList<>();
        for (Candidate candidate : candidates) {
            found.add(tried(algorithm, pair, candidate));
        }
        found.sort((a, b) -> Double.compare(b.perSecond(), a.perSecond()));
        return List.copyOf(found);
    }

    private static KeyPair pair(KeyAlgorithm algorithm) {
        try {
            KeyPairGenerator generator =
                    KeyPairGenerator.getInstance(
                            algorithm == KeyAlgorithm.RSA ? "RSA" : algorithm.jcaName());
            if (algorithm == KeyAlgorithm.RSA) {
                generator.initialize(RSA_BITS);
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + algorithm, e);
        }
    }

    private Trial tried(KeyAlgorithm algorithm, KeyPair pair, Candidate candidate) {
        try {
            Optional<Provider> provider = candidate.provider().get();
            if (provider.isEmpty()) {
                return failed(candidate, "its library cannot be loaded here");
            }
            Signature signature = begin(algorithm, pair.getPrivate(), provider.get());
            if (!isRight(algorithm, pair, signature)) {
                return failed(candidate, "its signatures are wrong");
            }
            // Once to warm up.
            rate(signature);
            double perSecond = 0;
            for (int i = 0; i < TRIALS; i++) {
                perSecond = Math.max(perSecond, rate(signature));
            }
            return new Trial(candidate.name(), provider, perSecond, "");
        } catch (GeneralSecurityException | RuntimeException | LinkageError e) {
            return failed(candidate, String.valueOf(e.getMessage()));
        }
    }

    private static Trial failed(Candidate candidate, String problem) {
        return new Trial(candidate.name(), Optional.empty(), 0, problem);
    }

    private static boolean isRight(KeyAlgorithm algorithm, KeyPair pair, Signature signature)
            throws GeneralSecurityException {
        signature.update(TEXT);
        byte[] signed = signature.sign();
        Signature check = Signature.getInstance(algorithm.jcaName());
        check.initVerify(pair.getPublic());
        check.update(TEXT);
        return check.verify(signed);
    }

    private double rate(Signature signature) throws GeneralSecurityException {
        long begun = nanos.getAsLong();
        int count = 0;
        long taken;
        do {
            signature.update(TEXT);
            signature.sign();
            count++;
            taken = nanos.getAsLong() - begun;
        } while (taken < TRIAL_NANOS && count < TRIAL_MOST);
        return count * 1e9 / Math.max(1, taken);
    }

    /// The best first.
    public synchronized List<Trial> trials(KeyAlgorithm algorithm) {
        return trials.computeIfAbsent(algorithm, this::tried);
    }

    /// What keys in files are used with.
    public String chosen(KeyAlgorithm algorithm) {
        return trials(algorithm).getFirst().name();
    }

    /// A signature of this key, to be used again and again on one thread.
    Signature begin(SigningKey key) throws GeneralSecurityException {
        if (key.provider().isPresent()) {
            Signature signature =
                    Signature.getInstance(key.algorithm().jcaName(), key.provider().get());
            signature.initSign(key.privateKey());
            return signature;
        }
        Provider provider =
                trials(key.algorithm())
                        .getFirst()
                        .provider()
                        .orElseThrow(() -> new GeneralSecurityException("nobody can sign here"));
        return begin(key.algorithm(), key.privateKey(), provider);
    }

    private static Signature begin(KeyAlgorithm algorithm, PrivateKey key, Provider provider)
            throws GeneralSecurityException {
        Signature signature = Signature.getInstance(algorithm.jcaName(), provider);
        signature.initSign(own(algorithm, key, provider));
        return signature;
    }

    /// The key as one of the provider's own: some would decode another's for each signature.
    private static PrivateKey own(KeyAlgorithm algorithm, PrivateKey key, Provider provider)
            throws GeneralSecurityException {
        String name = algorithm == KeyAlgorithm.RSA ? "RSA" : algorithm.jcaName();
        return provider.getService("KeyFactory", name) == null
                ? key
                : KeyFactory.getInstance(name, provider)
                        .generatePrivate(new PKCS8EncodedKeySpec(key.getEncoded()));
    }
}
