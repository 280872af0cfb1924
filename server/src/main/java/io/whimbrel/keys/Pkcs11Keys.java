package io.whimbrel.keys;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidParameterException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import javax.security.auth.login.LoginException;

/// Private keys in devices, by PKCS#11 and Java's own provider of it. Thread-safe; calls block, and
/// wait for each other.
///
/// RSA only: Java's provider knows no Ed25519. It finds a private key by the label of its
/// certificate (any, such as a self-signed one, with the same CKA_ID), from which the public key
/// comes too. A PIN that was refused is not tried again until its file has changed, for devices
/// lock themselves after a few.
final class Pkcs11Keys {
    /// What may stand in the configuration of Java's provider as it is.
    private static final String PLAIN_PATH = "/[A-Za-z0-9/._+-]+";

    private static final int ALIASES_SHOWN = 10;
    private static final byte[] PROBE = "whimbrel".getBytes(StandardCharsets.US_ASCII);

    private final Pkcs11Settings settings;
    private final Map<Device, Provider> providers = new HashMap<>();
    private final Map<Device, Optional<FileMark>> refusedPins = new HashMap<>();

    /// A slot of a library.
    private record Device(Path library, long slot) {}

    Pkcs11Keys(Pkcs11Settings settings) {
        this.settings = settings;
    }

    /// The key at `place`, which has signed once to prove that it can.
    ///
    /// @throws IOException with place and remedy
    synchronized SigningKey key(KeyPlace.Pkcs11 place) throws IOException {
        try {
            return switch (Pkcs11Uri.parse(place.uri())) {
                case Pkcs11Uri.Reading.Good(Pkcs11Uri uri) -> key(uri);
                case Pkcs11Uri.Reading.Bad(String reason) -> throw new IOException(reason);
            };
        } catch (IOException e) {
            throw new IOException(shown(place) + ": " + e.getMessage(), e);
        }
    }

    /// Without its query, where a PIN may stand against all advice.
    private static String shown(KeyPlace.Pkcs11 place) {
        int mark = place.uri().indexOf('?');
        return mark < 0 ? place.uri() : place.uri().substring(0, mark);
    }

    private SigningKey key(Pkcs11Uri uri) throws IOException {
        Path library =
                uri.library()
                        .or(settings::library)
                        .orElseThrow(() ->
                                new IOException(
                                        "which library? write library = \"/usr/lib/...so\" in"
                                                + " [pkcs11]"));
        if (!library.toString().matches(PLAIN_PATH) || !Files.isReadable(library)) {
            throw new IOException(
                    library
                            + " cannot be read, or has other than letters, digits and /._+- in its"
                            + " path");
        }
        var device = new Device(library, slot(uri, library));
        return key(uri, provider(device), open(device, uri.pinFile().or(settings::pinFile)));
    }

    private static long slot(Pkcs11Uri uri, Path library) throws IOException {
        List<Pkcs11Slots.Token> all = Pkcs11Slots.tokens(library);
        List<Pkcs11Slots.Token> found =
                all.stream()
                        .filter(it -> uri.slot().isEmpty() || it.slot() == uri.slot().getAsLong())
                        .filter(it -> uri.token().map(it.label()::equals).orElse(true))
                        .filter(it -> uri.serial().map(it.serial()::equals).orElse(true))
                        // An empty slot of SoftHSM shows a token that nobody has initialised.
                        .filter(it -> !it.label().isEmpty() || uri.slot().isPresent())
                        .toList();
        if (found.size() == 1) {
            return found.getFirst().slot();
        }
        List<String> labels =
                all.stream().map(Pkcs11Slots.Token::label).filter(it -> !it.isEmpty()).toList();
        throw new IOException(
                (found.isEmpty() ? "there is no such token" : "several tokens are meant")
                        + "; name one by token=, serial= or slot-id= (there are "
                        + labels
                        + ")");
    }

    private Provider provider(Device device) throws IOException {
        Optional<Provider> known = Optional.ofNullable(providers.get(device));
        if (known.isPresent()) {
            return known.get();
        }
        Provider sun =
                Optional.ofNullable(Security.getProvider("SunPKCS11"))
                        .orElseThrow(() ->
                                new IOException("this Java has no module jdk.crypto.cryptoki"));
        try {
            Provider made =
                    sun.configure(
                            "--name=whimbrel"
                                    + device.slot()
                                    + "\nlibrary="
                                    + device.library()
                                    + "\nslot="
                                    + device.slot()
                                    + "\n");
            providers.put(device, made);
            return made;
        } catch (InvalidParameterException | SecurityException e) {
            throw new IOException(device.library() + ": " + deepest(e), e);
        }
    }

