package io.whimbrel.mime;

import io.whimbrel.smtp.ByteSink;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Takes a message apart as it streams by: headers, bodies, what parts them (RFC 2046 §5). Every
/// octet is told once, in order, so a listener can put the message together again. Confined to one
/// thread.
///
/// A boundary is a line of its own, with nothing but spaces behind it: so one that is the beginning
/// of another parts nothing of the other's. It counts wherever it stands, the innermost first; the
/// parts within that are not ended, are.
///
/// Bounded: entities within each other to [#DEPTH_MAX], below which all is text; a line that may be
/// a boundary and a field are kept up to [#LINE_BYTES_MAX] and [HeaderReader#FIELD_BYTES_MAX].
final class Walker implements ByteSink {
    static final int DEPTH_MAX = 100;

    /// Two hyphens before and behind, and some spaces.
    static final int LINE_BYTES_MAX = ContentType.BOUNDARY_BYTES_MAX + 256;

    private static final byte[] LINE_END = {'\r', '\n'};

    private final Listener listener;

    /// What is around the present entity, outermost first.
    private final List<Entity> open = new ArrayList<>();

    private final HeaderReader header;
    private final byte[] held = new byte[LINE_BYTES_MAX];
    private int heldLength;
    private Entity current;
    private int entities;
    private int multiparts;
    private State state = State.HEADER;
    private LineEnd before = LineEnd.START;

    private enum State {
        HEADER,
        /// A leaf's, or what stands before the first part.
        BODY,
        /// Behind the last part.
        EPILOGUE
    }

    /// What has been taken at the end of a body's line and not been told.
    private enum LineEnd {
        /// The body begins.
        START,
        NONE,
        CR,
        CRLF,
        /// A line that may be a boundary is in `held`, behind a CRLF or at the start.
        HELD,
        HELD_AT_START
    }

    /// Is told what comes.
    interface Listener {
        void begin(Entity entity);

        /// A field of the header, or a piece of one that is too long, or a line that is none; with
        /// the CRLF at its end. The array changes after the call.
        void field(Entity entity, FieldName name, byte[] bytes, int length);

        /// Behind the last field.
        ///
        /// @param isBlankNext whether the empty line follows, by [#structure]; else there is none
        void headerEnd(Entity entity, boolean isBlankNext);

        /// A piece of the body of a leaf, or of what stands before the first part.
        void body(Entity entity, byte[] bytes, int from, int length);

        /// A part of `entity` begins: what was told as its body was none.
        void part(Entity entity);

        /// Lines that part.
        void structure(byte[] bytes, int from, int length);

        /// What stands behind the last part, to be ignored.
        void epilogue(byte[] bytes, int from, int length);

        void end(Entity entity);
    }

    Walker(Listener listener) {
        this.listener = listener;
        this.header = new HeaderReader(this);
        this.current = new Entity(0, true, false, ContentType.TEXT);
        this.entities = 1;
        listener.begin(current);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        int at = from;
        int end = from + length;
        while (at < end) {
            at = state == State.HEADER ? header.take(bytes, at, end) : body(bytes, at, end);
        }
    }

    /// The end of the message, wherever it comes.
    void finish() {
        if (state == State.HEADER) {
            header.finish();
        }
        if (isHolding()) {
            if (isBoundary(held, heldLength)) {
                part(held, heldLength);
            } else {
                releaseHeld();
            }
        }
        tellPending();
        // A body that began with the very end of the message needs no more.
        if (state != State.EPILOGUE) {
            endCurrent();
        }
        while (!open.isEmpty()) {
            endInnermost();
        }
    }

    Entity current() {
        return current;
    }

    Listener listener() {
        return listener;
    }

    /// The header is over; what follows is a body, or the header of the message inside.
    void headerEnd(boolean isBlankNext) {
        listener.headerEnd(current, isBlankNext);
        if (isBlankNext) {
            listener.structure(LINE_END, 0, LINE_END.length);
        }
        state = State.BODY;
        before = LineEnd.START;
        if (!current.isComposite() || open.size() >= DEPTH_MAX) {
            return;
        }
        open.add(current);
        if (current.type().isMultipart()) {
            multiparts++;
        } else {
            begin(true, ContentType.TEXT);
        }
    }

    /// Whether the line parts something of what is open.
    ///
    /// @param line with its CRLF, or without one at the end of the message
    boolean isBoundary(byte[] line, int length) {
        return find(line, length) >= 0;
    }

    /// Goes on behind a line that is a boundary.
    void part(byte[] line, int length) {
        int found = find(line, length);
        int index = found >> 1;
        if (state != State.EPILOGUE) {
            endCurrent();
        }
        while (open.size() > index + 1) {
            endInnermost();
        }
        Entity parent = open.get(index);
        listener.part(parent);
        if ((found & 1) == 0) {
            tellLine(line, length);
            begin(false, parent.type().isDigest() ? ContentType.MESSAGE : ContentType.TEXT);
        } else {
            endInnermost();
            tellLine(line, length);
            state = State.EPILOGUE;
            before = LineEnd.START;
        }
    }

