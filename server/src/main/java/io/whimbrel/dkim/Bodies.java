package io.whimbrel.dkim;

import io.whimbrel.smtp.ByteSink;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The body of one message, hashed in one pass for all its signatures. Confined to one thread.
public final class Bodies implements ByteSink {
    private Optional<BodyHash> simple = Optional.empty();
    private Optional<BodyHash> relaxed = Optional.empty();

    /// What a signature needs, to be asked for before the body comes.
    public BodyHash.Digest digest(boolean isRelaxed, OptionalLong most) {
        BodyHash body = (isRelaxed ? relaxed : simple).orElseGet(() -> new BodyHash(isRelaxed));
        if (isRelaxed) {
            relaxed = Optional.of(body);
        } else {
            simple = Optional.of(body);
        }
        return body.digest(most);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        for (BodyHash body : wanted()) {
            body.write(bytes, from, length);
        }
    }

    public void finish() {
        wanted().forEach(BodyHash::finish);
    }

    private List<BodyHash> wanted() {
        List<BodyHash> wanted = new ArrayList<>(2);
        simple.ifPresent(wanted::add);
        relaxed.ifPresent(wanted::add);
        return wanted;
    }
}
