package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

import java.util.ArrayDeque;
import java.util.Deque;

/// Looks at a message as it streams by, and finds whether a host that knows no 8BITMIME needs
/// another form of it, and which. Confined to one thread.
///
/// Text becomes quoted-printable, and so does other content that is made of lines of mostly
/// US-ASCII; what is not, or has a NUL or a CR or LF alone, becomes base64. Whether 8-bit octets
/// are announced does not matter, only whether they are there. What stays is in [Findings].
public final class Survey implements ByteSink {
    private final Walker walker;
    private final Plan plan = new Plan();

    /// Of what is open, innermost first; as many as the walker lets be within each other.
    private final Deque<BodyLook> looks = new ArrayDeque<>();

    private boolean isConvertible;
    private boolean hasEightBitHeader;
    private boolean hasEightBitPartHeader;
    private boolean hasSignature;
    private boolean hasSignedPart;
    private boolean isIncomplete;

    public Survey() {
        this.walker = new Walker(new Looking());
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        walker.write(bytes, from, length);
    }

    /// The end of the message. To be called once.
    public Findings finish() {
        walker.finish();
        return new Findings(
                isConvertible,
                hasEightBitHeader,
                hasEightBitPartHeader,
                hasSignature,
                hasSignedPart,
                isIncomplete,
                plan);
    }

    private final class Looking implements Walker.Listener {

        @Override
        public void begin(Entity entity) {
            if (!looks.isEmpty()) {
                looks.getFirst().hasInside = true;
            }
            looks.addFirst(new BodyLook());
        }

        @Override
        public void field(Entity entity, FieldName name, byte[] bytes, int length) {
            boolean isMain = entity.number == 0;
            if (hasEightBit(bytes, 0, length)) {
                hasEightBitHeader |= isMain;
                hasEightBitPartHeader |= !isMain;
            }
            hasSignature |= isMain && name == FieldName.SIGNATURE;
        }

        @Override
        public void headerEnd(Entity entity, boolean isBlankNext) {}

        @Override
        public void body(Entity entity, byte[] bytes, int from, int length) {
            looks.getFirst().look(bytes, from, length);
        }

        @Override
        public void part(Entity entity) {
            looks.getFirst().hasInside = true;
        }

        @Override
        public void structure(byte[] bytes, int from, int length) {}

        @Override
        public void epilogue(byte[] bytes, int from, int length) {
            isConvertible |= hasEightBit(bytes, from, length);
        }

        @Override
        public void end(Entity entity) {
            BodyLook look = looks.removeFirst();
            Action action = entity.number >= Plan.ENTITIES_MAX ? Action.KEEP : decide(entity, look);
            if (look.hasEightBitItself()) {
                boolean stays = action == Action.KEEP;
                isIncomplete |= stays;
                isConvertible |= !stays;
                hasSignedPart |= entity.isWithinSigned && !stays;
            }
            look.isEncoded |= action == Action.QUOTED_PRINTABLE || action == Action.BASE64;
            plan.set(entity.number, action, look.isEncoded, look.isUtf8());
            if (!looks.isEmpty()) {
                looks.getFirst().hasEightBit |= look.hasEightBit;
                looks.getFirst().isEncoded |= look.isEncoded;
            }
        }
    }

    private static Action decide(Entity entity, BodyLook look) {
        if (look.hasInside) {
            // What a signature covers stays as it is unless it must change anyway.
            boolean mayLabel = look.hasEightBit || !entity.isWithinSigned;
            if (mayLabel && entity.encoding().isBeyondSevenBit()) {
                return Action.LABEL;
            }
            return look.hasEightBit ? Action.MASK : Action.KEEP;
        }
        return switch (entity.encoding()) {
            case UNKNOWN -> Action.KEEP;
            case QUOTED_PRINTABLE -> look.hasEightBit ? Action.REPAIR : Action.KEEP;
            case BASE64 -> look.hasEightBit ? Action.MASK : Action.KEEP;
            case NONE, SEVEN_BIT, EIGHT_BIT, BINARY -> decideLeaf(entity, look);
        };
    }

    /// Of a leaf that is not encoded.
    private static Action decideLeaf(Entity entity, BodyLook look) {
        TransferEncoding said = entity.encoding();
        boolean isBinary =
                said == TransferEncoding.BINARY && (look.isBinary() || look.hasLongLine());
        if (!look.hasEightBit && !isBinary) {
            boolean mayLabel = said.isBeyondSevenBit() && !entity.isWithinSigned;
            return mayLabel ? Action.LABEL : Action.KEEP;
        }
        ContentType type = entity.type();
        if (type.isFragment()) {
            return Action.KEEP;
        }
        if (type.isReport()) {
            return said.isBeyondSevenBit() ? Action.LABEL : Action.MASK;
        }
        boolean isText = type.isText() || !(look.hasLongLine() || look.isMostlyEightBit());
        return isText && !look.isBinary() ? Action.QUOTED_PRINTABLE : Action.BASE64;
    }

    private static boolean hasEightBit(byte[] bytes, int from, int length) {
        int all = 0;
        for (int i = from; i < from + length; i++) {
            all |= bytes[i];
        }
        return all < 0;
    }
}
