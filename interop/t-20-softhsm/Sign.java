import io.whimbrel.keys.KeyPlace;
import io.whimbrel.keys.KeyShelf;
import io.whimbrel.keys.KeySources;
import io.whimbrel.keys.Pkcs11Settings;
import io.whimbrel.keys.SigningKey;
import io.whimbrel.keys.VaultSettings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;

/// Signs with a key of a device: `Sign LIBRARY PIN-FILE URI DATA SIGNATURE`. Prints the key and its
/// public half in base64; exit code 1 and one line where there is no such key.
public final class Sign {
    private Sign() {}

    public static void main(String[] words) throws GeneralSecurityException, IOException {
        var device =
                new Pkcs11Settings(
                        Optional.of(Path.of(words[0])),
                        words[1].isEmpty() ? Optional.empty() : Optional.of(Path.of(words[1])));
        var sources = new KeySources(VaultSettings.NONE, device);
        try (var shelf = new KeyShelf(sources, InstantSource.system())) {
            KeyPlace place = KeyPlace.parse(words[2]).orElseThrow();
            SigningKey key = shelf.key(place);
            var signer =
                    Signature.getInstance(
                            key.algorithm().jcaName(), key.provider().orElseThrow());
            signer.initSign(key.privateKey());
            signer.update(Files.readAllBytes(Path.of(words[3])));
            Files.write(Path.of(words[4]), signer.sign());
            System.out.println(key);
            System.out.println(Base64.getEncoder().encodeToString(key.publicKey().getEncoded()));
        } catch (IOException e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }
}
