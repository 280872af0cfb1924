package io.whimbrel.smtp;

import java.util.Optional;

/// Takes the stream after DATA apart (RFC 5321 §4.1.1.4, §4.5.2): finds CRLF.CRLF, takes the
/// stuffed dots out, and hands on ranges of the caller's buffer without copying a byte. Confined to
/// one thread.
///
/// A bare CR, a bare LF or a NUL makes the message defective: from there on nothing is handed on,
/// and the end is whatever anybody might take for one (a line of one dot between any line breaks),
/// because the session ends there as well and nothing behind it is read.
public final class DataDecoder {

    /// What came last.
    private enum State {
        LINE_START,
        IN_LINE,
        CR,
        DOT,
        DOT_CR,
        COMPLETE,
        DEFECTIVE_LINE_START,
        DEFECTIVE_IN_LINE,
        DEFECTIVE_DOT
    }

    private final ByteSink sink;
    private State state = State.LINE_START;
    private Optional<MessageDefect> defect = Optional.empty();
    private boolean isEightBit;

    /// First byte of the present buffer that the sink has not seen yet.
    private int start;

    public DataDecoder(ByteSink sink) {
        this.sink = sink;
    }

    /// Whether the end of data has been seen.
    public boolean isComplete() {
        return state == State.COMPLETE;
    }

    public Optional<MessageDefect> defect() {
        return defect;
    }

    /// Whether a byte beyond US-ASCII was seen.
    public boolean isEightBit() {
        return isEightBit;
    }

    /// Decodes `bytes[from, to)`.
    ///
    /// @return the index behind the end of data where it [#isComplete], else `to`
    public int decode(byte[] bytes, int from, int to) {
        start = from;
        int i = from;
        while (i < to && state != State.COMPLETE) {
            i = step(bytes, i, to);
        }
        if (defect.isEmpty() && state != State.COMPLETE) {
            handOn(bytes, to);
        }
        return i;
    }

    /// Moves over at least one byte, or to another state.
    private int step(byte[] bytes, int at, int to) {
        byte b = bytes[at];
        return switch (state) {
            case IN_LINE -> {
                int stop = skipText(bytes, at, to);
                yield stop == to ? to : endText(bytes[stop], stop);
            }
            case CR -> b == '\n' ? enter(State.LINE_START, at + 1) : bareCr(at);
            case LINE_START -> b == '.' ? dropDot(bytes, at) : enter(State.IN_LINE, at);
            case DOT -> afterDot(b, at);
            case DOT_CR -> {
                defect = b == '\n' ? defect : Optional.of(MessageDefect.BARE_CR);
                yield enter(State.COMPLETE, at + 1);
            }
            case DEFECTIVE_LINE_START, DEFECTIVE_IN_LINE, DEFECTIVE_DOT -> stepDefective(b, at);
            case COMPLETE -> at;
        };
    }

    private int dropDot(byte[] bytes, int at) {
        handOn(bytes, at);
        start = at + 1;
        return enter(State.DOT, at + 1);
    }

    private int afterDot(byte b, int at) {
        if (b == '\n') {
            // To hosts that are less strict, dot and LF are the end.
            defect = Optional.of(MessageDefect.BARE_LF);
            return enter(State.COMPLETE, at + 1);
        }
        if (b == '\r') {
            start = at + 1;
            return enter(State.DOT_CR, at + 1);
        }
        return enter(State.IN_LINE, at);
    }

    /// The first CR, LF or NUL at or behind `at`, or `to`. The loop that every byte goes through.
    private int skipText(byte[] bytes, int at, int to) {
        int eightBit = 0;
        int i = at;
        while (i < to) {
            byte b = bytes[i];
            if (b <= '\r') {
                if (b == '\r' || b == '\n' || b == 0) {
                    break;
                }
                eightBit |= b;
            }
            i++;
        }
        isEightBit |= eightBit < 0;
        return i;
    }

    private int endText(byte b, int at) {
        if (b == '\r') {
            return enter(State.CR, at + 1);
        }
        defect = Optional.of(b == '\n' ? MessageDefect.BARE_LF : MessageDefect.NUL);
        return enter(b == '\n' ? State.DEFECTIVE_LINE_START : State.DEFECTIVE_IN_LINE, at + 1);
    }

    private int bareCr(int at) {
        defect = Optional.of(MessageDefect.BARE_CR);
        return enter(State.DEFECTIVE_LINE_START, at);
    }

    private int stepDefective(byte b, int at) {
        boolean isBreak = b == '\r' || b == '\n';
        if (isBreak) {
            state = state == State.DEFECTIVE_DOT ? State.COMPLETE : State.DEFECTIVE_LINE_START;
        } else {
            state =
                    state == State.DEFECTIVE_LINE_START && b == '.'
                            ? State.DEFECTIVE_DOT
                            : State.DEFECTIVE_IN_LINE;
        }
        return at + 1;
    }

    private int enter(State next, int at) {
        state = next;
        return at;
    }

    private void handOn(byte[] bytes, int end) {
        if (end > start) {
            sink.write(bytes, start, end - start);
        }
    }
}
