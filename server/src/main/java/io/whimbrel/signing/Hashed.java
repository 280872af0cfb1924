package io.whimbrel.signing;

import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.MessageReader;
import io.whimbrel.signing.KeptSignatures.Hashes;
import io.whimbrel.smtp.ByteSink;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/// Reads a message once: its header, and the hashes of its body in the forms that are wanted.
/// Confined to one thread at a time.
///
/// A header of more than 1 MiB or 10,000 fields is not read: [#header] stays empty.
final class Hashed implements ByteSink {
    private static final MessageReader.Bounds BOUNDS = new MessageReader.Bounds(1 << 20, 10_000);

    private final Bodies bodies = new Bodies();
    private final MessageReader reader;
    private Optional<HeaderFields> header = Optional.empty();
    private Optional<BodyHash.Digest> relaxed = Optional.empty();
    private Optional<BodyHash.Digest> simple = Optional.empty();
    private boolean isBodyWanted;

    /// In which forms a body is wanted.
    record Forms(boolean isRelaxed, boolean isSimple) {
        static final Forms NONE = new Forms(false, false);
    }

    /// @param forms asked once, when the header is known
    Hashed(Function<HeaderFields, Forms> forms) {
        this.reader =
                new MessageReader(
                        BOUNDS,
                        new MessageReader.Listener() {
                            @Override
                            public void header(HeaderFields fields) {
                                begin(fields, forms.apply(fields));
                            }

                            @Override
                            public void body(byte[] part, int from, int length) {
                                bodies.write(part, from, length);
                            }
                        });
    }

    private void begin(HeaderFields fields, Forms forms) {
        header = Optional.of(fields);
        isBodyWanted = forms.isRelaxed() || forms.isSimple();
        if (forms.isRelaxed()) {
            relaxed = Optional.of(bodies.digest(true, OptionalLong.empty()));
        }
        if (forms.isSimple()) {
            simple = Optional.of(bodies.digest(false, OptionalLong.empty()));
        }
    }

    @Override
    public void write(byte[] part, int from, int length) {
        reader.write(part, from, length);
    }

    /// Once it is known, or the message is at its end.
    Optional<HeaderFields> header() {
        return header;
    }

    /// Whether anything more of the message matters.
    boolean isMoreWanted() {
        return header.isEmpty() || isBodyWanted;
    }

    /// The message is at its end, or no more of it is wanted.
    void end() {
        reader.finish();
        bodies.finish();
    }

    /// After [#end]; of no bytes where they were not wanted.
    Hashes hashes() {
        return new Hashes(value(relaxed), value(simple));
    }

    private static byte[] value(Optional<BodyHash.Digest> digest) {
        return digest.map(BodyHash.Digest::value).orElse(new byte[0]);
    }
}
