package io.whimbrel.admin;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;

/// The lines of one answer on their way to the client. Confined to one thread.
///
/// A client that is gone or too slow never disturbs the work that it asked for: its lines are
/// dropped from then on, and [#isClientGone] tells.
public final class AdminAnswer {
    private final LineSink sink;
    private boolean isClientGone;

    /// Where lines go.
    @FunctionalInterface
    interface LineSink {
        void write(String line) throws IOException;
    }

    AdminAnswer(LineSink sink) {
        this.sink = sink;
    }

    /// One line of result. Its fields must not be called `done`, `error` or `progress`.
    public void line(ObjectNode fields) {
        if (isClientGone) {
            return;
        }
        try {
            sink.write(Json.line(fields));
        } catch (IOException _) {
            // Nobody is left to be told.
            isClientGone = true;
        }
    }

    /// Says how far long work has come.
    public void progress(long done, long of) {
        line(Json.object().put("progress", done).put("of", of));
    }

    public boolean isClientGone() {
        return isClientGone;
    }

    /// Ends the answer. Empty where all went well.
    void end(String error) {
        line(error.isEmpty() ? Json.object().put("done", true) : Json.object().put("error", error));
    }
}
