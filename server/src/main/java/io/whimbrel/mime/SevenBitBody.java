package io.whimbrel.mime;

import io.whimbrel.mail.BodySource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;

/// A message with its 8-bit text encoded, for a host without 8BITMIME (RFC 6152 §3). Confined to
/// one thread.
public final class SevenBitBody implements BodySource {
    private final BodySource source;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final SevenBit conversion;
    private boolean isOver;

    /// What is to be sent in its place.
    ///
    /// @param size octets
    public record Converted(Supplier<BodySource> bodies, long size) {}

    private SevenBitBody(BodySource source, Findings findings) {
        this.source = source;
        this.conversion = new SevenBit(findings, out::write);
    }

    /// Empty where nothing is to be encoded, or a signature of somebody else would break: such mail
    /// goes as it is, for every host in use passes 8-bit text.
    ///
    /// @param bodies the message from its beginning, at each call
    /// @throws IOException where it cannot be read
    public static Optional<Converted> of(Supplier<BodySource> bodies) throws IOException {
        var survey = new Survey();
        BodySource source = bodies.get();
        for (byte[] part = source.nextPart(); part.length > 0; part = source.nextPart()) {
            survey.write(part, 0, part.length);
        }
        Findings findings = survey.finish();
        if (!findings.isConvertible() || findings.breaksSignature()) {
            return Optional.empty();
        }
        Supplier<BodySource> converted = () -> new SevenBitBody(bodies.get(), findings);
        long size = 0;
        BodySource counted = converted.get();
        for (byte[] part = counted.nextPart(); part.length > 0; part = counted.nextPart()) {
            size += part.length;
        }
        return Optional.of(new Converted(converted, size));
    }

    @Override
    public byte[] nextPart() throws IOException {
        while (out.size() == 0 && !isOver) {
            byte[] part = source.nextPart();
            if (part.length == 0) {
                isOver = true;
                conversion.finish();
            } else {
                conversion.write(part, 0, part.length);
            }
        }
        byte[] made = out.toByteArray();
        out.reset();
        return made;
    }
}