    /// Logs in.
    private KeyStore open(Device device, Optional<Path> pinFile) throws IOException {
        Optional<FileMark> mark = pinFile.flatMap(FileMark::of);
        if (mark.equals(refusedPins.get(device))) {
            throw refused(pinFile);
        }
        char[] pin =
                pinFile.isPresent() ? SecretFile.read(pinFile.get()).toCharArray() : new char[0];
        try {
            var store = KeyStore.getInstance("PKCS11", provider(device));
            store.load(null, pinFile.isPresent() ? pin : null);
            refusedPins.remove(device);
            return store;
        } catch (GeneralSecurityException e) {
            throw new IOException(deepest(e), e);
        } catch (IOException e) {
            if (isLogin(e)) {
                refusedPins.put(device, mark);
                throw refused(pinFile);
            }
            throw new IOException(deepest(e), e);
        } finally {
            Arrays.fill(pin, '\0');
        }
    }

    private static IOException refused(Optional<Path> pinFile) {
        return new IOException(
                pinFile.map(it ->
                                "the token refuses the PIN of " + it + ", which is not tried again")
                                .orElse("the token wants a PIN")
                        + (pinFile.isPresent()
                                ? " until that file changes; look whether it is locked"
                                : "; name its file by pin-file in [pkcs11], or pin-source="));
    }

    private static boolean isLogin(Throwable e) {
        for (Optional<Throwable> at = Optional.of(e); at.isPresent(); ) {
            if (at.get() instanceof LoginException
                    || String.valueOf(at.get().getMessage()).startsWith("CKR_PIN_")) {
                return true;
            }
            at = Optional.ofNullable(at.get().getCause());
        }
        return false;
    }

    private static String deepest(Throwable e) {
        Throwable at = e;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return String.valueOf(at.getMessage());
    }

    private static SigningKey key(Pkcs11Uri uri, Provider provider, KeyStore store)
            throws IOException {
        try {
            Optional<Key> key = Optional.ofNullable(store.getKey(uri.object(), null));
            Optional<Certificate> certificate =
                    Optional.ofNullable(store.getCertificate(uri.object()));
            if (certificate.isEmpty() || !(key.orElse(null) instanceof PrivateKey privateKey)) {
                throw missing(uri, store);
            }
            if (!(certificate.get().getPublicKey() instanceof RSAPublicKey publicKey)) {
                throw new IOException(
                        "is a key of kind "
                                + certificate.get().getPublicKey().getAlgorithm()
                                + "; of keys in devices only RSA signs mail");
            }
            int bits = publicKey.getModulus().bitLength();
            if (bits < PemKey.BITS_LEAST || bits > PemKey.BITS_MOST) {
                throw new IOException(
                        "is an RSA key of "
                                + bits
                                + " bits; receivers take "
                                + PemKey.BITS_LEAST
                                + " to "
                                + PemKey.BITS_MOST
                                + " (RFC 8301 §3.2)");
            }
            var found =
                    new SigningKey(
                            KeyAlgorithm.RSA, bits, privateKey, publicKey, Optional.of(provider));
            prove(found, provider);
            return found;
        } catch (GeneralSecurityException e) {
            throw new IOException(deepest(e), e);
        }
    }

    private static IOException missing(Pkcs11Uri uri, KeyStore store)
            throws GeneralSecurityException {
        List<String> aliases = Collections.list(store.aliases());
        return new IOException(
                "the token has no private key with a certificate that is labelled \""
                        + uri.object()
                        + "\" and has the same id (there are "
                        + aliases.subList(0, Math.min(aliases.size(), ALIASES_SHOWN))
                        + "); make one as docs/operations/key-sources.md says");
    }

    /// That the key may sign, and that the certificate is its own.
    private static void prove(SigningKey key, Provider provider)
            throws GeneralSecurityException, IOException {
        var signer = Signature.getInstance(key.algorithm().jcaName(), provider);
        signer.initSign(key.privateKey());
        signer.update(PROBE);
        byte[] signature = signer.sign();
        var verifier = Signature.getInstance(key.algorithm().jcaName());
        verifier.initVerify(key.publicKey());
        verifier.update(PROBE);
        if (!verifier.verify(signature)) {
            throw new IOException("the certificate is not that of the private key");
        }
    }
}
