package io.whimbrel.signing;

import io.whimbrel.keys.SigningKey;

import java.security.GeneralSecurityException;
import java.security.Signature;
import java.util.LinkedHashMap;
import java.util.Map;

/// Signs with keys that it keeps ready, [#READY_MAX] of them. Confined to one thread.
final class Signatures {
    private static final int READY_MAX = 256;

    private final SigningProviders providers;
    private final Map<SigningKey, Signature> ready = new LinkedHashMap<>(16, 0.75f, true);

    Signatures(SigningProviders providers) {
        this.providers = providers;
    }

    /// @throws GeneralSecurityException where the key, or the device that it lies in, fails
    byte[] sign(SigningKey key, byte[] data) throws GeneralSecurityException {
        Signature known = ready.get(key);
        Signature signature = known == null ? providers.begin(key) : known;
        if (known == null) {
            ready.put(key, signature);
            if (ready.size() > READY_MAX) {
                ready.remove(ready.keySet().iterator().next());
            }
        }
        try {
            signature.update(data);
            return signature.sign();
        } catch (RuntimeException e) {
            // As devices fail (java.security.ProviderException): no bug of ours.
            ready.remove(key);
            throw new GeneralSecurityException(String.valueOf(e.getMessage()), e);
        } catch (GeneralSecurityException e) {
            // It may have lost its device; the next one begins anew.
            ready.remove(key);
            throw e;
        }
    }
}