    /// Twice the index in `open` of what the line parts, plus one where it is the last; -1 where it
    /// parts nothing.
    private int find(byte[] line, int length) {
        if (multiparts == 0 || length < 3 || line[0] != '-' || line[1] != '-') {
            return -1;
        }
        int end = length;
        while (end > 2 && isSpace(line[end - 1])) {
            end--;
        }
        boolean isClose = end >= 4 && line[end - 1] == '-' && line[end - 2] == '-';
        for (int i = open.size() - 1; i >= 0; i--) {
            ContentType type = open.get(i).type();
            if (!type.isMultipart()) {
                continue;
            }
            String boundary = type.boundary().orElse("");
            if (isSame(line, 2, end, boundary)) {
                return 2 * i;
            }
            if (isClose && isSame(line, 2, end - 2, boundary)) {
                return 2 * i + 1;
            }
        }
        return -1;
    }

    private void tellLine(byte[] line, int length) {
        if (before == LineEnd.HELD) {
            listener.structure(LINE_END, 0, LINE_END.length);
        }
        heldLength = 0;
        listener.structure(line, 0, length);
    }

    private void begin(boolean isMessage, ContentType byDefault) {
        boolean isWithinSigned = false;
        for (Entity around : open) {
            isWithinSigned |= around.type().isSigned();
        }
        current = new Entity(entities++, isMessage, isWithinSigned, byDefault);
        state = State.HEADER;
        before = LineEnd.START;
        header.begin();
        listener.begin(current);
    }

    /// Where parts are to come, the present entity is open as well, and ends as such.
    private void endCurrent() {
        if (open.isEmpty() || open.getLast() != current) {
            listener.end(current);
        }
    }

    private void endInnermost() {
        Entity ended = open.removeLast();
        multiparts -= ended.type().isMultipart() ? 1 : 0;
        listener.end(ended);
    }

    private int body(byte[] bytes, int from, int end) {
        if (multiparts == 0) {
            tell(bytes, from, end - from);
            return end;
        }
        byte next = bytes[from];
        return switch (before) {
            case NONE -> text(bytes, from, end);
            case HELD, HELD_AT_START -> hold(next, from);
            case CR -> {
                if (next == '\n') {
                    before = LineEnd.CRLF;
                    yield from + 1;
                }
                tellPending();
                yield from;
            }
            case START, CRLF -> {
                if (next == '-') {
                    before = before == LineEnd.CRLF ? LineEnd.HELD : LineEnd.HELD_AT_START;
                    yield from;
                }
                tellPending();
                yield from;
            }
        };
    }

    /// Tells what cannot be a boundary; to the first CR that may be before one.
    private int text(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end) {
            if (bytes[at] != '\r') {
                at++;
            } else if (at + 1 == end) {
                before = LineEnd.CR;
                tell(bytes, from, at - from);
                return end;
            } else if (bytes[at + 1] != '\n') {
                at++;
            } else if (at + 2 == end || bytes[at + 2] == '-') {
                before = LineEnd.CRLF;
                tell(bytes, from, at - from);
                return at + 2;
            } else {
                at += 2;
            }
        }
        tell(bytes, from, end - from);
        return end;
    }

    private int hold(byte octet, int at) {
        held[heldLength++] = octet;
        boolean isLine = octet == '\n' && heldLength > 1 && held[heldLength - 2] == '\r';
        if (isLine && isBoundary(held, heldLength)) {
            part(held, heldLength);
            return at + 1;
        }
        boolean isOther = heldLength == 2 && octet != '-';
        if (isLine || isOther || heldLength == held.length) {
            releaseHeld();
        }
        return at + 1;
    }

    /// What is held is text; but for the line end behind it, which may be a boundary's.
    private void releaseHeld() {
        int length = heldLength;
        heldLength = 0;
        if (before == LineEnd.HELD) {
            tell(LINE_END, 0, LINE_END.length);
        }
        before = LineEnd.NONE;
        if (length > 0 && held[length - 1] == '\r') {
            before = LineEnd.CR;
            length -= 1;
        } else if (length > 1 && held[length - 1] == '\n' && held[length - 2] == '\r') {
            before = LineEnd.CRLF;
            length -= 2;
        }
        tell(held, 0, length);
    }

    private boolean isHolding() {
        return before == LineEnd.HELD || before == LineEnd.HELD_AT_START;
    }

    private void tellPending() {
        switch (before) {
            case CR -> tell(LINE_END, 0, 1);
            case CRLF -> tell(LINE_END, 0, 2);
            case START, NONE, HELD, HELD_AT_START -> {}
        }
        before = LineEnd.NONE;
    }

    private void tell(byte[] bytes, int from, int length) {
        if (length == 0) {
            return;
        }
        if (state == State.EPILOGUE) {
            listener.epilogue(bytes, from, length);
        } else {
            listener.body(current, bytes, from, length);
        }
    }

    private static boolean isSpace(byte octet) {
        return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
    }

    private static boolean isSame(byte[] line, int from, int to, String boundary) {
        if (to - from != boundary.length()) {
            return false;
        }
        for (int i = from; i < to; i++) {
            if ((char) (line[i] & 0xff) != boundary.charAt(i - from)) {
                return false;
            }
        }
        return true;
    }

    static String latin1(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
